package io.blockcam.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.capture.support.Locks;
import io.blockcam.capture.support.RingBench;
import io.blockcam.capture.support.TestRecord;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The spool is full, nothing is shipped, and the guest goes on. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class GapTest {

  private static final int BLOCK_BYTES = 4096;
  private static final int DISK_BLOCKS = 256;
  private static final int SLOTS = 32;
  private static final long LIMIT = 400 << 10;

  /** Each block holds one value. */
  private final byte[] disk = new byte[DISK_BLOCKS];

  private final Locks locks = new Locks();
  private final RingBench.ManualClock clock = new RingBench.ManualClock();
  private final List<TestRecord> shipped = new ArrayList<>();
  private byte next = 1;

  @TempDir Path directory;
  private Spool spool;
  private DrivenCapture capture;
  private QueueTap queue;

  @BeforeEach
  void start() throws IOException {
    start(OnFull.GAP);
  }

  @AfterEach
  void end() throws IOException {
    spool.close();
  }

  @Test
  void letsWritesGoOnAndNamesThem() throws IOException {
    final int recorded = fill();
    assertThat(capture.status().gaps().since()).isPresent();
    for (int block = 200; block < 210; block++) {
      assertThat(write(block)).isEqualTo(QueueTap.UNRECORDED);
    }
    assertThat(zero(220, 7)).isEqualTo(QueueTap.UNRECORDED);
    assertThat(queue.offerFlush()).isEqualTo(QueueTap.UNRECORDED);
    assertThat(queue.isSafe(capture.status().lastSequence())).isTrue();

    makeRoom();

    assertThat(capture.status().gaps().since()).isEmpty();
    assertThat(write(1)).isNotNegative();
    stop();
    final List<TestRecord> records = everything();
    assertThat(replay(records)).isEqualTo(disk);
    final List<TestRecord> gaps = ofKind(records, RecordKind.GAP);
    assertThat(gaps).extracting(TestRecord::aux).containsOnly(GapReason.NO_ROOM.code());
    assertThat(gaps).extracting(TestRecord::block).containsExactly((long) recorded, 200L, 220L);
    assertThat(gaps).extracting(TestRecord::runBlocks).containsExactly(1L, 10L, 7L);
    assertThat(records.get(records.indexOf(gaps.getFirst()) - 1).block())
        .as("right behind what was recorded before")
        .isEqualTo(recorded - 1);
    assertThat(capture.status().gaps().count()).isEqualTo(1);
    assertThat(spool.doubt().isEmpty()).isTrue();
  }

  @Test
  void waitsForHalfOfTheSpool() throws IOException {
    fill();
    while (capture.status().ringUsedSlots() > 0) {
      ship(1);
      work();
    }

    assertThat(spool.bytes()).isBetween(LIMIT / 2, LIMIT);
    assertThat(write(0)).isEqualTo(QueueTap.UNRECORDED);
    capture.kill();
  }

  @Test
  void leavesTheGapToTheNextStartWhenItIsKilled() throws IOException {
    fill();
    write(200);
    capture.kill();
    spool.close();

    start(OnFull.GAP);

    checkNamedByTheNextStart();
  }

  @Test
  void leavesTheGapToTheNextStartWhenThePowerGoes() throws IOException {
    fill();
    write(200);
    capture.kill();
    spool.close();
    Files.delete(directory.resolve("ring"));

    start(OnFull.GAP);

    checkNamedByTheNextStart();
  }

  /** Or most of a large disk would be named for a few writes, and be read back. */
  @Test
  void namesNoMoreThanWasMissedHoweverManyPiecesThereAre() throws IOException {
    final int recorded = fill();
    final List<Long> missed = missScattered(recorded);

    makeRoom();

    assertThat(write(1)).isNotNegative();
    stop();
    final List<TestRecord> records = everything();
    assertThat(replay(records)).isEqualTo(disk);
    final List<TestRecord> gaps = ofKind(records, RecordKind.GAP);
    assertThat(gaps).extracting(TestRecord::block).containsExactlyElementsOf(missed);
    assertThat(gaps).extracting(TestRecord::runBlocks).containsOnly(1L);
    assertThat(ofKind(records, RecordKind.RESYNC)).hasSameSizeAs(missed);
    assertThat(capture.status().gaps().blocks()).isEqualTo(missed.size());
  }

  @Test
  void goesOnWhenTheSpoolRefusesHalfOfItsNames() throws IOException {
    final int recorded = fill();
    missScattered(recorded);
    while (capture.status().ringUsedSlots() > 0 || capture.doWork()) {
      shipAll();
      capture.doWork();
      clock.advance(20_000_000);
    }
    capture.keepRegions();
    assertThat(capture.status().ringUsedSlots()).isEqualTo(SLOTS);
    assertThat(write(1)).as("what is named comes first").isEqualTo(QueueTap.FULL);

    spool.setLimitBytes(1);
    queue.requestRoom();
    work();

    assertThat(write(1)).isEqualTo(QueueTap.UNRECORDED);
    spool.setLimitBytes(LIMIT);
    makeRoom();
    assertThat(capture.status().gaps().since()).isEmpty();
    stop();
    assertThat(replay(everything())).isEqualTo(disk);
  }

  /** Every other block, more of them than the ring has slots; and the one that began the gap. */
  private List<Long> missScattered(final int first) {
    final List<Long> missed = new ArrayList<>(List.of((long) first));
    for (int block = (first | 1) + 1; block < DISK_BLOCKS; block += 2) {
      if (block > first + 1) {
        assertThat(write(block)).isEqualTo(QueueTap.UNRECORDED);
        missed.add((long) block);
      }
    }
    assertThat(missed).hasSizeGreaterThan(2 * SLOTS);
    return missed;
  }

  private void checkNamedByTheNextStart() throws IOException {
    makeRoom();
    stop();
    final List<TestRecord> records = everything();
    assertThat(replay(records)).isEqualTo(disk);
    assertThat(ofKind(records, RecordKind.GAP))
        .isNotEmpty()
        .allMatch(gap -> gap.aux() == GapReason.NO_ROOM.code())
        .anyMatch(gap -> gap.block() <= 200 && 200 < gap.block() + gap.runBlocks());
  }

  @Test
  void isNotLeftBehindOnceItIsClosed() throws IOException {
    fill();
    makeRoom();
    shipAll();
    queue.requestDurable(capture.status().lastSequence());
    work();
    capture.kill();
    spool.close();

    start(OnFull.GAP);
    shipAll();

    assertThat(ofKind(shipped, RecordKind.GAP)).as("the one that was closed").hasSize(1);
    capture.kill();
  }

  @Test
  void endsWithTheRecorder() throws IOException {
    fill();
    write(77);

    stop();

    final List<TestRecord> records = everything();
    assertThat(replay(records)).isEqualTo(disk);
    assertThat(ofKind(records, RecordKind.GAP)).hasSize(2);
    assertThat(records.getLast().kind()).isEqualTo(RecordKind.STOP);
  }

  @Test
  void makesWritesWaitOnceItIsToldTo() throws IOException {
    fill();
    write(77);
    capture.setOnFull(OnFull.BLOCK);
    work();

    assertThat(write(78)).isEqualTo(QueueTap.FULL);
    assertThat(queue.offerFlush()).isEqualTo(QueueTap.FULL);

    makeRoom();
    assertThat(write(78)).isNotNegative();
    stop();
    assertThat(replay(everything())).isEqualTo(disk);
  }

  @Test
  void doesNotKeepTheGuestFromWhatIsReadBack() throws IOException {
    spool.distrustDisk(BLOCK_BYTES);
    capture.kill();
    spool.close();
    start(OnFull.BLOCK);
    capture.addDoubt(new Doubt(List.of(new Doubt.Range(0, DISK_BLOCKS))));
    Arrays.fill(disk, next++); // zeroes would take no room
    while (capture.readBack()) {
      // until the ring is full
    }
    assertThat(locks.held()).as("a chunk that finds no room").isEqualTo(1);

    capture.setOnFull(OnFull.GAP);
    fill();
    capture.readBack();

    assertThat(capture.status().gaps().since()).isPresent();
    assertThat(locks.held()).isZero();
    makeRoom();
    stop();
    assertThat(replay(everything())).isEqualTo(disk);
  }

  /** The guest's flushes do not wait for the record then; whoever names a moment wants it there. */
  @Test
  void doesNotTakeAMarkForDurableThatIsNot() throws Exception {
    final long before = capture.status().lastSequence();
    final FutureTask<Long> mark =
        new FutureTask<>(() -> capture.mark(new byte[] {'m'}, Duration.ofSeconds(2)));
    final Thread asker = Thread.ofPlatform().daemon().start(mark);
    // It has a place, and is there: from then on its thread sleeps between two looks.
    while (capture.status().lastSequence() == before
        || asker.getState() != Thread.State.TIMED_WAITING) {
      Thread.sleep(1);
    }
    spool.setLimitBytes(1); // nothing more is taken: the mark stays in the ring
    fill();

    assertThatThrownBy(mark::get)
        .hasRootCauseMessage("seq:%d is not durable yet".formatted(before + 1));
    capture.kill();
  }

  @Test
  void doesNotBeginWhileTheSpoolTakesRecords() throws IOException {
    for (int block = 0; block < SLOTS; block++) {
      assertThat(write(block)).isNotNegative();
    }
    assertThat(write(99)).as("the consumer is behind, no more").isEqualTo(QueueTap.FULL);
    queue.requestRoom();
    capture.keepRegions();

    assertThat(capture.status().gaps().since()).isEmpty();
    work();
    assertThat(write(99)).isNotNegative();
    capture.kill();
  }

  /** A file system that is full, say: what is in the ring is the next start's. */
  @Test
  void knowsThatAStopWaitsInVain() throws IOException {
    capture.setOnFull(OnFull.BLOCK);
    final Path away = directory.resolve("away");
    Files.move(spool.directory(), away);
    for (int block = 0; write(block) >= 0; block++) {
      work();
    }
    clock.advance(6_000_000_000L);
    assertThat(capture.isHopeless()).as("nobody stops").isFalse();
    final AtomicBoolean makesRoom = new AtomicBoolean();
    capture.whetherRoomIsMade(makesRoom::get);
    capture.prepareStop();
    assertThat(capture.isHopeless()).as("it may be better now").isFalse();
    clock.advance(6_000_000_000L);
    assertThat(capture.isHopeless()).isTrue();
    makesRoom.set(true);
    assertThat(capture.isHopeless()).as("a segment is on its way").isFalse();
    makesRoom.set(false);
    assertThat(capture.isHopeless()).isTrue();
    Files.move(away, spool.directory());
    work();
    assertThat(capture.isHopeless()).isFalse();
    capture.kill();
  }

  /** The archive is slow, and each segment that has gone makes some. */
  @Test
  void waitsOnWhileRoomIsMade() throws IOException {
    capture.setOnFull(OnFull.BLOCK);
    for (int block = 0; write(block) >= 0; block++) {
      work();
    }
    assertThat(spool.backlog()).isPositive();
    final Path sealed = spool.sealed().getFirst();
    final Path away = directory.resolve("away");
    capture.prepareStop();
    Files.move(spool.directory(), away);
    Files.createDirectory(spool.directory());
    Files.copy(away.resolve(sealed.getFileName()), sealed);
    work();
    write(0);
    work();
    clock.advance(6_000_000_000L);
    assertThat(capture.isHopeless()).isTrue();
    spool.remove(sealed, TestRecord.ANY_DIGEST);
    assertThat(capture.isHopeless()).isFalse();
    clock.advance(6_000_000_000L);
    assertThat(capture.isHopeless()).isTrue();
    capture.kill();
  }

  private void start(final OnFull onFull) throws IOException {
    spool =
        Spool.open(
            directory.resolve("spool"),
            new Recording(
                new UUID(0, 1),
                "disk",
                (long) DISK_BLOCKS * BLOCK_BYTES,
                Instant.EPOCH,
                "host",
                "",
                Baseline.EMPTY),
            LIMIT);
    capture =
        DrivenCapture.start(
            spool,
            new CaptureOptions(
                directory.resolve("ring"),
                SLOTS,
                64,
                SealRules.inTurn(new SegmentLimits(64 << 10, 1000), Duration.ofSeconds(60)),
                onFull,
                BLOCK_BYTES),
            Backing.unwritten(this::read),
            clock);
    capture.tap().openDisk(locks);
    queue = capture.tap().openQueue(0, () -> {});
  }

  /**
   * Writes one block after the other until one goes unrecorded.
   *
   * @return which
   */
  private int fill() throws IOException {
    for (int block = 0; block < DISK_BLOCKS; block++) {
      long ticket = write(block);
      for (int tries = 0; ticket == QueueTap.FULL && tries < 3; tries++) {
        queue.requestRoom();
        work();
        ticket = write(block);
      }
      if (ticket == QueueTap.UNRECORDED) {
        return block;
      }
      assertThat(ticket).isNotNegative();
    }
    throw new AssertionError("the spool is never full");
  }

  private void work() {
    for (int i = 0; i < 100; i++) {
      capture.doWork();
      capture.keepRegions();
      clock.advance(20_000_000);
    }
  }

  /** Ships until everything is recorded and read back. */
  private void makeRoom() throws IOException {
    for (int i = 0; i < 100; i++) {
      work();
      shipAll();
      capture.readBack();
    }
  }

  private void shipAll() throws IOException {
    ship(Integer.MAX_VALUE);
  }

  private void ship(final int segments) throws IOException {
    final List<Path> sealed = spool.sealed();
    for (final Path segment : sealed.subList(0, Math.min(segments, sealed.size()))) {
      shipped.addAll(TestRecord.ofSegments(List.of(segment)));
      spool.remove(segment, TestRecord.ANY_DIGEST);
    }
  }

  private void stop() throws IOException {
    boolean ended = false;
    while (!ended) {
      ended = capture.tryStop();
      clock.advance(20_000_000);
    }
  }

  private List<TestRecord> everything() throws IOException {
    shipAll();
    return shipped;
  }

  /** As the queue's loop does it. */
  private long write(final int block) {
    final byte[] data = new byte[BLOCK_BYTES];
    Arrays.fill(data, next);
    return change(
        block, 1, () -> queue.offerWrite(8L * block, 8, RingBench.data(data), 512, false), next++);
  }

  private long zero(final int block, final int blocks) {
    return change(
        block, blocks, () -> queue.offerZeroes(8L * block, 8L * blocks, true, false), (byte) 0);
  }

  private long change(
      final int block, final int blocks, final LongSupplier offer, final byte value) {
    if (!queue.hasRoom(8L * block, 8L * blocks, true)) {
      return QueueTap.FULL;
    }
    while (!queue.mayChange(8L * block, 8L * blocks)) {
      capture.keepRegions();
      clock.advance(20_000_000);
    }
    final long ticket = offer.getAsLong();
    if (ticket != QueueTap.FULL) {
      Arrays.fill(disk, block, block + blocks, value);
      queue.complete(ticket, 0);
    }
    queue.changed(8L * block, 8L * blocks);
    return ticket;
  }

  private void read(final MemorySegment data, final long offset) {
    for (long at = 0; at < data.byteSize(); at += BLOCK_BYTES) {
      data.asSlice(at, BLOCK_BYTES).fill(disk[(int) ((offset + at) / BLOCK_BYTES)]);
    }
  }

  private static List<TestRecord> ofKind(final List<TestRecord> records, final RecordKind kind) {
    return records.stream().filter(record -> record.kind() == kind).toList();
  }

  private static byte[] replay(final List<TestRecord> records) {
    final byte[] replayed = new byte[DISK_BLOCKS];
    for (final TestRecord record : records) {
      if (record.kind().setsContent()) {
        final byte value = record.kind().hasPayload() ? record.payload()[0] : 0;
        Arrays.fill(
            replayed, (int) record.block(), (int) (record.block() + record.runBlocks()), value);
      }
    }
    return replayed;
  }
}
