package io.blockcam.capture.disk;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * A random sample of the blocks that were written, of a fixed size however many there are:
 * reservoir sampling, algorithm R (Vitter, "Random Sampling with a Reservoir", 1985).
 *
 * <p>{@link #add} is the consumer's and does not allocate; {@link #blocks} any thread's.
 */
public final class BlockSample {

  /** How many blocks at most. */
  public static final int SIZE = 64;

  private static final long FREE = -1;

  private final AtomicLongArray sample = new AtomicLongArray(SIZE);
  private long seen;
  private long random = 0x9e3779b97f4a7c15L;

  /** Nothing written yet. */
  public BlockSample() {
    for (int i = 0; i < SIZE; i++) {
      sample.setPlain(i, FREE);
    }
  }

  /** A block was written. */
  public void add(final long block) {
    final long place = seen < SIZE ? seen : Long.remainderUnsigned(next(), seen + 1);
    seen++;
    if (place < SIZE) {
      sample.setRelease((int) place, block);
    }
  }

  /** The blocks of the sample, each once, in order. */
  public long[] blocks() {
    final long[] blocks = new long[SIZE];
    for (int i = 0; i < SIZE; i++) {
      blocks[i] = sample.getAcquire(i);
    }
    return Arrays.stream(blocks).filter(block -> block != FREE).distinct().sorted().toArray();
  }

  /** Marsaglia's xorshift64. */
  private long next() {
    random ^= random << 13;
    random ^= random >>> 7;
    random ^= random << 17;
    return random;
  }
}
