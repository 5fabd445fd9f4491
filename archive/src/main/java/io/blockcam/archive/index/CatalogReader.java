package io.blockcam.archive.index;

import io.blockcam.archive.segment.RandomAccessBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Reads a catalog: where the records of some segments are, by what they hold and by their blocks.
 * It is a hint where to look; what it says of a record is in the record. Any thread.
 */
public final class CatalogReader {
  private final String name;
  private final RunCover cover;
  private final RefTable keys;
  private final RefTable blocks;
  private final RefTable runs;

  private CatalogReader(final RandomAccessBytes bytes, final CatalogTrailer trailer) {
    this.name = bytes.name();
    this.cover = trailer.cover();
    this.keys = new RefTable(bytes, trailer.keys(), cover);
    this.blocks = new RefTable(bytes, trailer.blocks(), cover);
    this.runs = new RefTable(bytes, trailer.runs(), cover);
  }

  /**
   * Reads the end of a catalog; the rest when it is asked for.
   *
   * @param bytes stays in use, and is not closed here
   * @throws IndexException when it is damaged
   */
  public static CatalogReader open(final RandomAccessBytes bytes) throws IOException {
    final long length = bytes.length();
    if (length < CatalogDescriptor.TRAILER_BYTES) {
      throw new IndexException(bytes.name(), "has %d bytes, and is no catalog".formatted(length));
    }
    final byte[] trailer = new byte[CatalogDescriptor.TRAILER_BYTES];
    bytes.read(length - trailer.length, ByteBuffer.wrap(trailer));
    return new CatalogReader(bytes, CatalogTrailer.decode(trailer, length, bytes.name()));
  }

  /** How errors call it. */
  public String name() {
    return name;
  }

  /** The segments whose records it names. */
  public RunCover cover() {
    return cover;
  }

  /** The records by their {@linkplain SectorKeys keys}. */
  public RefTable keys() {
    return keys;
  }

  /** The records of one block by that. */
  public RefTable blocks() {
    return blocks;
  }

  /** The records of several blocks by the first one. */
  public RefTable runs() {
    return runs;
  }

  /**
   * Reads all of it.
   *
   * @throws IndexException when it is damaged
   */
  public void check() throws IOException {
    for (final RefTable table : List.of(keys, blocks, runs)) {
      table.each((value, ref, more) -> {});
    }
  }
}
