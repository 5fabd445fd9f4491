package io.blockcam.capture.ring;

import static io.blockcam.capture.support.RingBench.BASE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.support.RingBench;
import io.blockcam.capture.support.TestRecord;
import io.blockcam.capture.support.WriteModel;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Records that come out against writes that went in. */
final class CaptureRingTest {
  private static final int SLOTS = 16;
  private static final int MAX_SECTORS = 48;

  @TempDir Path directory;
  private RingBench bench;

  @BeforeEach
  void open() throws IOException {
    bench = new RingBench(directory.resolve("ring"), SLOTS, MAX_SECTORS);
  }

  @AfterEach
  void close() throws IOException {
    bench.close();
  }

  @Test
  void recordsAnAlignedWriteBlockByBlock() {
    final byte[] data = random(1, 3 * 4096);
    bench.write(80, data);
    bench.drain();
    assertThat(contents()).isEqualTo(contents(WriteModel.write(80, data, false, false)));
    assertThat(bench.sink.records()).extracting(TestRecord::block).containsExactly(10L, 11L, 12L);
    assertThat(bench.sink.records())
        .extracting(TestRecord::sequence)
        .containsExactly(BASE, BASE + 1, BASE + 2);
    assertThat(bench.sink.records())
        .extracting(TestRecord::timestampNs)
        .containsOnly(bench.clock.realtimeNs());
  }

  @Test
  void masksWhatAnUnalignedWriteDoesNotTouchAndZeroesIt() {
    bench.write(8, filled(4096)); // leaves something in the slots that must not show
    bench.write(16, filled(4096));
    for (int i = 0; i < SLOTS; i++) {
      bench.write(0, filled(4096));
      bench.drain();
    }
    final int before = bench.sink.records().size();
    final byte[] data = random(2, 10 * 512);
    bench.write(5, data);
    bench.drain();
    final List<TestRecord> records = bench.sink.records().subList(before, before + 2);
    assertThat(records).extracting(TestRecord::sectorMask).containsExactly(0xe0, 0x7f);
    assertThat(contents(records)).isEqualTo(contents(WriteModel.write(5, data, false, false)));
  }

  @Test
  void recordsASingleSectorInTheMiddleOfABlock() {
    final byte[] data = random(3, 512);
    bench.write(19, data);
    bench.drain();
    assertThat(bench.sink.records()).extracting(TestRecord::sectorMask).containsExactly(0x08);
    assertThat(contents()).isEqualTo(contents(WriteModel.write(19, data, false, false)));
  }

  @Test
  void recordsZeroingAsARunWithMaskedEnds() {
    final long ticket = bench.queue.offerZeroes(6, 50, true, true);
    bench.queue.complete(ticket, 0);
    bench.drain();
    assertThat(bench.sink.records())
        .extracting(TestRecord::content)
        .containsExactlyElementsOf(contents(WriteModel.zeroes(6, 50, true, true, false)));
    assertThat(bench.sink.records()).extracting(TestRecord::runBlocks).containsExactly(1L, 6L);
  }

  @Test
  void recordsZeroingOfTheWholeDiskInOneRecord() {
    final long ticket = bench.queue.offerZeroes(0, RingBench.DISK_BYTES / 512, false, false);
    bench.queue.complete(ticket, 0);
    bench.drain();
    assertThat(bench.sink.records())
        .extracting(TestRecord::runBlocks)
        .containsExactly(RingBench.DISK_BYTES / 4096);
  }

  @Test
  void publishesAFlushAtOnce() {
    final long ticket = bench.queue.offerFlush();
    bench.drain();
    assertThat(ticket).isEqualTo(BASE);
    assertThat(contents()).containsExactly(WriteModel.flush().content());
  }

  @Test
  void keepsTheOrderOfTheOffersWhateverTheOrderOfCompletion() {
    final long first = bench.offer(0, random(4, 4096));
    final long second = bench.offer(8, random(5, 4096));
    bench.queue.complete(second, 4096);
    bench.drain();
    assertThat(bench.sink.records()).isEmpty();
    bench.queue.complete(first, 4096);
    bench.drain();
    assertThat(bench.sink.records()).extracting(TestRecord::block).containsExactly(0L, 1L);
  }

