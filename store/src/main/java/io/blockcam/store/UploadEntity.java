package io.blockcam.store;

import io.blockcam.store.ReadAhead.Piece;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.ClosedChannelException;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.AbstractHttpEntity;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The body of a CREATE: one pass over the source, which is read, summed up for the comparison that
 * follows, and sent in large pieces.
 */
final class UploadEntity extends AbstractHttpEntity {
  private static final Logger LOG = LoggerFactory.getLogger(UploadEntity.class);

  /** Large enough that system calls cost nothing, small enough to stay in the cache of a core. */
  private static final int PIECE_BYTES = 512 << 10;

  private final ObjectSource source;
  private final HdfsChecksum checksum;
  private Watchdog.@Nullable Watch watch;
  private boolean complete;
  private boolean started;

  /**
   * @param algorithm by which HDFS will sum the object up
   */
  UploadEntity(final ObjectSource source, final HdfsChecksum.Algorithm algorithm) {
    // HttpFS refuses a body of any other type.
    super(ContentType.APPLICATION_OCTET_STREAM, null);
    this.source = source;
    this.checksum = new HdfsChecksum(algorithm);
  }

  /** Tells who is to know about progress. */
  void watchedBy(final Watchdog.Watch by) {
    this.watch = by;
  }

  /** Returns the checksum of what was sent; once, and only when it is {@link #complete}. */
  byte[] checksum() {
    return checksum.digest();
  }

  /** Returns whether the last byte was handed to the socket. */
  boolean complete() {
    return complete;
  }

  @Override
  public void writeTo(final OutputStream out) throws IOException {
    if (started) {
      throw new IllegalStateException("a body is sent once");
    }
    started = true;
    final int pieceBytes = (int) Math.max(1, Math.min(source.lengthBytes(), PIECE_BYTES));
    try (ReadAhead pieces = new ReadAhead(source, checksum, pieceBytes)) {
      for (Piece piece = pieces.next(); piece != null; piece = pieces.next()) {
        if (!write(out, piece)) {
          return;
        }
        pieces.giveBack(piece);
        if (watch != null) {
          watch.progress();
        }
      }
    }
    complete = true;
  }

  /**
   * Returns false when the server has answered early or has closed the connection. Before it did it
   * may have said why (no space, quota), and that still waits to be read: Linux hands out what was
   * received before the reset. So this is not yet an error; if nothing was said, reading the answer
   * will be one.
   */
  private static boolean write(final OutputStream out, final Piece piece) throws IOException {
    try {
      out.write(piece.bytes, 0, piece.length);
      return true;
    } catch (final ClosedChannelException e) {
      // Closed on our side: interrupted, stalled, or the store was closed.
      throw e;
    } catch (final IOException e) {
      LOG.debug("sending broke off: {}", e.getMessage());
      return false;
    }
  }

  @Override
  public long getContentLength() {
    return source.lengthBytes();
  }

  @Override
  public boolean isRepeatable() {
    return false;
  }

  @Override
  public boolean isStreaming() {
    return true;
  }

  @Override
  public InputStream getContent() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
