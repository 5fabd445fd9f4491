package io.blockcam.simulator;

import io.blockcam.capture.ring.WallClock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** Time that passes when it is told to. */
final class VirtualClock implements WallClock.Source, InstantSource {

  private static final Instant BEGINNING = Instant.parse("2026-11-22T10:00:00Z");

  private long passedNs;

  void pass(final Duration time) {
    passedNs += time.toNanos();
  }

  /** Since the beginning. */
  Duration passed() {
    return Duration.ofNanos(passedNs);
  }

  @Override
  public long monotonicNs() {
    return passedNs;
  }

  @Override
  public long realtimeNs() {
    return BEGINNING.getEpochSecond() * 1_000_000_000 + passedNs;
  }

  @Override
  public Instant instant() {
    return BEGINNING.plusNanos(passedNs);
  }
}
