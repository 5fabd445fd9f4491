package io.blockcam.archive.index;

import static io.blockcam.archive.index.CatalogDescriptor.CRC32C_OFFSET;
import static io.blockcam.archive.index.CatalogDescriptor.MAGIC;
import static io.blockcam.archive.index.CatalogDescriptor.TABLES_OFFSET;
import static io.blockcam.archive.index.CatalogDescriptor.TRAILER_BYTES;
import static io.blockcam.archive.index.CatalogDescriptor.VERSION;

import io.blockcam.archive.hash.Crc32c;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** The end of a catalog; see {@link CatalogDescriptor}. */
record CatalogTrailer(
    RunCover cover, RefTable.Place keys, RefTable.Place blocks, RefTable.Place runs) {

  byte[] encode() {
    final ByteBuffer out = ByteBuffer.allocate(TRAILER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(MAGIC).putInt(VERSION);
    cover.encode(out);
    out.position(TABLES_OFFSET);
    for (final RefTable.Place place : List.of(keys, blocks, runs)) {
      out.putLong(place.count()).putLong(place.offset()).putLong(place.directoryOffset());
      out.putInt(place.summaryCrc32c()).putInt(0);
    }
    out.putInt(CRC32C_OFFSET, new Crc32c().of(out.array(), 0, CRC32C_OFFSET));
    return out.array();
  }

  /**
   * Decodes and checks.
   *
   * @param length of the file
   */
  static CatalogTrailer decode(final byte[] bytes, final long length, final String file)
      throws IndexException {
    final ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getLong(0) != MAGIC || in.getInt(8) != VERSION) {
      throw new IndexException(file, "is no catalog of version " + VERSION);
    }
    if (in.getInt(CRC32C_OFFSET) != new Crc32c().of(bytes, 0, CRC32C_OFFSET)) {
      throw new IndexException(file, "has a damaged trailer");
    }
    in.position(TABLES_OFFSET);
    final CatalogTrailer trailer =
        new CatalogTrailer(RunCover.decode(in), place(in), place(in), place(in));
    if (!trailer.isPossible(length)) {
      throw new IndexException(file, "says of itself what cannot be");
    }
    return trailer;
  }

  private static RefTable.Place place(final ByteBuffer in) {
    final RefTable.Place place =
        new RefTable.Place(in.getLong(), in.getLong(), in.getLong(), in.getInt());
    in.getInt();
    return place;
  }

  private boolean isPossible(final long length) {
    return cover.isPossible()
        && keys.isPossible()
        && blocks.isPossible()
        && runs.isPossible()
        && keys.offset() == 0
        && blocks.offset() == keys.end()
        && runs.offset() == blocks.end()
        && length == runs.end() + TRAILER_BYTES;
  }
}
