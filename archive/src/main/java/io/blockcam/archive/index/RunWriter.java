package io.blockcam.archive.index;

import io.blockcam.archive.hash.Crc32c;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** Writes a run of the index, window after window. The same content gives the same bytes. */
final class RunWriter {
  private final OutputStream out;
  private final Crc32c crc = new Crc32c();
  private final List<Page.Entry> directory = new ArrayList<>();
  private Page page = new Page();
  private long offset;
  private long pieces;

  /**
   * @param out stays the caller's; should be buffered
   */
  RunWriter(final OutputStream out) {
    this.out = out;
  }

  /** Adds a window that lies behind those before; an empty one is left out. */
  void add(final WindowStack window) throws IOException {
    if (window.isEmpty()) {
      return;
    }
    if (page.isFull() || !page.reaches(window.end())) {
      flush();
    }
    window.forEachPiece(page::add);
    window.forEachZero(page.zeroes()::add);
    window.forEachDoubt((from, to, sectors) -> page.doubts().add(from, to, sectors));
    pieces += window.pieces();
  }

  /**
   * Adds whole windows that lie behind those before, and are all the same.
   *
   * @param inDoubt the sectors of each block
   */
  void add(final long from, final long to, final boolean isZero, final int inDoubt)
      throws IOException {
    if (page.isFull()) {
      flush();
    }
    if (isZero) {
      page.zeroes().add(from, to);
    }
    if (inDoubt != 0) {
      page.doubts().add(from, to, inDoubt);
    }
  }

  private void flush() throws IOException {
    if (page.isEmpty()) {
      return;
    }
    final byte[] stored = page.encode();
    directory.add(
        new Page.Entry(
            page.firstBlock(),
            page.endBlock(),
            offset,
            stored.length,
            crc.of(stored, 0, stored.length),
            page.pieces(),
            page.partial(),
            page.zeroes().count(),
            page.doubts().count()));
    write(stored);
    page = new Page();
  }

  /** A table of a run that may be larger than memory. */
  @FunctionalInterface
  interface Entries {
    /** Hands out all of them, in order, some at a time. */
    void each(Sink sink) throws IOException;
  }

  /** Takes entries of a table. */
  @FunctionalInterface
  interface Sink {
    /**
     * Some whole ones.
     *
     * @param some from its position to its limit; only during the call
     */
    void take(ByteBuffer some) throws IOException;
  }

  /**
   * Ends the run.
   *
   * @param digests of all segments, in order
   * @param events as they are stored
   */
  void finish(final RunCover cover, final Entries digests, final Entries events)
      throws IOException {
    flush();
    final long eventsOffset = offset;
    final CRC32C eventsCrc = new CRC32C();
    events.each(
        some -> {
          eventsCrc.update(some.duplicate());
          write(some);
        });
    final long digestsOffset = offset;
    digests.each(this::write);
    final long directoryOffset = offset;
    final ByteBuffer entries = buffer(directory.size() * RunDescriptor.DIRECTORY_ENTRY_BYTES);
    for (final Page.Entry entry : directory) {
      entries.putLong(entry.firstBlock()).putLong(entry.endBlock()).putLong(entry.offset());
      entries.putInt(entry.bytes()).putInt(entry.crc32c());
      entries.putInt(entry.pieces()).putInt(entry.partial());
      entries.putInt(entry.zeroes()).putInt(entry.doubts());
    }
    write(entries.array());
    final RunTrailer trailer =
        new RunTrailer(
            cover,
            directory.size(),
            pieces,
            eventsOffset,
            digestsOffset,
            directoryOffset,
            Math.toIntExact((digestsOffset - eventsOffset) / RunDescriptor.EVENT_BYTES),
            (int) eventsCrc.getValue(),
            crc.of(entries.array(), 0, entries.capacity()));
    write(trailer.encode());
  }

  private static ByteBuffer buffer(final int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void write(final byte[] bytes) throws IOException {
    write(ByteBuffer.wrap(bytes));
  }

  private void write(final ByteBuffer bytes) throws IOException {
    out.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
    offset += bytes.remaining();
  }
}
