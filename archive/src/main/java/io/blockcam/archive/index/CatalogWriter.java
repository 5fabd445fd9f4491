package io.blockcam.archive.index;

import java.io.IOException;
import java.io.OutputStream;

/** Writes a catalog. One thread. */
final class CatalogWriter implements RefTableWriter.Out {
  private final OutputStream out;
  private long offset;

  CatalogWriter(final OutputStream out) {
    this.out = out;
  }

  /** Hands out the references of a table, in their order. */
  @FunctionalInterface
  interface Content {
    void each(RefCursor.Sink sink) throws IOException;
  }

  void write(final RunCover cover, final Content keys, final Content blocks, final Content runs)
      throws IOException {
    write(new CatalogTrailer(cover, table(keys), table(blocks), table(runs)).encode());
  }

  private RefTable.Place table(final Content content) throws IOException {
    final RefTableWriter table = new RefTableWriter(this);
    content.each(table);
    return table.finish();
  }

  @Override
  public long offset() {
    return offset;
  }

  @Override
  public void write(final byte[] bytes) throws IOException {
    out.write(bytes);
    offset += bytes.length;
  }
}
