package io.blockcam.store;

import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Checksum;

/**
 * Computes what GETFILECHECKSUM of HDFS answers, from the bytes of a file, while they stream by.
 *
 * <p>HDFS keeps a CRC per chunk of {@code bytesPerCrc} bytes. The checksum of a block is the MD5 of
 * its CRCs (big-endian), that of a file the MD5 of the MD5s of its blocks (FileChecksumHelper,
 * MD5MD5CRC32FileChecksum). The latter is taken over the whole backing array of a DataOutputBuffer:
 * the block MD5s are followed by zeroes up to the next power of two, 32 bytes at least.
 */
final class HdfsChecksum {
  private static final Pattern NAME =
      Pattern.compile("MD5-of-(\\d{1,18})MD5-of-(\\d{1,9})(CRC32C?)");
  private static final int CRC_BUFFER_BYTES = 8192;

  /**
   * How HDFS computed a checksum.
   *
   * @param crcsPerBlock CRCs in a full block; 0 when the file has one block only
   * @param bytesPerCrc bytes a CRC stands for
   * @param castagnoli CRC32C rather than CRC32
   */
  record Algorithm(long crcsPerBlock, int bytesPerCrc, boolean castagnoli) {

    /** Reads the name that GETFILECHECKSUM answers; empty when it is none of this family. */
    static Optional<Algorithm> parse(final String name) {
      final Matcher matcher = NAME.matcher(name);
      if (!matcher.matches()) {
        return Optional.empty();
      }
      final long crcsPerBlock = Long.parseLong(matcher.group(1));
      final int bytesPerCrc = Integer.parseInt(matcher.group(2));
      if (bytesPerCrc == 0 || crcsPerBlock > Long.MAX_VALUE / bytesPerCrc) {
        return Optional.empty();
      }
      return Optional.of(
          new Algorithm(crcsPerBlock, bytesPerCrc, matcher.group(3).equals("CRC32C")));
    }

    /**
     * Returns what HDFS uses by default (dfs.bytes-per-checksum, dfs.checksum.type) for a file.
     *
     * @param lengthBytes length of the file
     * @param blockBytes its block size, a multiple of 512
     */
    static Algorithm usual(final long lengthBytes, final long blockBytes) {
      return new Algorithm(lengthBytes <= blockBytes ? 0 : blockBytes / 512, 512, true);
    }
  }

  private final int bytesPerCrc;
  private final long blockBytes;
  private final Checksum crc;
  private final MessageDigest md5;
  private final byte[] crcs = new byte[CRC_BUFFER_BYTES];
  private final ByteArrayOutputStream blockMd5s = new ByteArrayOutputStream();
  private int crcsFill;
  private int chunkFill;
  private long blockFill;

  HdfsChecksum(final Algorithm algorithm) {
    this.bytesPerCrc = algorithm.bytesPerCrc();
    this.blockBytes =
        algorithm.crcsPerBlock() == 0
            ? Long.MAX_VALUE
            : algorithm.crcsPerBlock() * algorithm.bytesPerCrc();
    this.crc = algorithm.castagnoli() ? new CRC32C() : new CRC32();
    try {
      this.md5 = MessageDigest.getInstance("MD5");
    } catch (final NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Takes the next bytes of the file. */
  void update(final byte[] bytes, final int offset, final int length) {
    int at = offset;
    int left = length;
    while (left > 0) {
      final int part = Math.min(left, bytesPerCrc - chunkFill);
      crc.update(bytes, at, part);
      at += part;
      left -= part;
      chunkFill += part;
      if (chunkFill == bytesPerCrc) {
        endChunk();
      }
    }
  }

  /**
   * Ends the file.
   *
   * @return 16 bytes
   */
  byte[] digest() {
    if (chunkFill > 0) {
      endChunk();
    }
    if (blockFill > 0) {
      endBlock();
    }
    int size = 32;
    while (size < blockMd5s.size()) {
      size *= 2;
    }
    return md5.digest(Arrays.copyOf(blockMd5s.toByteArray(), size));
  }

  private void endChunk() {
    final int value = (int) crc.getValue();
    crc.reset();
    crcs[crcsFill++] = (byte) (value >>> 24);
    crcs[crcsFill++] = (byte) (value >>> 16);
    crcs[crcsFill++] = (byte) (value >>> 8);
    crcs[crcsFill++] = (byte) value;
    if (crcsFill == crcs.length) {
      md5.update(crcs);
      crcsFill = 0;
    }
    blockFill += chunkFill;
    chunkFill = 0;
    if (blockFill >= blockBytes) {
      endBlock();
    }
  }

  private void endBlock() {
    md5.update(crcs, 0, crcsFill);
    crcsFill = 0;
    blockFill = 0;
    blockMd5s.writeBytes(md5.digest());
  }
}
