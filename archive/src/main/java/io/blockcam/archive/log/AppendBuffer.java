package io.blockcam.archive.log;

import io.blockcam.archive.Writes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * The end of a file that is not written yet, so that the file sees few large writes. Hot path: no
 * allocation in {@link #append}. When a write fails nothing is forgotten; it may be tried again.
 *
 * <p>Where the file is longer, because it was another one before, zeroes follow what was written.
 */
final class AppendBuffer {
  /** Of zeroes: as long as a record. */
  static final int END_BYTES = 64;

  /** What {@link #reserve} adds at least: room for 62 commits of a block. */
  private static final int LEAST_RESERVED_BYTES = 256 << 10;

  /** What it adds at most, to a file that is as long already. */
  private static final int MOST_RESERVED_BYTES = 1 << 20;

  /** A sync that has more than this to write may have its new length, too. */
  private static final int LARGE_BYTES = 256 << 10;

  private static final ByteBuffer ZEROES =
      ByteBuffer.allocateDirect(MOST_RESERVED_BYTES).asReadOnlyBuffer();

  private final FileChannel channel;
  private final MemorySegment memory;
  private final ByteBuffer view;

  /** So far it holds what it did before. */
  private final long oldBytes;

  /** So far a sync has no new length to commit. */
  private long reservedOffset;

  private long fileOffset;
  private long syncedOffset;
  private boolean isSynced;
  private int pending;

  /**
   * @param fileOffset where the next byte belongs
   */
  AppendBuffer(
      final FileChannel channel, final Arena arena, final int capacityBytes, final long fileOffset)
      throws IOException {
    this.channel = channel;
    this.oldBytes = channel.size();
    this.reservedOffset = oldBytes;
    this.memory = arena.allocate(capacityBytes + END_BYTES, 4096);
    this.view = memory.asByteBuffer();
    this.fileOffset = fileOffset;
    this.syncedOffset = fileOffset;
  }

  boolean hasRoom(final int bytes) {
    return bytes <= memory.byteSize() - END_BYTES - pending;
  }

  void append(final byte[] bytes, final int offset, final int length) {
    MemorySegment.copy(bytes, offset, memory, ValueLayout.JAVA_BYTE, pending, length);
    pending += length;
  }

  /** Hands everything to the kernel. */
  void write() throws IOException {
    if (pending == 0) {
      return;
    }
    view.limit(pending + markEnd()).position(0);
    Writes.all(channel, view, fileOffset);
    fileOffset += pending;
    pending = 0;
  }

  /**
   * Makes the file longer than it has to be, by zeroes, if it ends here: before a sync, which has
   * to commit a new length then; those after it have not. Not before the first one, which may be
   * the only one, nor where a sync has much to write anyway. A help and no more: it may fail.
   */
  void reserve() {
    final long written = fileOffset - syncedOffset;
    final boolean isFirst = !isSynced;
    syncedOffset = fileOffset;
    isSynced = true;
    if (isFirst || fileOffset < reservedOffset || written > LARGE_BYTES) {
      return;
    }
    final int bytes = (int) Math.clamp(fileOffset, LEAST_RESERVED_BYTES, MOST_RESERVED_BYTES);
    reservedOffset = fileOffset + bytes;
    try {
      Writes.all(channel, ZEROES.slice(0, bytes), fileOffset);
    } catch (final IOException e) {
      reservedOffset = Long.MAX_VALUE; // no room, say: the records come first
    }
  }

  private int markEnd() {
    final int bytes = (int) Math.clamp(oldBytes - endOffset(), 0, END_BYTES);
    memory.asSlice(pending, bytes).fill((byte) 0);
    return bytes;
  }

  /** Where the first pending byte belongs. */
  long writtenOffset() {
    return fileOffset;
  }

  /** Where the next byte belongs, the pending ones counted. */
  long endOffset() {
    return fileOffset + pending;
  }

  /** Whether the bytes at this offset of the file are still here. */
  boolean holds(final long offset) {
    return offset >= fileOffset;
  }

  /** Whether the pending bytes at this offset of the file are these. */
  boolean equalsAt(final long offset, final MemorySegment bytes) {
    final long at = offset - fileOffset;
    return MemorySegment.mismatch(memory, at, at + bytes.byteSize(), bytes, 0, bytes.byteSize())
        < 0;
  }
}
