package io.blockcam.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.capture.support.Locks;
import io.blockcam.capture.support.RingBench;
import io.blockcam.capture.support.TestRecord;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.tap.RangeLock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A doubt that is too large for a start to wait for: all of a disk, which is mostly zeroes. */
final class ReadBackTest {

  private static final long GIB_BLOCKS = 1L << 18;
  private static final long DISK_BLOCKS = 3 * GIB_BLOCKS + 5;
  private static final long WRITTEN = 2 * GIB_BLOCKS + 77;
  private static final byte ON_DISK = 0x77;
  private static final int SLOTS = 64;
  private static final byte[] WRITE = new byte[(SLOTS / 4 + 1) * 4096];

  private final Locks locks = new Locks();
  private final Backing disk =
      new Backing() {
        @Override
        public void read(final MemorySegment data, final long offset) throws IOException {
          ReadBackTest.this.read(data, offset);
        }

        @Override
        public void sync() {
          assertThat(locks.held()).as("a sync keeps nobody out").isZero();
          syncs++;
        }
      };
  private final List<Long> offsets = new ArrayList<>();
  private long rate = Long.MAX_VALUE;
  private CountDownLatch together = new CountDownLatch(0);
  private Executor readers = new DrivenReaders(true);
  private long reads;
  private int syncs;
  private long passedNs;
  private long bad = -1;

  @TempDir Path directory;

  @BeforeEach
  void changeUnseen() throws IOException {
    try (Spool spool = open()) {
      start(spool).kill();
      spool.distrustDisk(4 << 20);
    }
  }

  @Test
  void goesOnWhileTheDeviceIsLive() throws IOException {
    try (Spool spool = open()) {
      final DrivenCapture capture = start(spool);
      assertThat(spool.doubt()).isEqualTo(from(GIB_BLOCKS));

      work(capture, 0);

      stop(capture);
      assertThat(spool.doubt().isEmpty()).isTrue();
      final List<TestRecord> records = TestRecord.ofSegments(spool.sealed());
      assertThat(records)
          .filteredOn(record -> record.kind() == RecordKind.GAP)
          .singleElement()
          .satisfies(gap -> assertThat(gap.runBlocks()).isEqualTo(DISK_BLOCKS));
      assertThat(records)
          .filteredOn(record -> record.kind() == RecordKind.RESYNC)
          .singleElement()
          .satisfies(record -> assertThat(record.block()).isEqualTo(WRITTEN))
          .satisfies(record -> assertThat(record.payload()).containsOnly(ON_DISK));
      assertThat(
              records.stream()
                  .filter(record -> record.kind() == RecordKind.ZEROES)
                  .mapToLong(TestRecord::runBlocks)
                  .sum())
          .isEqualTo(DISK_BLOCKS - 1);
    }
  }

  /** What was taken before the queues are made, they would know nothing of. */
  @Test
  void takesNothingBeforeTheDeviceIsMade() throws IOException {
    try (Spool spool = open()) {
      final DrivenCapture capture = startWithoutDevice(spool);
      final long before = reads;

      for (int steps = 0; steps < 10; steps++) {
        assertThat(capture.readBack()).isFalse();
      }
      assertThat(reads).isEqualTo(before);

      capture.tap().openDisk(locks);
      work(capture, 0);
      assertThat(reads).isGreaterThan(before);
      stop(capture);
      assertThat(spool.doubt().isEmpty()).isTrue();
      assertThat(locks.held()).isZero();
    }
  }

  /** A sync of the disk may take as long as it likes: {@link #disk} looks at it. */
  @Test
  void keepsNobodyOutWhileTheDiskIsSynced() throws IOException {
    final DrivenReaders slow = new DrivenReaders(false);
    readers = slow;
    try (Spool spool = open()) {
      final DrivenCapture capture = start(spool);
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      while (capture.isBehind()) {
        passedNs += Duration.ofSeconds(30).toNanos();
        for (int steps = 0; steps < 3; steps++) { // while pieces are being read
          capture.readBack();
          queue.requestDurable(capture.status().lastSequence());
          capture.doWork();
        }
        slow.read();
      }
      assertThat(syncs).isPositive();
      stop(capture);
    }
  }

  /** A kill in the middle of it does not begin it again. */
  @Test
  void notesDownWhatIsDone() throws IOException {
    try (Spool spool = open()) {
      final DrivenCapture capture = start(spool);
      work(capture, GIB_BLOCKS);
      capture.tap().openQueue(0, () -> {}).requestDurable(capture.status().lastSequence());
      capture.doWork();
      capture.readBack();

      assertThat(spool.doubt()).isEqualTo(from(2 * GIB_BLOCKS));
      capture.kill();
    }
    try (Spool spool = open()) {
      final DrivenCapture capture = start(spool); // this reads the next GiB
      assertThat(spool.doubt()).isEqualTo(from(3 * GIB_BLOCKS));
      work(capture, 0);
      stop(capture);
      assertThat(spool.doubt().isEmpty()).isTrue();
      assertThat(TestRecord.ofSegments(spool.sealed()))
          .filteredOn(record -> record.kind() == RecordKind.GAP)
          .hasSize(1);
    }
  }

  @Test
  void leavesHalfOfTheRingToTheGuest() throws IOException {
    try (Spool spool = open()) {
      final DrivenCapture capture = start(spool);
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      final long first = offer(queue);
      final long second = offer(queue);
      final long before = reads;

      assertThat(capture.readBack()).isFalse();

      assertThat(reads).isEqualTo(before);
      queue.complete(first, WRITE.length);
      queue.complete(second, WRITE.length);
      capture.doWork();
      assertThat(capture.readBack()).as("there is room again").isTrue();
      assertThat(reads).isGreaterThan(before);
      capture.kill();
    }
  }

