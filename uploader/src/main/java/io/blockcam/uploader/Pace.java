package io.blockcam.uploader;

import java.time.InstantSource;
import java.util.random.RandomGenerator;

/**
 * When to try again.
 *
 * @param backoff how long to wait after a failure
 * @param clock tells since when it fails
 * @param random spreads the waits of many recorders
 */
public record Pace(Backoff backoff, InstantSource clock, RandomGenerator random) {
  /** Of everybody but a test. */
  public static Pace usual() {
    return new Pace(Backoff.DEFAULT, InstantSource.system(), RandomGenerator.getDefault());
  }
}
