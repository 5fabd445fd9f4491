package io.blockcam.archive.segment;

import io.blockcam.archive.hash.Sha256;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;

/** A growing table of 64-byte entries outside the heap, in chunks that never move. */
final class EntryTable {
  static final int ENTRY_BYTES = 64;
  private static final int CHUNK_ENTRIES = 4096;
  private static final int CHUNK_BYTES = CHUNK_ENTRIES * ENTRY_BYTES;

  private final Arena arena;
  private final List<MemorySegment> chunks = new ArrayList<>();
  private int count;

  EntryTable(final Arena arena) {
    this.arena = arena;
  }

  int count() {
    return count;
  }

  void add(final byte[] entry) {
    final int at = count % CHUNK_ENTRIES;
    if (at == 0) {
      chunks.add(arena.allocate(CHUNK_BYTES, ENTRY_BYTES));
    }
    MemorySegment.copy(
        entry, 0, chunks.getLast(), ValueLayout.JAVA_BYTE, (long) at * ENTRY_BYTES, ENTRY_BYTES);
    count++;
  }

  /** The bytes of entry {@code index}, in place. */
  MemorySegment entry(final int index) {
    return chunks
        .get(index / CHUNK_ENTRIES)
        .asSlice((long) (index % CHUNK_ENTRIES) * ENTRY_BYTES, ENTRY_BYTES);
  }

  /** Whether entry {@code index} has these bytes. */
  boolean equalsAt(final int index, final MemorySegment entry) {
    final long at = (long) (index % CHUNK_ENTRIES) * ENTRY_BYTES;
    return MemorySegment.mismatch(
            chunks.get(index / CHUNK_ENTRIES), at, at + ENTRY_BYTES, entry, 0, ENTRY_BYTES)
        < 0;
  }

  void hashInto(final Sha256 sha) {
    for (int chunk = 0; chunk < chunks.size(); chunk++) {
      sha.update(view(chunk));
    }
  }

  /** Writes all entries and returns the offset behind them. */
  long writeTo(final FileChannel channel, final long offset) throws IOException {
    long at = offset;
    for (int chunk = 0; chunk < chunks.size(); chunk++) {
      final ByteBuffer view = view(chunk);
      while (view.hasRemaining()) {
        at += channel.write(view, at);
      }
    }
    return at;
  }

  private ByteBuffer view(final int chunk) {
    final int entries = Math.min(CHUNK_ENTRIES, count - chunk * CHUNK_ENTRIES);
    return chunks.get(chunk).asSlice(0, (long) entries * ENTRY_BYTES).asByteBuffer();
  }
}
