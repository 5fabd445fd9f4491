package io.blockcam.attach;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which chunks were read from lately, as many as the cache has room for: one that is read from
 * again is likely to be read from once more before it would be replaced there. May be wrong, for it
 * is a guess. Any thread.
 */
final class RecentChunks {
  private final AtomicLongArray chunks;

  /**
   * @param count how many are remembered
   */
  RecentChunks(final int count) {
    chunks = new AtomicLongArray(count);
  }

  private int slot(final long chunk) {
    return (int) Long.remainderUnsigned(chunk * 0x9E37_79B9_7F4A_7C15L >>> 20, chunks.length());
  }

  /**
   * Whether chunks side by side have been read from lately, all of them; from now on they have.
   *
   * @param end behind the last one
   */
  boolean seen(final long first, final long end) {
    boolean all = true;
    for (long chunk = first; chunk < end; chunk++) {
      all &= chunks.getAndSet(slot(chunk), chunk + 1) == chunk + 1; // 0: none yet
    }
    return all;
  }

  /** These are to be new again. */
  void forget(final long first, final long end) {
    for (long chunk = first; chunk < end; chunk++) {
      chunks.compareAndSet(slot(chunk), chunk + 1, 0);
    }
  }
}