  @Test
  void flagsEveryRecordOfAWriteThatFailed() {
    final byte[] data = random(6, 2 * 4096);
    final long ticket = bench.offer(8, data);
    bench.queue.complete(ticket, -5);
    bench.write(32, data);
    bench.drain();
    assertThat(bench.sink.records())
        .extracting(record -> record.has(RecordFlags.FAILED))
        .containsExactly(true, true, false, false);
  }

  @Test
  void refusesWhatFindsNoRoomAndLeavesTheRingAsItWas() {
    for (int i = 0; i < 3; i++) {
      assertThat(bench.write(0, random(i, 4 * 4096))).isNotEqualTo(QueueTap.FULL);
    }
    assertThat(bench.offer(0, random(9, 5 * 4096))).isEqualTo(QueueTap.FULL);
    final byte[] data = random(9, 4 * 4096);
    assertThat(bench.write(0, data)).isEqualTo(BASE + 12);
    assertThat(bench.queue.offerFlush()).isEqualTo(QueueTap.FULL);
    assertThat(bench.queue.offerZeroes(0, 8, false, false)).isEqualTo(QueueTap.FULL);
    assertThat(bench.ring.refusedOffers()).isEqualTo(3);
    bench.drain();
    assertThat(bench.sink.records()).hasSize(16);
  }

  @Test
  void wakesAQueueWhenTheRoomItNeedsWasMade() {
    for (int i = 0; i < 4; i++) {
      bench.write(0, random(i, 4 * 4096));
    }
    bench.offer(0, random(9, 4096));
    bench.queue.requestRoom();
    assertThat(bench.wakes).hasValue(0);
    assertThat(bench.ring.queuesWaitingForRoom()).isEqualTo(1);
    bench.drain();
    assertThat(bench.wakes).hasValue(1);
    assertThat(bench.ring.queuesWaitingForRoom()).isZero();
    assertThat(bench.write(0, random(9, 4096))).isNotEqualTo(QueueTap.FULL);
  }

  @Test
  void doesNotWakeAQueueForLessRoomThanItNeeds() {
    bench.write(0, random(1, 4096));
    final long held = bench.offer(8, random(2, 5 * 4096));
    final long other = bench.offer(80, random(3, 6 * 4096));
    assertThat(bench.offer(0, random(9, 6 * 4096))).isEqualTo(QueueTap.FULL);
    bench.queue.requestRoom();
    bench.drain();
    assertThat(bench.wakes).hasValue(0);
    bench.queue.complete(held, 0);
    bench.queue.complete(other, 0);
    bench.drain();
    assertThat(bench.wakes).hasValue(1);
  }

  @Test
  void wakesAQueueAtOnceWhenRoomWasMadeBeforeItAsked() {
    for (int i = 0; i < 4; i++) {
      bench.write(0, random(i, 4 * 4096));
    }
    bench.offer(0, random(9, 4096));
    bench.drain();
    bench.queue.requestRoom();
    assertThat(bench.wakes).hasValue(1);
  }

  @Test
  void takesNoOfferOfAQueueAfterTheEndButEvents() {
    final long held = bench.offer(0, random(1, 4096));
    bench.ring.refuseOffers();
    assertThat(bench.offer(0, random(1, 4096))).isEqualTo(QueueTap.FULL);
    assertThat(bench.queue.offerFlush()).isEqualTo(QueueTap.FULL);
    bench.queue.requestRoom();
    assertThat(bench.wakes).hasValue(0);
    bench.queue.complete(held, 0);
    assertThat(bench.ring.offerEvent(RecordKind.STOP, 0)).isEqualTo(BASE + 1);
    bench.drain();
    assertThat(bench.sink.records())
        .extracting(TestRecord::kind)
        .containsExactly(RecordKind.DATA, RecordKind.STOP);
  }

