package io.blockcam.capture.disk;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Some blocks of the disk side by side, as they were read. One thread. */
public final class DiskChunk {

  /** How many there are at most. */
  public static final int MOST_BLOCKS = 256;

  private static final MemorySegment ZEROES = MemorySegment.ofArray(new byte[BLOCK_BYTES]);

  private final BackingReader disk;
  private final long diskBytes;
  private final MemorySegment memory;

  /**
   * Takes its memory.
   *
   * @param diskBytes size of the disk
   * @param arena whose the memory is
   */
  public DiskChunk(final BackingReader disk, final long diskBytes, final Arena arena) {
    this.disk = disk;
    this.diskBytes = diskBytes;
    this.memory = arena.allocate((long) MOST_BLOCKS * BLOCK_BYTES, BLOCK_BYTES);
  }

  /**
   * Reads blocks. The last one of the disk may reach beyond its end: zeroes.
   *
   * @param block the first
   * @param blocks how many, 1 to {@link #MOST_BLOCKS}
   */
  public void read(final long block, final int blocks) throws IOException {
    final long offset = block * BLOCK_BYTES;
    final long bytes = Math.min((long) blocks * BLOCK_BYTES, diskBytes - offset);
    memory.fill((byte) 0);
    disk.read(memory.asSlice(0, bytes), offset);
  }

  /** Where block {@code i} lies in {@link #memory}. */
  public long offset(final int i) {
    return (long) i * BLOCK_BYTES;
  }

  /** The blocks that were read. */
  public MemorySegment memory() {
    return memory;
  }

  /** Whether block {@code i} is all zero. */
  public boolean isZero(final int i) {
    final long at = offset(i);
    return MemorySegment.mismatch(memory, at, at + BLOCK_BYTES, ZEROES, 0, BLOCK_BYTES) < 0;
  }
}
