package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recording of more segments than anybody wants to have in memory. */
final class RecordingReaderTest {

  private static final int SEGMENTS = 50;

  private final AtomicInteger reads = new AtomicInteger();
  @TempDir private Path root;

  @BeforeEach
  void record() throws IOException {
    final TestRecording recording = new TestRecording(root, 1 << 20);
    for (int i = 0; i < SEGMENTS; i++) {
      recording.point(RecordKind.FLUSH);
      recording.seal();
    }
  }

  /** A tail of 64 KiB each made 3,000 of them too many for the heap. */
  @Test
  void keepsOnlyTheTrailersOfSegments() throws IOException {
    try (ObjectStore store = countingStore()) {
      final List<Segment> segments = RecordingReader.open(store, TestRecording.NAME).segments();
      assertThat(segments).hasSize(SEGMENTS);
      final int before = reads.get();

      assertThat(segments.get(7).reader().records().sequence(0)).isEqualTo(7);

      assertThat(reads.get()).as("the records were not in memory").isEqualTo(before + 1);
    }
  }

  @Test
  void readsASmallSegmentOnceToTellWhatARecordingCovers() throws IOException {
    try (ObjectStore store = countingStore()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final int before = reads.get();
      final List<Long> done = new ArrayList<>();

      final RecordingInfo info = RecordingInfo.read(reader, (bytes, total) -> done.add(bytes));

      assertThat(reads.get() - before).isEqualTo(SEGMENTS);
      assertThat(info.summary().segments()).isEqualTo(SEGMENTS);
      assertThat(info.summary().totalRecords()).isEqualTo(SEGMENTS);
      assertThat(done).hasSize(SEGMENTS).isSorted().endsWith(info.summary().bytes());
    }
  }

  private ObjectStore countingStore() throws IOException {
    final ObjectStore store = new TestRecording(root, 1 << 20).store();
    return (ObjectStore)
        Proxy.newProxyInstance(
            ObjectStore.class.getClassLoader(),
            new Class<?>[] {ObjectStore.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("read")) {
                reads.incrementAndGet();
              }
              try {
                return method.invoke(store, arguments);
              } catch (final InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