  @Test
  void putsBlocksThatNoGuestWroteIntoTheOrder() {
    final byte[] data = random(1, 4096);
    bench.ring.offerBlock(RecordKind.RESYNC, 77, MemorySegment.ofArray(data), 0);
    bench.drain();
    final TestRecord record = bench.sink.records().getFirst();
    assertThat(record.kind()).isEqualTo(RecordKind.RESYNC);
    assertThat(record.block()).isEqualTo(77);
    assertThat(record.payload()).isEqualTo(data);
  }

  @Test
  void refusesNonsenseBeforeAnythingIsClaimed() {
    final MemorySegment data = MemorySegment.ofArray(new byte[4096]);
    final QueueTap queue = bench.queue;
    final long end = RingBench.DISK_BYTES / 512;
    assertThatThrownBy(() -> queue.offerWrite(0, 9, data, 0, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> queue.offerWrite(0, 0, data, 0, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> queue.offerWrite(end - 1, 2, data, 0, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> queue.offerZeroes(0, end + 1, false, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> queue.offerZeroes(0, 0, false, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(bench.ring.claimed()).isEqualTo(BASE - 1);
  }

  @Test
  void refusesASlabThatDoesNotHoldTwoWrites() {
    assertThatThrownBy(
            () -> new CaptureRing(bench.slab, new WallClock(bench.clock), bench.ring.regions(), 57))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a ring of 16 slots does not hold two writes of 57 sectors, that takes 18");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void givesBackAnySequenceOfRequests(final long seed) {
    final Random random = new Random(seed);
    final List<String> expected = new ArrayList<>();
    final List<Runnable> inFlight = new ArrayList<>();
    long offered = 0;
    for (int i = 0; i < 5_000; i++) {
      final boolean fua = random.nextInt(8) == 0;
      final boolean failed = random.nextInt(10) == 0;
      final long start = random.nextInt(1000);
      final long ticket;
      final List<TestRecord> records;
      switch (random.nextInt(10)) {
        case 0 -> {
          records = List.of(WriteModel.flush());
          ticket = bench.queue.offerFlush();
        }
        case 1, 2 -> {
          final boolean discard = random.nextBoolean();
          final int sectors = 1 + random.nextInt(200);
          records = WriteModel.zeroes(start, sectors, discard, fua, failed);
          ticket = bench.queue.offerZeroes(start, sectors, discard, fua);
        }
        default -> {
          final byte[] data = new byte[512 * (1 + random.nextInt(MAX_SECTORS))];
          random.nextBytes(data);
          records = WriteModel.write(start, data, fua, failed);
          ticket = bench.queue.offerWrite(start, data.length / 512, RingBench.data(data), 512, fua);
        }
      }
      if (ticket == QueueTap.FULL) {
        complete(inFlight, random, 0);
        bench.drain();
        continue;
      }
      assertThat(ticket).isEqualTo(BASE + offered);
      offered += records.size();
      expected.addAll(contents(records));
      if (records.getFirst().kind() != RecordKind.FLUSH) {
        inFlight.add(() -> bench.queue.complete(ticket, failed ? -5 : 0));
      }
      complete(inFlight, random, random.nextInt(6));
      if (random.nextInt(3) == 0) {
        bench.drain();
      }
    }
    complete(inFlight, random, 0);
    bench.drain();
    assertThat(contents()).isEqualTo(expected);
    final List<TestRecord> records = bench.sink.records();
    for (int i = 0; i < records.size(); i++) {
      assertThat(records.get(i).sequence()).isEqualTo(BASE + i);
    }
  }

  private static void complete(
      final List<Runnable> inFlight, final Random random, final int leave) {
    while (inFlight.size() > leave) {
      inFlight.remove(random.nextInt(inFlight.size())).run();
    }
  }

  private List<String> contents() {
    return contents(bench.sink.records());
  }

  private static List<String> contents(final List<TestRecord> records) {
    return records.stream().map(TestRecord::content).toList();
  }

  private static byte[] random(final long seed, final int bytes) {
    final byte[] data = new byte[bytes];
    new Random(seed).nextBytes(data);
    return data;
  }

  private static byte[] filled(final int bytes) {
    final byte[] data = new byte[bytes];
    Arrays.fill(data, (byte) 0xee);
    return data;
  }
}
