package io.blockcam.archive.faults;

import java.io.IOException;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Runs a story many times, each time with another seed, the first one taken from the clock. The
 * seed stands in every failure; {@code -Dseed=N} runs one again, {@code -Dseconds=N} many for so
 * long.
 */
public final class Seeds {

  /** How long a story is told in the everyday tests. */
  private static final int SECONDS = 3;

  /** What happens with one seed. */
  @FunctionalInterface
  public interface Story {
    /** Fails when a rule does not hold. */
    void happen(RandomGenerator random) throws IOException;
  }

  private Seeds() {}

  /** Runs it until the time is over or it fails. */
  public static void forEach(final Story story) {
    forEach(SECONDS, story);
  }

  /**
   * Runs it until the time is over or it fails.
   *
   * @param seconds how long, where nothing else is asked for
   * @return the first seed; the others follow it
   */
  public static long forEach(final int seconds, final Story story) {
    final @Nullable String given = System.getProperty("seed");
    final long first = given == null ? System.nanoTime() : Long.parseLong(given);
    long seed = first;
    final long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(Long.getLong("seconds", seconds));
    do {
      try {
        story.happen(new SplittableRandom(seed));
      } catch (final IOException | RuntimeException | AssertionError e) {
        throw new AssertionError("-Dseed=" + seed, e);
      }
      seed++;
    } while (given == null && System.nanoTime() < end);
    return first;
  }
}
