package io.blockcam.filesearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.ZstdOutputStream;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import java.io.Closeable;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Writes a list of hashes, however long: nothing of it is kept. A list without its end is none, so
 * that one that was cut short is noticed. One thread.
 */
public final class HashListWriter implements FileSink, Closeable {
  private final OutputStream out;
  private final Sha256 digest = new Sha256();
  private final ByteBuffer buffer =
      ByteBuffer.allocate(3 + HashListDescriptor.MOST_PATH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private long files;

  /**
   * Begins one.
   *
   * @param out where to; stays the caller's
   */
  public HashListWriter(final OutputStream out) throws IOException {
    out.write(
        ByteBuffer.allocate(HashListDescriptor.HEADER_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(HashListDescriptor.MAGIC)
            .putInt(HashListDescriptor.VERSION)
            .array());
    this.out = new ZstdOutputStream(new Unclosed(out));
  }

  @Override
  public void begin(final String path) throws IOException {
    final byte[] bytes = path.getBytes(UTF_8);
    if (bytes.length > HashListDescriptor.MOST_PATH_BYTES) {
      throw new IOException("a path of %d bytes is too long: %s".formatted(bytes.length, path));
    }
    buffer.put(HashListDescriptor.FILE).putShort((short) bytes.length).put(bytes);
    write();
  }

  @Override
  public void piece(final Piece piece) throws IOException {
    buffer
        .put(HashListDescriptor.PIECE)
        .putShort((short) piece.bytes())
        .put(piece.digest().toByteArray())
        .put((byte) piece.probative());
    for (int s = 0; s < piece.sectors(); s++) {
      buffer.putLong(piece.sectorHash(s));
    }
    write();
  }

  @Override
  public void end(final long bytes, final Sha256Digest ofAll) throws IOException {
    buffer.put(HashListDescriptor.END_OF_FILE).putLong(bytes).put(ofAll.toByteArray());
    write();
    files++;
  }

  @Override
  public void abandon() throws IOException {
    buffer.put(HashListDescriptor.ABANDONED);
    write();
  }

  /** Ends the list: without that it is none. */
  public void finish() throws IOException {
    final Sha256Digest before = digest.finish();
    buffer.put(HashListDescriptor.END).putLong(files).put(before.toByteArray());
    write();
    close();
  }

  private void write() throws IOException {
    digest.update(buffer.array(), 0, buffer.position());
    out.write(buffer.array(), 0, buffer.position());
    buffer.clear();
  }

  /** Gives back memory outside of the heap. */
  @Override
  public void close() throws IOException {
    out.close();
  }

  /** What the end of a zstd stream must not close. */
  private static final class Unclosed extends FilterOutputStream {

    Unclosed(final OutputStream out) {
      super(out);
    }

    @Override
    public void write(final byte[] b, final int off, final int len) throws IOException {
      out.write(b, off, len);
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
