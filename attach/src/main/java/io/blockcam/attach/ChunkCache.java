package io.blockcam.attach;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Chunks of a disk that were read, in a fixed piece of memory. {@link #copy} may be called by any
 * thread and neither blocks nor allocates: a chunk that is replaced while it is copied is seen by
 * its version (a sequence lock), and counts as not there.
 */
final class ChunkCache implements AutoCloseable {
  /** 128 KiB: what a frame of a segment holds, so that none is decoded for less. */
  static final int CHUNK_BYTES = 128 << 10;

  private static final int WAYS = 8;
  private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;
  private final int sets;

  /** Of each slot: which chunk, or -1. */
  private final long[] chunks;

  /** Of each slot: odd while it is written. */
  private final long[] versions;

  /** Of each set: which slot is replaced next. */
  private final int[] next;

  /**
   * @param bytes at most so much memory, at least a MiB
   */
  ChunkCache(final long bytes) {
    sets = Integer.highestOneBit((int) Math.clamp(bytes / CHUNK_BYTES / WAYS, 1, 1 << 20));
    chunks = new long[sets * WAYS];
    versions = new long[sets * WAYS];
    next = new int[sets];
    Arrays.fill(chunks, -1);
    memory = arena.allocate((long) chunks.length * CHUNK_BYTES, 4096);
  }

  /** How many it has room for. */
  int chunks() {
    return chunks.length;
  }

  private int set(final long chunk) {
    return (int) (chunk * 0x9E37_79B9_7F4A_7C15L >>> 40) & (sets - 1);
  }

  /**
   * Copies part of the disk, if all of it is there.
   *
   * @param offset on the disk
   * @return false when it is not; what was copied then is of no use
   */
  boolean copy(
      final long offset, final int length, final MemorySegment into, final long intoOffset) {
    int done = 0;
    while (done < length) {
      final long at = offset + done;
      final int within = (int) (at % CHUNK_BYTES);
      final int part = Math.min(length - done, CHUNK_BYTES - within);
      if (!copyOne(at / CHUNK_BYTES, within, part, into, intoOffset + done)) {
        return false;
      }
      done += part;
    }
    return true;
  }

  private boolean copyOne(
      final long chunk,
      final int within,
      final int length,
      final MemorySegment into,
      final long intoOffset) {
    final int first = set(chunk) * WAYS;
    for (int slot = first; slot < first + WAYS; slot++) {
      final long version = (long) LONGS.getAcquire(versions, slot);
      if ((long) LONGS.getOpaque(chunks, slot) == chunk && (version & 1) == 0) {
        MemorySegment.copy(memory, (long) slot * CHUNK_BYTES + within, into, intoOffset, length);
        VarHandle.loadLoadFence();
        return (long) LONGS.getOpaque(versions, slot) == version
            && (long) LONGS.getOpaque(chunks, slot) == chunk;
      }
    }
    return false;
  }

  /** Whether a chunk is there now. */
  boolean holds(final long chunk) {
    final int first = set(chunk) * WAYS;
    for (int slot = first; slot < first + WAYS; slot++) {
      if ((long) LONGS.getAcquire(chunks, slot) == chunk) {
        return true;
      }
    }
    return false;
  }

  /**
   * Puts a chunk in the place of another one.
   *
   * @param content up to {@link #CHUNK_BYTES} of it, from the first byte on; fewer at the end of
   *     the disk
   */
  synchronized void put(final long chunk, final MemorySegment content) {
    if (holds(chunk)) {
      return;
    }
    final int set = set(chunk);
    final int slot = set * WAYS + next[set];
    next[set] = (next[set] + 1) % WAYS;
    final long version = versions[slot];
    LONGS.setOpaque(versions, slot, version + 1);
    VarHandle.storeStoreFence();
    LONGS.setOpaque(chunks, slot, chunk);
    MemorySegment.copy(content, 0, memory, (long) slot * CHUNK_BYTES, content.byteSize());
    LONGS.setRelease(versions, slot, version + 2);
  }

  /** Frees the memory; nobody may use it any more. */
  @Override
  public void close() {
    arena.close();
  }
}
