package io.blockcam.filesearch;

import static io.blockcam.archive.hash.SectorHash.SECTOR_BYTES;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Reads files and tells what they are known by. One thread. */
public final class FileHasher {
  private final Sha256 whole = new Sha256();
  private final Sha256 ofPiece = new Sha256();
  private final byte[] buffer = new byte[Piece.MOST_BYTES];

  /**
   * Reads a file to its end.
   *
   * @param path what it is called from now on
   * @param in stays the caller's
   * @throws UnreadableException when it cannot be read; the sink is told that it is abandoned
   * @throws IOException when the sink cannot take it
   */
  public void read(final String path, final InputStream in, final FileSink sink)
      throws IOException {
    sink.begin(path);
    boolean done = false;
    try {
      long bytes = 0;
      int count;
      do {
        count = next(in);
        if (count > 0) {
          whole.update(buffer, 0, count);
          sink.piece(piece(count));
          bytes += count;
        }
      } while (count == buffer.length);
      sink.end(bytes, whole.finish());
      done = true;
    } finally {
      if (!done) {
        whole.finish(); // begins anew
        sink.abandon();
      }
    }
  }

  /** A file cannot be read. */
  public static final class UnreadableException extends IOException {
    private static final long serialVersionUID = 1L;

    private final IOException why;

    UnreadableException(final IOException why) {
      super(why.getMessage(), why);
      this.why = why;
    }

    /** What reading it has thrown. */
    IOException why() {
      return why;
    }
  }

  private int next(final InputStream in) throws UnreadableException {
    try {
      return in.readNBytes(buffer, 0, buffer.length);
    } catch (final IOException e) {
      throw new UnreadableException(e);
    }
  }

  private Piece piece(final int bytes) {
    ofPiece.update(buffer, 0, bytes);
    final int sectors = Piece.sectors(bytes);
    Arrays.fill(buffer, bytes, sectors * SECTOR_BYTES, (byte) 0);
    final long[] hashes = new long[sectors];
    int probative = 0;
    for (int s = 0; s < sectors; s++) {
      hashes[s] = SectorHash.of(buffer, s * SECTOR_BYTES);
      probative |= Probative.is(buffer, s * SECTOR_BYTES) ? 1 << s : 0;
    }
    return new Piece(bytes, ofPiece.finish(), hashes, probative);
  }
}
