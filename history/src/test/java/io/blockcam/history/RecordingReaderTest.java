package io.blockcam.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recording of more segments than anybody wants to have in memory. */
final class RecordingReaderTest {

  private static final int SEGMENTS = 50;

  @TempDir private Path root;
  private TestRecording recording;

  @BeforeEach
  void record() throws IOException {
    recording = new TestRecording(root, 1 << 20);
    for (int i = 0; i < SEGMENTS; i++) {
      recording.point(RecordKind.FLUSH);
      recording.seal();
    }
  }

  /** A tail of 64 KiB each made 3,000 of them too many for the heap. */
  @Test
  void keepsOnlyTheTrailersOfSegments() throws IOException {
    final CountingStore counting = new CountingStore(recording.store());
    try (ObjectStore store = counting.store()) {
      final List<Segment> segments = RecordingReader.open(store, TestRecording.NAME).segments();
      assertThat(segments).hasSize(SEGMENTS);
      final int before = counting.reads();

      assertThat(segments.get(7).reader().records().sequence(0)).isEqualTo(7);

      assertThat(counting.reads()).as("the records were not in memory").isEqualTo(before + 1);
    }
  }

  /** B12: what is lost is passed over, and not all that is left is looked at. */
  @Test
  void findsItsWayPastSegmentsThatAreLost() throws IOException {
    for (int lost = 20; lost < 24; lost++) {
      Files.delete(recording.segment(lost));
    }
    final CountingStore counting = new CountingStore(recording.store());
    try (ObjectStore store = counting.store()) {
      final Segments left = RecordingReader.open(store, TestRecording.NAME).findWhatIsLeft();
      final int before = counting.reads();

      assertThat(left.holding(40)).isEqualTo(40);
      assertThat(left.firstWhere(segment -> segment.lastSequence() >= 22)).isEqualTo(24);
      assertThat(left.firstWhere(segment -> segment.lastSequence() >= 20)).isEqualTo(24);
      assertThat(left.firstWhere(segment -> segment.lastSequence() >= 19)).isEqualTo(19);
      assertThat(left.firstWhere(segment -> false)).isEqualTo(left.end());
      assertThat(left.holding(21)).isEqualTo(left.end());
      assertThat(counting.reads() - before)
          .as("with two for each lost one, which may be in a pack")
          .isLessThan(20 + 4 * 2);
    }
  }

  @Test
  void readsASmallSegmentOnceToTellWhatARecordingCovers() throws IOException {
    final CountingStore counting = new CountingStore(recording.store());
    try (ObjectStore store = counting.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final int before = counting.reads();
      final List<Long> done = new ArrayList<>();

      final RecordingInfo info = RecordingInfo.read(reader, (bytes, total) -> done.add(bytes));

      assertThat(counting.reads() - before).isEqualTo(SEGMENTS);
      assertThat(info.summary().segments()).isEqualTo(SEGMENTS);
      assertThat(info.summary().totalRecords()).isEqualTo(SEGMENTS);
      assertThat(done).hasSize(SEGMENTS).isSorted().endsWith(info.summary().bytes());
    }
  }
}
