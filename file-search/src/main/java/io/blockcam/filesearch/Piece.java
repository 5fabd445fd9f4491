package io.blockcam.filesearch;

import static io.blockcam.archive.hash.SectorHash.SECTOR_BYTES;

import io.blockcam.archive.hash.Sha256Digest;
import java.util.Arrays;

/** What a piece of a file is known by: 4 KiB, or what the last one has. Immutable. */
public final class Piece {
  /** As many as a block of the record has. */
  public static final int MOST_BYTES = 4096;

  static final int MOST_SECTORS = MOST_BYTES / SECTOR_BYTES;

  private final int bytes;
  private final Sha256Digest digest;
  private final long[] sectors;
  private final int probative;

  /**
   * @param bytes of the file that are in it, 1 to {@value #MOST_BYTES}
   * @param digest SHA-256 of them
   * @param sectors XXH3-64 of each sector that begins in it, the last one filled with zeroes;
   *     copied
   * @param probative a bit for each of those that {@linkplain Probative says something}
   */
  Piece(final int bytes, final Sha256Digest digest, final long[] sectors, final int probative) {
    this.bytes = bytes;
    this.digest = digest;
    this.sectors = sectors.clone();
    this.probative = probative;
  }

  /** How many sectors a piece of so many bytes has. */
  static int sectors(final int bytes) {
    return -Math.floorDiv(-bytes, SECTOR_BYTES);
  }

  /** Bytes of the file that are in it. */
  public int bytes() {
    return bytes;
  }

  /** SHA-256 of them. */
  public Sha256Digest digest() {
    return digest;
  }

  /** How many sectors begin in it. */
  public int sectors() {
    return sectors.length;
  }

  /** XXH3-64 of one of them; the last one of a file is filled with zeroes. */
  public long sectorHash(final int sector) {
    return sectors[sector];
  }

  /** Whether it says something of the file that it is from. */
  public boolean isProbative(final int sector) {
    return (probative & 1 << sector) != 0;
  }

  /** A bit for each sector. */
  int probative() {
    return probative;
  }

  @Override
  public boolean equals(final Object other) {
    return other instanceof final Piece piece
        && piece.bytes == bytes
        && piece.probative == probative
        && piece.digest.equals(digest)
        && Arrays.equals(piece.sectors, sectors);
  }

  @Override
  public int hashCode() {
    return digest.hashCode();
  }

  @Override
  public String toString() {
    return "%d bytes, SHA-256 %s".formatted(bytes, digest);
  }
}
