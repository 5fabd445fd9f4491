package io.blockcam.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
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
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The whole of it: ring, threads, spool on a disk. */
@Timeout(120)
final class CaptureTest {
  private static final byte ON_DISK = 0x77;
  private static final long LIMIT = 64 << 20;
  private static final long REGION_BYTES = 4 * 4096;
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final byte[] BLOCK = new byte[4096];

  private final Backing disk = Backing.unwritten((data, offset) -> data.fill(ON_DISK));

  @TempDir Path directory;
  private Path ringFile;

  @BeforeEach
  void place() {
    ringFile = directory.resolve("ring");
  }

  @Test
  void recordsAnEpochFromStartToStop() throws Exception {
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      final Semaphore woken = new Semaphore(0);
      final QueueTap queue = capture.tap().openQueue(0, woken::release);
      final long ticket = queue.offerWrite(8, 8, RingBench.data(BLOCK), 512, true);
      queue.complete(ticket, 4096);
      queue.requestDurable(ticket);
      while (!queue.isSafe(ticket)) {
        woken.acquire();
      }
      final CaptureStatus status = capture.status();
      assertThat(status.lastSequence()).isEqualTo(1);
      assertThat(status.appendedSequence()).isEqualTo(1);
      assertThat(status.durableSequence()).isEqualTo(1);
      assertThat(status.ringUsedSlots()).isZero();
      assertThat(status.spoolBytes()).isPositive();
      assertThat(status.failure()).isEmpty();

      assertThat(capture.stop(LONG)).isTrue();
      assertThat(capture.stop(LONG)).isTrue();
      assertThat(Files.exists(ringFile)).isFalse();
      assertThat(kinds(spool)).containsExactly(RecordKind.START, RecordKind.DATA, RecordKind.STOP);
    }
  }

  @Test
  void putsMarksIntoTheOrder() throws Exception {
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      final byte[] text = "before the upgrade".getBytes(StandardCharsets.UTF_8);
      final long sequence = capture.mark(text, LONG);
      assertThat(capture.status().durableSequence()).isGreaterThanOrEqualTo(sequence);
      assertThat(capture.stop(LONG)).isTrue();
      assertThat(kinds(spool)).containsExactly(RecordKind.START, RecordKind.MARK, RecordKind.STOP);
      assertThatThrownBy(() -> capture.mark(text, LONG)).hasMessageContaining("about to end");
    }
  }

  @Test
  void goesOnInTheNextEpoch() throws IOException {
    for (int epoch = 0; epoch < 3; epoch++) {
      try (Spool spool = open(recording(1))) {
        final Capture capture = Capture.start(spool, options(), disk);
        assertThat(spool.doubt()).isEqualTo(Doubt.NONE);
        assertThat(capture.status().epoch()).isEqualTo(epoch);
        assertThat(capture.stop(LONG)).isTrue();
        final List<TestRecord> records = TestRecord.ofSegments(spool.sealed());
        assertThat(records).hasSize(2 * (epoch + 1));
        for (int i = 0; i < records.size(); i++) {
          assertThat(records.get(i).sequence()).isEqualTo(i);
          assertThat(records.get(i).timestampNs())
              .isGreaterThanOrEqualTo(records.get(Math.max(i - 1, 0)).timestampNs());
        }
      }
    }
  }

  @Test
  void sealsASegmentByAgeWhenNoWriteComes() throws Exception {
    try (Spool spool = open(recording(1))) {
      final CaptureOptions quick =
          new CaptureOptions(
              ringFile,
              64,
              64,
              SealRules.beside(SegmentLimits.DEFAULT, Duration.ofMillis(50)),
              OnFull.BLOCK,
              CaptureOptions.DEFAULT_REGION_BYTES);
      final Capture capture = Capture.start(spool, quick, disk);
      spool.awaitSealed(LONG);
      assertThat(kinds(spool)).containsExactly(RecordKind.START);
      assertThat(capture.stop(LONG)).isTrue();
    }
  }

  @Test
  void leavesARingThatCouldNotBeEmptiedToTheNextStart() throws IOException {
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      write(queue, 8);
      queue.offerWrite(16, 8, RingBench.data(BLOCK), 512, false); // never completed
      write(queue, 24);
      assertThat(capture.stop(Duration.ofMillis(200))).isFalse();
      assertThat(Files.exists(ringFile)).isTrue();
    }
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      assertThat(capture.stop(LONG)).isTrue();
      assertThat(kinds(spool))
          .containsExactly(
              RecordKind.START,
              RecordKind.DATA,
              RecordKind.DATA,
              RecordKind.DATA,
              RecordKind.STOP,
              RecordKind.START,
              RecordKind.RESYNC,
              RecordKind.STOP);
      final List<TestRecord> records = TestRecord.ofSegments(spool.sealed());
      assertThat(records.get(2).has(RecordFlags.UNKNOWN_OUTCOME)).isTrue();
      assertThat(records.get(6).block()).isEqualTo(2);
      assertThat(records.get(6).payload()).containsOnly(ON_DISK);
      assertThat(spool.doubt().isEmpty()).isTrue();
    }
  }

  /** Else the moment after would be one that the disk never had, and nobody would know. */
  @Test
  void doesNotForgetADoubtWhenTheDiskCouldNotBeReadBack() throws IOException {
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      capture
          .tap()
          .openQueue(0, () -> {})
          .offerWrite(0, 24, RingBench.data(new byte[3 * 4096]), 512, false);
      capture.stop(Duration.ofMillis(1));
    }
    try (Spool spool = open(recording(1))) {
      final Backing badSector =
          Backing.unwritten(
              (data, offset) -> {
                if (offset < 2 * 4096 && offset + data.byteSize() > 4096) {
                  throw new IOException("Input/output error");
                }
                disk.read(data, offset);
              });
      assertThat(Capture.start(spool, options(), badSector).stop(LONG)).isTrue();
      assertThat(resynced(spool)).containsExactly(0L, 2L);
      assertThat(spool.doubt()).isEqualTo(new Doubt(List.of(new Doubt.Range(1, 1))));
    }
    try (Spool spool = open(recording(1))) {
      Capture.start(spool, options(), disk).stop(LONG);
      assertThat(resynced(spool)).containsExactly(0L, 2L, 1L);
      assertThat(spool.doubt().isEmpty()).isTrue();
    }
  }

  /** C2: the device is live, and nobody starts again. */
  @Test
  void readsBackAtOnceWhatAFailedWriteMayHaveChanged() throws IOException, InterruptedException {
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      capture.tap().openDisk(new Locks());
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      queue.complete(queue.offerWrite(16, 8, RingBench.data(BLOCK), 512, false), -5);
      final long deadlineNs = System.nanoTime() + LONG.toNanos();
      while (capture.status().lastSequence() < 2 && System.nanoTime() - deadlineNs < 0) {
        Thread.sleep(1);
      }
      assertThat(spool.doubt().blocks()).isOne(); // until what was read back is durable
      assertThat(capture.stop(LONG)).isTrue();
      assertThat(kinds(spool))
          .containsExactly(RecordKind.START, RecordKind.DATA, RecordKind.RESYNC, RecordKind.STOP);
      assertThat(TestRecord.ofSegments(spool.sealed()).get(2).payload()).containsOnly(ON_DISK);
      assertThat(spool.doubt().isEmpty()).isTrue();
    }
  }

  /** Its record is still in the ring when the stop begins: the doubt is younger than the stop. */
  @Test
  void readsBackBeforeItEndsWhatTheSpoolTakesOnlyThen() throws Exception {
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      capture.tap().openDisk(new Locks());
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      final Path away = directory.resolve("away");
      Files.move(spool.directory(), away);
      queue.complete(queue.offerWrite(16, 8, RingBench.data(BLOCK), 512, false), -5);
      queue.requestDurable(capture.status().lastSequence());
      final FutureTask<Boolean> stop = new FutureTask<>(() -> capture.stop(LONG));
      final Thread stopper = Thread.ofPlatform().daemon().start(stop);
      while (capture.status().failure().isEmpty()
          || stopper.getState() != Thread.State.TIMED_WAITING) {
        Thread.sleep(1);
      }
      Files.move(away, spool.directory());
      assertThat(stop.get()).isTrue();
      assertThat(resynced(spool)).containsExactly(2L);
      assertThat(spool.doubt().isEmpty()).isTrue();
    }
  }

  /** What the disk had taken may be lost, and no sync after that tells. */
  @Test
  void readsBackWhatIsDirtyWhenAFlushOfTheDiskHasFailed() throws IOException, InterruptedException {
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      while (!queue.mayChange(0, 8)) {
        Thread.sleep(1);
      }
      queue.complete(queue.offerWrite(0, 8, RingBench.data(BLOCK), 512, false), 4096);
      queue.changed(0, 8);
      queue.flushFailed();
      assertThat(capture.stop(LONG)).isTrue();
    }
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      assertThat(capture.stop(LONG)).isTrue();
      assertThat(resynced(spool)).as("its region").contains(0L, 1L, 2L, 3L);
    }
  }

  /** Each segment has the size of its epoch, also one that a kill has left. */
  @Test
  void readsBackTheNewPartOfADiskThatHasGrown() throws IOException {
    final long small = recording(1).diskBytes();
    try (Spool spool = open(recording(1))) {
      final DrivenCapture capture =
          DrivenCapture.start(spool, options(), disk, WallClock.Source.system());
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      queue.complete(queue.offerWrite(0, 8, RingBench.data(BLOCK), 512, false), BLOCK.length);
      capture.kill();
    }
    try (Spool spool = open(recording(1))) {
      spool.growDisk(2 * small);
      assertThat(spool.diskBytes()).as("not before the epoch begins").isEqualTo(small);
      final DrivenCapture capture =
          DrivenCapture.start(spool, options(), disk, WallClock.Source.system());
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      queue.complete(
          queue.offerWrite(2 * small / 512 - 8, 8, RingBench.data(BLOCK), 512, false),
          BLOCK.length);
      capture.doWork();
      capture.kill();
      assertThat(Spool.diskBytesOf(spool.directory())).hasValue(2 * small);
      assertThat(TestRecord.ofSegments(spool.sealed()))
          .filteredOn(record -> record.kind() == RecordKind.GAP)
          .extracting(record -> record.block() + record.runBlocks())
          .containsExactly(2 * small / 4096);
      assertThat(diskBytes(spool)).startsWith(small).endsWith(2 * small);
      assertThatThrownBy(() -> spool.growDisk(small)).hasMessageContaining("cannot shrink");
    }
  }

  private static List<Long> diskBytes(final Spool spool) throws IOException {
    final List<Long> sizes = new ArrayList<>();
    for (final Path segment : spool.sealed()) {
      sizes.add(SealedLog.open(segment).header().diskBytes());
    }
    return sizes;
  }

  /** B5: the second run begins an hour earlier by the clock. */
  @Test
  void goesOnBehindTheLastRecordWhenTheClockWasSetBackBetweenTwoRuns() throws IOException {
    final RingBench.ManualClock clock = new RingBench.ManualClock();
    final long first = clock.realtimeNs();
    try (Spool spool = open(recording(1))) {
      writeOnce(DrivenCapture.start(spool, options(), disk, clock));
    }
    clock.step(-3_600_000_000_000L);
    clock.advance(10);
    try (Spool spool = open(recording(1))) {
      final DrivenCapture capture = DrivenCapture.start(spool, options(), disk, clock);
      clock.advance(7);
      writeOnce(capture);
    }
    try (Spool spool = open(recording(1))) {
      DrivenCapture.start(spool, options(), disk, clock).kill();
      final List<TestRecord> records = TestRecord.ofSegments(spool.sealed());
      assertThat(records)
          .filteredOn(record -> record.kind() == RecordKind.DATA)
          .extracting(TestRecord::timestampNs)
          .containsExactly(first, first + 7);
      assertThat(records)
          .filteredOn(record -> record.kind() == RecordKind.CLOCK_STEP)
          .extracting(record -> record.timestampNs() - record.aux())
          .containsExactly(3_599_999_999_990L, 3_599_999_999_990L);
    }
  }

  private static void writeOnce(final DrivenCapture capture) throws IOException {
    final QueueTap queue = capture.tap().openQueue(0, () -> {});
    queue.complete(queue.offerWrite(0, 8, RingBench.data(BLOCK), 512, false), BLOCK.length);
    capture.doWork();
    capture.kill();
  }

  /**
   * The ring has gone on since: what is missing is in neither, and that must not look like order.
   */
  @Test
  void readsBackAllOfTheDiskWhenTheSpoolHasLostWhatTheRingNoLongerHas() throws IOException {
    try (Spool spool = open(recording(1))) {
      final DrivenCapture capture =
          DrivenCapture.start(spool, options(), disk, WallClock.Source.system());
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      for (int i = 0; i < 100; i++) { // of 64 slots
        queue.complete(queue.offerWrite(8 * i, 8, RingBench.data(BLOCK), 512, false), BLOCK.length);
        capture.doWork();
      }
      capture.kill();
    }
    final Path spoolDirectory = directory.resolve("spool-disk1");
    Files.delete(spoolDirectory.resolve("0000000001.open"));
    try (Spool spool = open(recording(1))) {
      final DrivenCapture capture =
          DrivenCapture.start(spool, options(), disk, WallClock.Source.system());
      capture.kill();
      assertThat(kinds(spool)).containsOnlyOnce(RecordKind.GAP).doesNotContain(RecordKind.DATA);
      assertThat(TestRecord.ofSegments(spool.sealed()))
          .filteredOn(record -> record.kind() == RecordKind.GAP)
          .extracting(TestRecord::runBlocks)
          .containsExactly(RecordDescriptor.blocks(spool.diskBytes()));
    }
  }

  @Test
  void refusesTheRingOfAnotherRecordingAndLeavesIt() throws IOException {
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      capture.tap().openQueue(0, () -> {}).offerWrite(0, 8, RingBench.data(BLOCK), 512, false);
      capture.stop(Duration.ofMillis(1));
    }
    final byte[] before = Files.readAllBytes(ringFile);
    try (Spool spool = open(recording(2))) {
      assertThatThrownBy(() -> Capture.start(spool, options(), disk))
          .hasMessage(
              "ring file %s: holds records of another recording, %s; start that one or move the file away"
                  .formatted(ringFile, recording(1).id()));
      assertThat(spool.state().epoch()).isEqualTo(-1);
    }
    assertThat(Files.readAllBytes(ringFile)).isEqualTo(before);
  }

  @Test
  void refusesARingThatDoesNotBelongToTheSpool() throws IOException {
    final Path ring = directory.resolve("saved");
    final Path state = directory.resolve("spool-disk1/spool.json");
    final Path older = directory.resolve("older.json");
    try (Spool spool = open(recording(1))) {
      Capture.start(spool, options(), disk).stop(LONG);
    }
    Files.copy(state, older);
    final List<Path> segments = segments();
    try (Spool spool = open(recording(1))) {
      final Capture capture = Capture.start(spool, options(), disk);
      Files.copy(ringFile, ring, StandardCopyOption.COPY_ATTRIBUTES);
      capture.stop(LONG);
    }
    Files.copy(older, state, StandardCopyOption.REPLACE_EXISTING); // the spool of a backup
    for (final Path later : segments()) {
      if (!segments.contains(later)) {
        Files.delete(later);
      }
    }
    Files.copy(ring, ringFile, StandardCopyOption.COPY_ATTRIBUTES);
    try (Spool spool = open(recording(1))) {
      assertThatThrownBy(() -> Capture.start(spool, options(), disk))
          .hasMessageContaining("belongs to epoch 1, the spool is at epoch 0");
    }
  }

  @Test
  void refusesALimitThatHoldsNoWrite() throws IOException {
    try (Spool spool = Spool.open(directory.resolve("spool"), recording(1), 4096)) {
      assertThatThrownBy(() -> Capture.start(spool, options(), disk))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("a spool limit of 4096 bytes does not hold one write");
      assertThat(Files.exists(ringFile)).isFalse();
    }
  }

  @Test
  void makesWritesWaitForRoomInTheSpoolAndGoesOn() throws Exception {
    try (Spool spool = Spool.open(directory.resolve("spool"), recording(1), 1 << 20)) {
      final Capture capture = Capture.start(spool, options(), disk);
      final Semaphore woken = new Semaphore(0);
      final QueueTap queue = capture.tap().openQueue(0, woken::release);
      final Thread shipper =
          new Thread(
              () -> {
                try {
                  while (true) {
                    spool.awaitSealed(LONG);
                    spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
                  }
                } catch (final InterruptedException e) {
                  // the end of the test
                } catch (final IOException e) {
                  throw new AssertionError(e);
                }
              });
      final byte[] block = new byte[4096];
      for (int i = 0; i < 2000; i++) {
        block[0] = (byte) i;
        block[1] = (byte) (i >> 8);
        long ticket = queue.offerWrite(8, 8, RingBench.data(block), 512, false);
        while (ticket == QueueTap.FULL) {
          if (!shipper.isAlive() && spool.isBlocked()) {
            shipper.start();
          }
          queue.requestRoom();
          if (shipper.isAlive()) {
            woken.acquire();
          } else {
            Thread.onSpinWait();
          }
          ticket = queue.offerWrite(8, 8, RingBench.data(block), 512, false);
        }
        queue.complete(ticket, 0);
      }
      assertThat(capture.stop(LONG)).isTrue();
      assertThat(capture.status().lastSequence()).isEqualTo(2001);
      shipper.interrupt();
      shipper.join();
    }
  }

  private static void write(final QueueTap queue, final long sector) {
    queue.complete(queue.offerWrite(sector, 8, RingBench.data(BLOCK), 512, false), 0);
  }

  /** Blocks that were read back, in that order. */
  private static List<Long> resynced(final Spool spool) throws IOException {
    return TestRecord.ofSegments(spool.sealed()).stream()
        .filter(record -> record.kind() == RecordKind.RESYNC)
        .map(TestRecord::block)
        .toList();
  }

  private static List<RecordKind> kinds(final Spool spool) throws IOException {
    return TestRecord.ofSegments(spool.sealed()).stream().map(TestRecord::kind).toList();
  }

  private CaptureOptions options() {
    return new CaptureOptions(
        ringFile,
        64,
        64,
        SealRules.beside(new SegmentLimits(256 << 10, 1000), Duration.ofSeconds(60)),
        OnFull.BLOCK,
        REGION_BYTES);
  }

  private Spool open(final Recording recording) throws IOException {
    return Spool.open(directory.resolve("spool-" + recording.name()), recording, LIMIT);
  }

  private List<Path> segments() throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve("spool-disk1"))) {
      return files.filter(file -> file.toString().endsWith(".log")).toList();
    }
  }

  private static Recording recording(final int number) {
    return new Recording(
        new UUID(0, number), "disk" + number, 1 << 30, Instant.EPOCH, "host", "", Baseline.EMPTY);
  }
}
