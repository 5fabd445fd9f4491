package io.blockcam.capture;

import static io.blockcam.capture.support.RingBench.BASE;
import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.ring.CaptureRing;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.support.CollectingSink;
import io.blockcam.capture.support.Regions;
import io.blockcam.capture.support.RingBench;
import io.blockcam.capture.support.TestRecord;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class RecordConsumerTest {
  private static final byte[] BLOCK = new byte[4096];
  private static final long SECOND_NS = 1_000_000_000L;

  @TempDir Path directory;
  private RingBench bench;

  @BeforeEach
  void open() throws IOException {
    bench = new RingBench(directory.resolve("ring"), 16, 48);
  }

  @AfterEach
  void close() throws IOException {
    bench.close();
  }

  /** What state the spool's writer is in then nobody knows: a new start finds out. */
  @Test
  @Timeout(20)
  void diesOfWhatIsNoFailureOfTheSpoolAndTellsOfIt() {
    for (final Throwable failure :
        List.of(new IllegalStateException("a bug"), new OutOfMemoryError("Java heap space"))) {
      bench.sink.failWith(failure);
      bench.sink.failOn("append"::equals);
      bench.write(0, BLOCK);
      final CompletableFuture<Throwable> told = new CompletableFuture<>();

      Capture.consume(bench.consumer, () -> true, told);

      assertThat(told).isCompletedWithValue(failure);
      assertThat(bench.ring.released()).as("what it has not handed over").isEqualTo(BASE - 1);
    }
  }

  // --- what is where ---

  @Test
  void givesSlotsBackOnlyWhenTheirRecordsSurviveTheProcess() {
    bench.sink.failOn("write"::equals);
    bench.write(0, new byte[3 * 4096]);
    bench.consumer.doWork();
    assertThat(bench.sink.records()).hasSize(3);
    assertThat(bench.ring.released()).isEqualTo(BASE - 1);
    assertThat(bench.consumer.appendedSequence()).isEqualTo(BASE - 1);

    bench.sink.failOn(call -> false);
    bench.clock.advance(SECOND_NS);
    bench.drain();
    assertThat(bench.ring.released()).isEqualTo(BASE + 2);
    assertThat(bench.sink.records()).hasSize(3);
  }

  /** C2: part of it may be on the disk. */
  @Test
  void tellsWhatAFailedWriteLeavesInDoubtBeforeItsRecordLeavesTheRing() {
    final long failed = bench.offer(5 * 8, new byte[2 * 4096]);
    final long zeroes = bench.queue.offerZeroes(800, 80, true, false);
    bench.write(0, BLOCK);
    bench.queue.complete(zeroes, -5);
    bench.queue.complete(failed, -5);
    bench.sink.failOn("doubt"::equals);
    bench.drain();
    assertThat(bench.sink.records()).isEmpty();

    bench.sink.failOn(call -> false);
    bench.clock.advance(SECOND_NS);
    bench.drain();

    assertThat(bench.sink.doubt().ranges())
        .containsExactly(new Doubt.Range(5, 2), new Doubt.Range(100, 10));
    assertThat(bench.sink.calls()).containsOnlyOnce("doubt");
    assertThat(bench.sink.calls().indexOf("doubt"))
        .isLessThan(bench.sink.calls().indexOf("append"));
  }

  @Test
  void takesAWriteOnlyAsAWhole() {
    bench.write(0, new byte[3 * 4096]);
    final long held = bench.offer(800, new byte[2 * 4096]);
    bench.write(1600, BLOCK);
    bench.drain();
    assertThat(bench.ring.released()).isEqualTo(BASE + 2);
    bench.queue.complete(held, 0);
    bench.drain();
    assertThat(bench.ring.released()).isEqualTo(BASE + 5);
  }

  // --- durability ---

  @Test
  void isDurableOnlyAfterTheForce() {
    bench.sink.failOn("force"::equals);
    bench.write(0, BLOCK);
    final long flush = bench.queue.offerFlush();
    bench.queue.requestDurable(flush);
    bench.consumer.doWork();
    assertThat(bench.consumer.appendedSequence()).isEqualTo(flush);
    assertThat(bench.queue.isSafe(flush)).isFalse();
    assertThat(bench.wakes).hasValue(0);

    bench.sink.failOn(call -> false);
    bench.clock.advance(SECOND_NS);
    bench.drain();
    assertThat(bench.queue.isSafe(flush)).isTrue();
    assertThat(bench.wakes).hasValue(1);
    assertThat(bench.sink.calls()).endsWith("write", "force");
  }

  @Test
  void servesAllWaitingQueuesWithOneForce() {
    final AtomicInteger otherWakes = new AtomicInteger();
    final QueueTap other = bench.ring.openQueue(1, otherWakes::incrementAndGet);
    final long first = bench.queue.offerFlush();
    final long second = other.offerFlush();
    final long third = bench.queue.offerFlush();
    bench.queue.requestDurable(first);
    other.requestDurable(second);
    bench.queue.requestDurable(third);
    bench.drain();
    assertThat(bench.sink.calls()).containsOnlyOnce("force");
    assertThat(bench.queue.isSafe(third)).isTrue();
    assertThat(bench.wakes).hasValue(1);
    assertThat(otherWakes).hasValue(1);
  }

  @Test
  void doesNotForceForATicketThatIsNotReachedYet() {
    final long held = bench.offer(0, BLOCK);
    final long flush = bench.queue.offerFlush();
    bench.queue.requestDurable(flush);
    bench.drain();
    assertThat(bench.sink.calls()).doesNotContain("force");
    bench.queue.complete(held, 0);
    bench.drain();
    assertThat(bench.queue.isSafe(flush)).isTrue();
  }

  @Test
  void doesNotMakeAnEarlyTicketWaitForALaterOne() {
    final long early = bench.queue.offerFlush();
    final long held = bench.offer(0, BLOCK);
    final long late = bench.queue.offerFlush();
    bench.queue.requestDurable(late);
    bench.queue.requestDurable(early);
    bench.drain();
    assertThat(bench.queue.isSafe(early)).isTrue();
    assertThat(bench.queue.isSafe(late)).isFalse();
    assertThat(bench.wakes).hasValue(1);
    bench.queue.complete(held, 0);
    bench.drain();
    assertThat(bench.queue.isSafe(late)).isTrue();
    assertThat(bench.wakes).hasValue(2);
  }

  @Test
  void knowsThatSomebodyWaitsForAWriteThatIsUnderWay() {
    final long underWay = bench.offer(0, BLOCK);
    bench.queue.requestDurable(underWay);
    bench.drain();
    assertThat(bench.ring.isForceAwaited()).isTrue();
    assertThat(bench.consumer.durableSequence()).isLessThan(underWay);
    bench.queue.complete(underWay, 0);
    bench.drain();
    assertThat(bench.ring.isForceAwaited()).isFalse();
    assertThat(bench.consumer.durableSequence()).isEqualTo(underWay);
  }

  @Test
  void answersARequestForWhatIsDurableAlready() {
    final long flush = bench.queue.offerFlush();
    bench.queue.requestDurable(flush);
    bench.drain();
    bench.queue.requestDurable(flush);
    assertThat(bench.wakes).hasValue(2);
    bench.drain();
    assertThat(bench.sink.calls()).containsOnlyOnce("force");
  }

  @Test
  void forcesNothingThatNobodyWaitsFor() {
    bench.write(0, BLOCK);
    bench.queue.offerFlush();
    bench.drain();
    assertThat(bench.sink.calls()).doesNotContain("force");
  }

  // --- failures ---

  @Test
  void goesOnWhereItStoodWhenARecordCouldNotBeAppended() {
    final AtomicInteger appends = new AtomicInteger();
    bench.sink.failOn(call -> call.equals("append") && appends.incrementAndGet() % 2 == 0);
    bench.write(0, new byte[4 * 4096]);
    bench.write(80, new byte[3 * 4096]);
    for (int i = 0; i < 20; i++) {
      bench.clock.advance(3 * SECOND_NS);
      bench.consumer.doWork();
    }
    assertThat(bench.sink.records())
        .extracting(TestRecord::sequence)
        .containsExactly(BASE, BASE + 1, BASE + 2, BASE + 3, BASE + 4, BASE + 5, BASE + 6);
    assertThat(bench.ring.released()).isEqualTo(BASE + 6);
  }

  @Test
  void survivesFailuresOfTheSpool() {
    final IOException failure = new IOException("Input/output error");
    bench.sink.failWith(failure);
    bench.sink.failOn("append"::equals);
    final long ticket = bench.write(0, BLOCK);
    assertThat(bench.consumer.doWork()).isZero();
    assertThat(bench.consumer.failure()).isSameAs(failure);
    assertThat(bench.consumer.failures()).isEqualTo(1);

    bench.sink.failOn(call -> false);
    bench.clock.advance(3 * SECOND_NS);
    bench.drain();
    assertThat(bench.consumer.failure()).isNull();
    assertThat(bench.consumer.appendedSequence()).isEqualTo(ticket);
  }

  @Test
  void triesAgainLaterAndLater() {
    bench.sink.failOn("append"::equals);
    bench.write(0, BLOCK);
    final List<Long> waitsMs = new ArrayList<>();
    long lastMs = 0;
    for (long ms = 0; ms < 12_000; ms++) {
      final long before = bench.consumer.failures();
      bench.consumer.doWork();
      if (bench.consumer.failures() > before) {
        waitsMs.add(ms - lastMs);
        lastMs = ms;
      }
      bench.clock.advance(1_000_000);
    }
    assertThat(waitsMs)
        .containsExactly(
            0L, 10L, 20L, 40L, 80L, 160L, 320L, 640L, 1280L, 2000L, 2000L, 2000L, 2000L);
  }

  @Test
  void keepsWritesInTheRingWhileTheSpoolIsFull() {
    bench.sink.setFull(true);
    while (bench.write(0, BLOCK) != QueueTap.FULL) {
      bench.drain();
    }
    bench.queue.requestRoom();
    assertThat(bench.sink.records()).isEmpty();
    assertThat(bench.consumer.failure()).isNull();
    bench.sink.setFull(false);
    bench.drain();
    assertThat(bench.wakes).hasValue(1);
    assertThat(bench.sink.records()).hasSize(16);
  }

  // --- time ---

  @Test
  void neverLetsTimestampsDecrease() {
    bench.write(0, BLOCK);
    final long before = bench.clock.realtimeNs();
    bench.clock.step(-3600 * SECOND_NS);
    final WallClock clock = new WallClock(bench.clock);
    final CaptureRing stepped;
    try (Slab slab = Slab.create(directory.resolve("other"), RingBench.header(16))) {
      stepped = new CaptureRing(slab, clock, Regions.allDirty(RingBench.DISK_BYTES), 48);
      final CollectingSink sink = new CollectingSink();
      final RecordConsumer consumer =
          new RecordConsumer(stepped, sink, doubt -> {}, before, bench.clock::monotonicNs);
      stepped.offerEvent(RecordKind.START, 0);
      bench.clock.advance(3601 * SECOND_NS);
      stepped.offerEvent(RecordKind.STOP, 0);
      consumer.doWork();
      assertThat(sink.records())
          .extracting(TestRecord::timestampNs)
          .containsExactly(before, before + SECOND_NS);
    } catch (final IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void recordsAClockStepWithBothReadings() {
    final WallClock clock = new WallClock(bench.clock);
    final ClockTicker ticker = new ClockTicker(clock, bench.ring);
    ticker.doWork();
    final long before = bench.clock.realtimeNs();
    bench.clock.step(10 * SECOND_NS);
    ticker.doWork();
    ticker.doWork();
    bench.drain();
    assertThat(bench.sink.records())
        .singleElement()
        .satisfies(
            record -> {
              assertThat(record.kind()).isEqualTo(RecordKind.CLOCK_STEP);
              assertThat(record.timestampNs()).isEqualTo(before);
              assertThat(record.aux()).isEqualTo(before + 10 * SECOND_NS);
            });
  }

  /** And nothing behind the step before that, whatever the clock shows. */
  @Test
  void recordsAClockStepLaterWhenTheRingIsFull() {
    final WallClock clock = new WallClock(bench.clock);
    final ClockTicker ticker = new ClockTicker(clock, bench.ring);
    while (bench.write(0, BLOCK) != QueueTap.FULL) {
      // fill
    }
    final long before = bench.clock.realtimeNs();
    bench.clock.step(SECOND_NS);
    ticker.doWork();
    assertThat(clock.nowNs()).isEqualTo(before);
    bench.drain();
    bench.clock.step(SECOND_NS);
    ticker.doWork();
    assertThat(clock.nowNs()).isEqualTo(before + 2 * SECOND_NS);
    bench.drain();
    final TestRecord last = bench.sink.records().getLast();
    assertThat(last.kind()).isEqualTo(RecordKind.CLOCK_STEP);
    assertThat(last.timestampNs()).isEqualTo(before);
    assertThat(last.aux()).isEqualTo(before + 2 * SECOND_NS);
  }

  /** C6: no timestamp decreases, and yet what the clock showed afterwards is not lost. */
  @Test
  void recordsBothReadingsWhenTheClockGoesBack() {
    final WallClock clock = new WallClock(bench.clock);
    final ClockTicker ticker = new ClockTicker(clock, bench.ring);
    ticker.doWork();
    final long before = bench.clock.realtimeNs();
    bench.clock.step(-10 * SECOND_NS);
    ticker.doWork();
    bench.write(0, BLOCK);
    bench.drain();

    assertThat(bench.sink.records().getFirst().timestampNs()).isEqualTo(before);
    assertThat(bench.sink.records().getFirst().aux()).isEqualTo(before - 10 * SECOND_NS);
    assertThat(bench.sink.records().getLast().timestampNs()).isEqualTo(before);
  }

  /** How far the clock is behind counts, also where another queue's record came in between. */
  @Test
  void keepsTheLeadOfAClockStepThatComesLate() {
    final long now = bench.clock.realtimeNs();
    bench.clock.advance(500);
    bench.write(0, BLOCK);
    bench.ring.offerStep(new WallClock.Step(now, now - SECOND_NS, -SECOND_NS));
    bench.drain();

    final TestRecord step = bench.sink.records().getLast();
    assertThat(step.timestampNs()).isEqualTo(now + 500);
    assertThat(step.aux()).isEqualTo(now + 500 - SECOND_NS);
  }

  /** Set ahead, it is where it says, however late that is recorded. */
  @Test
  void movesNoClockStepAheadThatComesLate() {
    final long now = bench.clock.realtimeNs();
    bench.clock.advance(500);
    bench.write(0, BLOCK);
    bench.ring.offerStep(new WallClock.Step(now, now + SECOND_NS, SECOND_NS));
    bench.drain();

    final TestRecord step = bench.sink.records().getLast();
    assertThat(step.timestampNs()).isEqualTo(now + 500);
    assertThat(step.aux()).isEqualTo(now + SECOND_NS);
  }

  @Test
  void sealsWhatIsOldWithoutAnyWrite() {
    bench.write(0, BLOCK);
    bench.sink.setSealDueNs(bench.clock.monotonicNs() + 5 * SECOND_NS);
    bench.drain();
    assertThat(bench.sink.calls()).doesNotContain("seal");
    bench.clock.advance(5 * SECOND_NS);
    bench.drain();
    assertThat(bench.sink.calls()).containsOnlyOnce("seal");
  }

  // --- the end ---

  @Test
  void finishesWhenEverythingClaimedIsSealedWhateverTheLimit() {
    bench.sink.setFull(true);
    final long held = bench.offer(0, BLOCK);
    bench.write(8, BLOCK);
    bench.ring.offerEvent(RecordKind.STOP, 0);
    bench.consumer.requestFinish();
    bench.drain();
    assertThat(bench.consumer.isFinished()).isFalse();
    bench.queue.complete(held, 0);
    bench.drain();
    assertThat(bench.consumer.isFinished()).isTrue();
    assertThat(bench.sink.records())
        .extracting(TestRecord::kind)
        .containsExactly(RecordKind.DATA, RecordKind.DATA, RecordKind.STOP);
    assertThat(bench.sink.calls()).endsWith("write", "seal");
    assertThat(bench.consumer.durableSequence()).isEqualTo(held + 2);
  }

  // --- threads ---

  @Test
  @Timeout(120)
  void keepsOneOrderForTwoQueuesAndAConsumerThread() throws Exception {
    final int rounds = 20_000;
    final Thread consumerThread =
        new Thread(
            () -> {
              while (!bench.consumer.isFinished()) {
                if (bench.consumer.doWork() == 0) {
                  bench.consumer.awaitWork();
                }
              }
            });
    consumerThread.start();
    final CountDownLatch go = new CountDownLatch(1);
    final AtomicReference<Throwable> problem = new AtomicReference<>();
    final List<Thread> producers = new ArrayList<>();
    for (int q = 0; q < 2; q++) {
      final int id = q;
      final Semaphore woken = new Semaphore(0);
      final QueueTap queue = bench.ring.openQueue(1 + q, woken::release);
      producers.add(
          new Thread(
              () -> {
                try {
                  go.await();
                  produce(queue, woken, id, rounds);
                } catch (final Throwable e) {
                  problem.set(e);
                }
              }));
    }
    producers.forEach(Thread::start);
    go.countDown();
    for (final Thread producer : producers) {
      producer.join();
    }
    bench.consumer.requestFinish();
    consumerThread.join();
    assertThat(problem).hasNullValue();

    final long[] nextRound = new long[2];
    long expected = BASE;
    for (final TestRecord record : bench.sink.records()) {
      assertThat(record.sequence()).isEqualTo(expected++);
      if (record.kind() == RecordKind.DATA) {
        final int queue = (int) (record.block() / 1000);
        final long stamp =
            MemorySegment.ofArray(record.payload()).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
        final long blocks = 1 + nextRound[queue] % 3;
        assertThat(stamp).isEqualTo(nextRound[queue] * 10 + record.block() % 10);
        if (record.block() % 10 == blocks - 1) {
          nextRound[queue]++;
        }
      }
    }
    assertThat(nextRound).containsExactly(rounds, rounds);
  }

  /** Never parks without a wake-up to come: a lost one would hang the test. */
  private static void produce(
      final QueueTap queue, final Semaphore woken, final int id, final int rounds)
      throws InterruptedException {
    final MemorySegment data = RingBench.data(new byte[3 * 4096]);
    for (int round = 0; round < rounds; round++) {
      final int blocks = 1 + round % 3;
      for (int i = 0; i < blocks; i++) {
        data.set(ValueLayout.JAVA_LONG_UNALIGNED, 512 + i * 4096L, round * 10L + i);
      }
      long ticket = queue.offerWrite(id * 8000L, blocks * 8, data, 512, false);
      while (ticket == QueueTap.FULL) {
        queue.requestRoom();
        woken.acquire();
        ticket = queue.offerWrite(id * 8000L, blocks * 8, data, 512, false);
      }
      queue.complete(ticket, 0);
      if (round % 64 == 0) {
        queue.requestDurable(ticket);
        while (!queue.isSafe(ticket)) {
          woken.acquire();
        }
      }
    }
  }
}
