package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Moment;
import io.blockcam.archive.index.WindowStack;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rule 3: where the record does not know, it says so. */
final class UncertainTest {

  private static final byte[] ONES = new byte[4096];
  private static final int WHOLE = 0xff;
  private static final long SECOND_NS = 1_000_000_000;

  @TempDir private Path directory;
  private TestRecording recording;

  @BeforeEach
  void begin() throws IOException {
    ONES[0] = 1;
    recording = new TestRecording(directory, 100 * 4096);
    recording.point(RecordKind.START);
  }

  @Test
  void isABlockOfAGapUntilSomethingTellsAllOfIt() throws IOException {
    recording.data(1, WHOLE, 0, ONES);
    recording.run(RecordKind.GAP, 0, 40, 0);
    recording.run(RecordKind.GAP, 60, 10, 0);
    final long gap = last();
    recording.append(1, 1, RecordKind.RESYNC, WHOLE, 0, ONES);
    recording.run(RecordKind.ZEROES, 10, 55, 0);
    recording.data(3, 0x0f, 0, ONES);
    final long half = last();
    recording.data(3, 0xf0, 0, ONES);
    recording.run(RecordKind.DISCARD, 0, 100, 0);

    assertThat(uncertainAt(gap - 2)).isZero();
    assertThat(uncertainAt(gap)).isEqualTo(50);
    assertThat(uncertainAt(half)).isEqualTo(50 - 1 - 30 - 5);
    assertThat(uncertainAt(half + 1)).isEqualTo(50 - 1 - 30 - 5 - 1);
    assertThat(uncertainAt(last())).isZero();
  }

  @Test
  void isWhatAFailedOrUnknownWriteMayHaveChanged() throws IOException {
    recording.data(1, WHOLE, RecordFlags.FAILED, ONES);
    recording.run(RecordKind.DISCARD, 10, 20, RecordFlags.FAILED);
    recording.data(2, 0x01, RecordFlags.UNKNOWN_OUTCOME, ONES);
    assertThat(uncertainAt(last())).isEqualTo(22);
    recording.append(1, 1, RecordKind.RESYNC, WHOLE, 0, ONES);
    recording.append(2, 1, RecordKind.RESYNC, WHOLE, 0, ONES);
    recording.run(RecordKind.ZEROES, 0, 30, 0);

    assertThat(uncertainAt(last() - 1)).isEqualTo(20);
    assertThat(uncertainAt(last())).isZero();
  }

  /** What was lost was written between the last record and the cut: by the clock, at that time. */
  @Test
  void isATimeBetweenTheLastRecordAndAGap() throws IOException {
    recording.data(1, WHOLE, 0, ONES);
    final long before = last();
    recording.passTime(10 * SECOND_NS);
    recording.nextEpoch();
    recording.point(RecordKind.START);
    recording.run(RecordKind.GAP, 0, 7, 0);
    recording.run(RecordKind.GAP, 20, 1, 0);
    recording.run(RecordKind.ZEROES, 0, 100, 0);

    assertThat(uncertainAt(before)).as("by its sequence it is what it is").isZero();
    assertThat(uncertainAt(before, true)).isEqualTo(8);
    assertThat(uncertainAt(last(), true)).isZero();
  }

  /** Nobody knows what the disk held before: an image with zeroes there is a guess. */
  @Test
  void isNotKnownWhatWasNeverWrittenOfADiskThatWasInUse() throws IOException {
    final long window = WindowStack.WINDOW_BLOCKS;
    recording = new TestRecording(directory.resolve("used"), 4 * window * 4096, Baseline.NONE);
    recording.data(1, WHOLE, 0, ONES);
    recording.data(3, 0x0f, 0, ONES);
    recording.run(RecordKind.DISCARD, window - 2, 4, 0);
    recording.data(4 * window - 1, WHOLE, 0, ONES);
    recording.seal();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final Segments segments = reader.find();
      final Moment moment = new MomentResolver(reader, segments, true).resolve(new When.Latest());
      try (PastDisk disk = PastDisk.open(reader, segments, moment, true, Progress.NONE)) {
        final RangeTally unknown = disk.survey().unknown();
        assertThat(disk.isBeginningKnown()).isFalse();
        assertThat(unknown.blocks()).isEqualTo(4 * window - 6);
        assertThat(unknown.count()).isEqualTo(3);
        assertThat(unknown.first().ranges())
            .containsExactly(
                Map.entry(0L, 1L),
                Map.entry(2L, window - 2),
                Map.entry(window + 2, 4 * window - 1));
      }
    }
  }

  @Test
  void isKnownToBeThereWithoutASurvey() throws IOException {
    recording.data(1, WHOLE, 0, ONES);
    assertThat(hasDoubts()).isFalse();
    recording.run(RecordKind.GAP, 0, 40, 0);
    assertThat(hasDoubts()).isTrue();
    recording.run(RecordKind.ZEROES, 0, 40, 0);
    assertThat(hasDoubts()).isFalse();
  }

  private boolean hasDoubts() throws IOException {
    recording.seal();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final Segments segments = reader.find();
      final Moment moment = new MomentResolver(reader, segments, true).resolve(new When.Latest());
      try (PastDisk disk = PastDisk.open(reader, segments, moment, true, Progress.NONE)) {
        return disk.hasDoubts();
      }
    }
  }

  @Test
  void findsItsWayThroughManyBlocks() throws IOException {
    recording.run(RecordKind.GAP, 0, 100, 0);
    for (int block = 0; block < 100; block += 2) {
      recording.data(block, WHOLE, 0, ONES);
    }
    assertThat(uncertainAt(last())).isEqualTo(50);
  }

  private long last() {
    return recording.nextSequence() - 1;
  }

  private long uncertainAt(final long sequence) throws IOException {
    return uncertainAt(sequence, false);
  }

  private long uncertainAt(final long sequence, final boolean byTime) throws IOException {
    recording.seal();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final Segments segments = reader.find();
      final MomentResolver moments = new MomentResolver(reader, segments, true);
      final Moment moment = moments.resolve(new When.Sequence(sequence));
      try (PastDisk disk = PastDisk.open(reader, segments, moment, true, Progress.NONE)) {
        final BlockRanges uncertain = disk.survey().uncertain();
        if (byTime) {
          uncertain.addAll(moments.gapsBehind(moment));
        }
        return uncertain.blocks();
      }
    }
  }
}
