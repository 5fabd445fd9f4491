package io.blockcam.simulator;

import io.blockcam.capture.ring.WallClock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;

/** Time that passes when it is told to. */
final class VirtualClock implements WallClock.Source, InstantSource {

  private static final Instant BEGINNING = Instant.parse("2026-11-22T10:00:00Z");

  private long passedNs;
  private long setByNs;
  private long boot;

  void pass(final Duration time) {
    passedNs += time.toNanos();
  }

  /** Somebody, or NTP, sets the wall clock: ahead, or back if it is negative. */
  void set(final Duration by) {
    setByNs += by.toNanos();
  }

  /** The machine loses its power and gets it back. */
  void reboot() {
    boot++;
  }

  @Override
  public UUID bootId() {
    return new UUID(0, boot);
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
    return BEGINNING.getEpochSecond() * 1_000_000_000 + passedNs + setByNs;
  }

  @Override
  public Instant instant() {
    return BEGINNING.plusNanos(passedNs);
  }
}
