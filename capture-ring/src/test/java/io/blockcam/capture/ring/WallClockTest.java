package io.blockcam.capture.ring;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.capture.support.RingBench.ManualClock;
import java.time.Instant;
import org.junit.jupiter.api.Test;

final class WallClockTest {
  private final ManualClock machine = new ManualClock();
  private final WallClock clock = new WallClock(machine);

  @Test
  void showsRealtimeBetweenTicks() {
    machine.advance(123_456_789);
    assertThat(clock.nowNs()).isEqualTo(machine.realtimeNs());
  }

  @Test
  void followsSlewingWithoutAStep() {
    machine.step(WallClock.STEP_NS);
    assertThat(clock.tick()).isNull();
    assertThat(clock.nowNs()).isEqualTo(machine.realtimeNs());
    machine.step(-WallClock.STEP_NS / 2);
    assertThat(clock.tick()).isNull();
    assertThat(clock.nowNs()).isEqualTo(machine.realtimeNs());
  }

  private static final long HOUR_NS = 3_600_000_000_000L;

  /** B5: a clamp would hold all later timestamps where they are until the clock has caught up. */
  @Test
  void runsOnWhenTheClockIsSetBack() {
    final long before = machine.realtimeNs();
    machine.step(-HOUR_NS);
    step(new WallClock.Step(before, before - HOUR_NS, -HOUR_NS));
    assertThat(clock.tick()).isNull();
    assertThat(clock.nowNs()).isEqualTo(before);
    machine.advance(77);
    assertThat(clock.nowNs()).isEqualTo(before + 77);
    assertThat(clock.shownNs()).isEqualTo(machine.realtimeNs());
    machine.step(WallClock.STEP_NS / 2); // slewing
    assertThat(clock.tick()).isNull();
    assertThat(clock.nowNs()).isEqualTo(before + 77 + WallClock.STEP_NS / 2);
    assertThat(clock.shownNs()).isEqualTo(machine.realtimeNs());
  }

  @Test
  void goesAlongWithAStepAhead() {
    final long before = machine.realtimeNs();
    machine.step(HOUR_NS);
    step(new WallClock.Step(before, before + HOUR_NS, HOUR_NS));
    assertThat(clock.nowNs()).isEqualTo(before + HOUR_NS);
    assertThat(clock.shownNs()).isEqualTo(before + HOUR_NS);
  }

  @Test
  void isNoMoreAheadThanAStepAheadLeaves() {
    final long before = machine.realtimeNs();
    machine.step(-HOUR_NS);
    step(new WallClock.Step(before, before - HOUR_NS, -HOUR_NS));
    machine.step(HOUR_NS / 4);
    step(new WallClock.Step(before, before - 3 * HOUR_NS / 4, HOUR_NS / 4));
    assertThat(clock.nowNs()).isEqualTo(before);
    assertThat(clock.shownNs()).isEqualTo(before - 3 * HOUR_NS / 4);
    machine.step(HOUR_NS);
    step(new WallClock.Step(before, before + HOUR_NS / 4, HOUR_NS));
    assertThat(clock.nowNs()).isEqualTo(machine.realtimeNs()).isEqualTo(clock.shownNs());
  }

  @Test
  void goesOnAsIfTheClockHadNotBeenSetUntilItFollows() {
    final long before = machine.realtimeNs();
    machine.step(HOUR_NS);
    assertThat(clock.tick()).isNotNull();
    machine.advance(5);
    assertThat(clock.nowNs()).isEqualTo(before + 5);
    machine.step(-3 * HOUR_NS);
    step(new WallClock.Step(before + 5, before + 5 - 2 * HOUR_NS, -2 * HOUR_NS));
    assertThat(clock.nowNs()).isEqualTo(before + 5);
    assertThat(clock.shownNs()).isEqualTo(machine.realtimeNs());
  }

  private void step(final WallClock.Step expected) {
    final WallClock.Step step = clock.tick();
    assertThat(step).isEqualTo(expected);
    clock.follow(expected);
  }

  @Test
  void goesOnBehindTheLastRecordOfAnEarlierRun() {
    final long realtimeNs = machine.realtimeNs();
    clock.notBefore(realtimeNs - 5);
    assertThat(clock.nowNs()).isEqualTo(realtimeNs);
    clock.notBefore(realtimeNs + HOUR_NS);
    assertThat(clock.nowNs()).isEqualTo(realtimeNs + HOUR_NS);
    assertThat(clock.shownNs()).isEqualTo(realtimeNs);
    machine.advance(10);
    assertThat(clock.tick()).isNull();
    assertThat(clock.nowNs()).isEqualTo(realtimeNs + HOUR_NS + 10);
  }

  @Test
  void doesNotTakeAPauseOfTheThreadForAStep() {
    final SlowClocks torn = new SlowClocks(100);
    final WallClock slow = new WallClock(torn);
    final long offsetNs = slow.nowNs() - torn.monotonicNs();
    torn.readingNs = 50_000_000; // the thread loses the CPU behind every reading
    assertThat(slow.tick()).isNull();
    assertThat(slow.nowNs() - torn.monotonicNs()).isEqualTo(offsetNs);
  }

  /** In a virtual machine without a vDSO a reading is a system call, and a tick comes often. */
  @Test
  void readsSlowClocksOnceForATickWhenItKnowsHowSlowTheyAre() {
    final SlowClocks source = new SlowClocks(30_000);
    final WallClock slow = new WallClock(source);
    final int atFirst = source.readings;

    slow.tick();

    assertThat(atFirst).isGreaterThan(1);
    assertThat(source.readings).isEqualTo(atFirst + 1);
  }

  @Test
  void readsTheClocksOfTheMachine() {
    final WallClock system = new WallClock(WallClock.Source.system());
    final Instant before = Instant.now();
    final long nowNs = system.nowNs();
    assertThat(Math.abs(nowNs / 1_000_000 - before.toEpochMilli())).isLessThan(60_000);
  }

  /** Clocks that each reading of the wall clock lets go on. */
  private static final class SlowClocks implements WallClock.Source {
    private long nowNs = 1_000_000;
    private long readingNs;
    private int readings;

    SlowClocks(final long readingNs) {
      this.readingNs = readingNs;
    }

    @Override
    public long monotonicNs() {
      return nowNs;
    }

    @Override
    public long realtimeNs() {
      readings++;
      final long reading = nowNs + 7_000_000_000L;
      nowNs += readingNs;
      return reading;
    }
  }
}
