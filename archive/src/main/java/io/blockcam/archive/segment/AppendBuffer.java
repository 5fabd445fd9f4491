package io.blockcam.archive.segment;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * The end of a file that is not written yet, so that the file sees few large writes. Hot path: no
 * allocation in {@link #append}. When a write fails nothing is forgotten; it may be tried again.
 */
final class AppendBuffer {
  private final FileChannel channel;
  private final MemorySegment memory;
  private final ByteBuffer view;
  private long fileOffset;
  private int pending;

  /**
   * @param fileOffset where the next byte belongs
   */
  AppendBuffer(
      final FileChannel channel,
      final Arena arena,
      final int capacityBytes,
      final long fileOffset) {
    this.channel = channel;
    this.memory = arena.allocate(capacityBytes, 4096);
    this.view = memory.asByteBuffer();
    this.fileOffset = fileOffset;
  }

  boolean hasRoom(final int bytes) {
    return bytes <= memory.byteSize() - pending;
  }

  void append(final byte[] bytes) {
    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, pending, bytes.length);
    pending += bytes.length;
  }

  /** Hands everything to the kernel. */
  void write() throws IOException {
    view.limit(pending).position(0);
    while (view.hasRemaining()) {
      channel.write(view, fileOffset + view.position());
    }
    fileOffset += pending;
    pending = 0;
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
