package io.blockcam.archive.log;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
}
