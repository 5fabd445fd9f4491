package io.blockcam.filesearch;

import io.blockcam.archive.hash.Sha256Digest;
import java.io.IOException;

/** Takes what files are known by, one file after the other. */
public interface FileSink {

  /**
   * A file begins.
   *
   * @param path as it was named
   */
  void begin(String path) throws IOException;

  /** Its next piece; behind the first ones all are full but the last. */
  void piece(Piece piece) throws IOException;

  /**
   * It is over.
   *
   * @param bytes of all its pieces
   * @param digest SHA-256 of them
   */
  void end(long bytes, Sha256Digest digest) throws IOException;

  /** It could not be read to its end, or changed meanwhile: nothing of it counts. */
  void abandon() throws IOException;
}