  /** It is in doubt as long as nobody has read it. */
  @Test
  void countsWhatCanNotBeRead() throws IOException {
    try (Spool spool = open()) {
      final DrivenCapture capture = start(spool);
      work(capture, 0);
      bad = 5;
      capture.addDoubt(new Doubt(List.of(new Doubt.Range(4, 3))));
      work(capture, 0);
      capture.readBack();

      assertThat(capture.isBehind()).isFalse();
      assertThat(capture.status().blocksInDoubt()).isEqualTo(1);
      capture.kill();
    }
  }

  @Test
  void readsSeveralPiecesAtATime() throws Exception {
    final ExecutorService threads = Executors.newFixedThreadPool(RangeLock.PLACES);
    readers = threads;
    try (Spool spool = open()) {
      final DrivenCapture capture = start(spool);
      together = new CountDownLatch(RangeLock.PLACES);
      work(capture, 0);
      stop(capture);
      assertThat(together.getCount()).isZero();
      assertThat(spool.doubt().isEmpty()).isTrue();
      assertThat(locks.held()).isZero();
      assertThat(TestRecord.ofSegments(spool.sealed()))
          .filteredOn(record -> record.kind() == RecordKind.RESYNC)
          .singleElement()
          .satisfies(record -> assertThat(record.block()).isEqualTo(WRITTEN));
    } finally {
      threads.shutdown();
    }
  }

  /** What a failed write leaves does not wait for all of the disk. */
  @Test
  void readsASmallDoubtFirst() throws IOException {
    try (Spool spool = open()) {
      final DrivenCapture capture = start(spool);
      work(capture, 2 * GIB_BLOCKS - 1);
      capture.addDoubt(new Doubt(List.of(new Doubt.Range(DISK_BLOCKS - 1, 1))));
      final int before = offsets.size();
      work(capture, 2 * GIB_BLOCKS - 10_000);
      assertThat(offsets.subList(before, offsets.size()).indexOf((DISK_BLOCKS - 1) * 4096))
          .isBetween(0, 1);
      capture.kill();
    }
  }

  /** But for what is small. */
  @Test
  void keepsToItsRate() throws IOException {
    rate = 1;
    try (Spool spool = open()) {
      final DrivenCapture capture = start(spool);
      final long before = reads;
      for (int steps = 0; steps < 100; steps++) {
        capture.readBack();
        capture.doWork();
      }
      assertThat(reads).isEqualTo(before + 1);
      capture.addDoubt(new Doubt(List.of(new Doubt.Range(DISK_BLOCKS - 1, 1))));
      capture.readBack();
      assertThat(reads).isEqualTo(before + 2);
      passedNs += Duration.ofDays(366).toNanos(); // 1 MiB at a byte a second takes 12 days
      capture.readBack();
      capture.readBack();
      assertThat(reads).isEqualTo(before + 3);
      capture.kill();
    }
  }

  private static long offer(final QueueTap queue) {
    return queue.offerWrite(0, WRITE.length / 512, RingBench.data(WRITE), 512, false);
  }

  /** Until so many blocks are left of the disk. */
  private static void work(final DrivenCapture capture, final long left) {
    while (capture.isBehind() && capture.blocksBehind() > left) {
      capture.readBack();
      capture.doWork();
    }
  }

  private static void stop(final DrivenCapture capture) throws IOException {
    boolean ended = false;
    while (!ended) {
      ended = capture.tryStop();
    }
  }

  private synchronized void count(final long offset) {
    reads++;
    offsets.add(offset);
  }

  private void read(final MemorySegment data, final long offset) throws IOException {
    count(offset);
    together.countDown();
    try {
      if (!together.await(20, TimeUnit.SECONDS)) {
        throw new IOException("nobody else reads");
      }
    } catch (final InterruptedException e) {
      throw new IOException(e);
    }
    if (bad * 4096 >= offset && bad * 4096 < offset + data.byteSize()) {
      throw new IOException("a bad sector");
    }
    data.fill((byte) 0);
    final long at = WRITTEN * 4096 - offset;
    if (at >= 0 && at < data.byteSize()) {
      data.asSlice(at, 4096).fill(ON_DISK);
    }
  }

  private static Doubt from(final long block) {
    return new Doubt(List.of(new Doubt.Range(block, DISK_BLOCKS - block)));
  }

  private DrivenCapture start(final Spool spool) throws IOException {
    final DrivenCapture capture = startWithoutDevice(spool);
    capture.tap().openDisk(locks);
    return capture;
  }

  private DrivenCapture startWithoutDevice(final Spool spool) throws IOException {
    return DrivenCapture.start(
        spool,
        new CaptureOptions(
            directory.resolve("ring"),
            SLOTS,
            WRITE.length / 512,
            SealRules.inTurn(new SegmentLimits(256 << 10, 1000), Duration.ofSeconds(60)),
            OnFull.BLOCK,
            4 << 20,
            rate),
        disk,
        new WallClock.Source() {
          @Override
          public long monotonicNs() {
            return System.nanoTime() + passedNs;
          }

          @Override
          public long realtimeNs() {
            return WallClock.Source.system().realtimeNs() + passedNs;
          }
        },
        readers);
  }

  private Spool open() throws IOException {
    return Spool.open(
        directory.resolve("spool"),
        new Recording(
            new UUID(0, 1), "disk", DISK_BLOCKS * 4096, Instant.EPOCH, "h", "", Baseline.EMPTY),
        64 << 20);
  }
}
