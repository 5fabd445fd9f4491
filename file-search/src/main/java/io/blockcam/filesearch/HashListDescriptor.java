package io.blockcam.filesearch;

/**
 * A list of hashes as a file, described in docs/hash-list.md:
 *
 * <pre>
 *   0        8    12   16
 *  | BLKCAMHL| v  | 0  | a zstd stream of tags ...
 *
 *  F  u16 bytes of the path, the path: a file begins
 *  P  u16 bytes of a piece, their SHA-256, a bit for each probative sector (u8),
 *     u64 for each sector: its XXH3-64
 *  E  u64 bytes of the file, their SHA-256: it is over
 *  A  it is abandoned: nothing of it counts
 *  Z  u64 files that are over, SHA-256 of all before this tag: the end
 * </pre>
 *
 * <p>Numbers are little endian.
 */
final class HashListDescriptor {
  static final long MAGIC = 0x4c48_4d41_434b_4c42L; // BLKCAMHL
  static final int VERSION = 1;
  static final int HEADER_BYTES = 16;

  /** PATH_MAX of Linux. */
  static final int MOST_PATH_BYTES = 4096;

  static final byte FILE = 'F';
  static final byte PIECE = 'P';
  static final byte END_OF_FILE = 'E';
  static final byte ABANDONED = 'A';
  static final byte END = 'Z';

  private HashListDescriptor() {}
}
