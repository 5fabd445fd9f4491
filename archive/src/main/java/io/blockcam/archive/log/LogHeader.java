package io.blockcam.archive.log;

import static io.blockcam.archive.log.LogDescriptor.COPY_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.CRC32C_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.CREATED_NS_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.DISK_BYTES_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.EPOCH_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.FIRST_SEQUENCE_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.HEADER_BYTES;
import static io.blockcam.archive.log.LogDescriptor.MAGIC;
import static io.blockcam.archive.log.LogDescriptor.MAGIC_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.RESERVED_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.SALT_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.SEGMENT_NUMBER_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.VERSION;
import static io.blockcam.archive.log.LogDescriptor.VERSION_OFFSET;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.blockcam.archive.FormatVersion;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.Uuids;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What stands at the beginning of a log.
 *
 * @param segment header of the segment that is made of it
 * @param salt of its checksums
 */
record LogHeader(SegmentHeader segment, int salt) {
  private static final int USED_BYTES = CRC32C_OFFSET + Integer.BYTES;

  byte[] encode() {
    final byte[] bytes = new byte[HEADER_BYTES];
    final ByteBuffer memory = ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN);
    memory.putLong(MAGIC_OFFSET, MAGIC);
    memory.putInt(VERSION_OFFSET, VERSION);
    Uuids.set(memory, RECORDING_ID_OFFSET, segment.recordingId());
    memory.putLong(EPOCH_OFFSET, segment.epoch());
    memory.putLong(SEGMENT_NUMBER_OFFSET, segment.segmentNumber());
    memory.putLong(FIRST_SEQUENCE_OFFSET, segment.firstSequence());
    memory.putLong(CREATED_NS_OFFSET, segment.createdNs());
    memory.putLong(DISK_BYTES_OFFSET, segment.diskBytes());
    memory.putInt(SALT_OFFSET, salt);
    memory.putInt(CRC32C_OFFSET, new Crc32c().of(bytes, 0, CRC32C_OFFSET));
    System.arraycopy(bytes, 0, bytes, COPY_OFFSET, USED_BYTES);
    return bytes;
  }

  /**
   * Reads a header; where it is damaged, its copy.
   *
   * @param bytes as many of the 4096 as the file has
   * @param file for errors
   */
  static LogHeader decode(final byte[] bytes, final String file) throws SegmentException {
    try {
      return decodeFirst(bytes, file);
    } catch (final SegmentException damage) {
      if (bytes.length < HEADER_BYTES) {
        throw damage;
      }
      final byte[] copy = new byte[HEADER_BYTES];
      System.arraycopy(bytes, COPY_OFFSET, copy, 0, USED_BYTES);
      System.arraycopy(bytes, COPY_OFFSET, copy, COPY_OFFSET, USED_BYTES);
      try {
        return decodeFirst(copy, file);
      } catch (final SegmentException both) {
        throw damage;
      }
    }
  }

  private static LogHeader decodeFirst(final byte[] bytes, final String file)
      throws SegmentException {
    if (bytes.length < HEADER_BYTES) {
      throw SegmentException.of(
          file,
          "the log of a segment has at least %d bytes, this file %d"
              .formatted(HEADER_BYTES, bytes.length));
    }
    final ByteBuffer memory = ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN);
    final long magic = memory.getLong(MAGIC_OFFSET);
    if (magic != MAGIC) {
      throw SegmentException.at(
          file, MAGIC_OFFSET, "magic is %016x, so this is no log of a segment".formatted(magic));
    }
    final int version = memory.getInt(VERSION_OFFSET);
    if (version != VERSION) {
      throw SegmentException.at(
          file, VERSION_OFFSET, FormatVersion.unknown(Integer.toUnsignedLong(version), VERSION));
    }
    final int stored = memory.getInt(CRC32C_OFFSET);
    final int computed = new Crc32c().of(bytes, 0, CRC32C_OFFSET);
    if (stored != computed) {
      throw SegmentException.at(
          file,
          CRC32C_OFFSET,
          "the header's CRC32C is 0x%08x but its bytes give 0x%08x".formatted(stored, computed));
    }
    if (memory.getInt(RESERVED_OFFSET) != 0
        || !isZero(bytes, USED_BYTES, COPY_OFFSET)
        || !isZero(bytes, COPY_OFFSET + USED_BYTES, HEADER_BYTES)) {
      throw SegmentException.of(file, "reserved bytes of the header are not zero");
    }
    return new LogHeader(segment(memory, file), memory.getInt(SALT_OFFSET));
  }

  private static boolean isZero(final byte[] bytes, final int from, final int to) {
    return Arrays.equals(bytes, from, to, new byte[to - from], 0, to - from);
  }

  private static SegmentHeader segment(final ByteBuffer memory, final String file)
      throws SegmentException {
    try {
      return new SegmentHeader(
          Uuids.get(memory, RECORDING_ID_OFFSET),
          memory.getLong(EPOCH_OFFSET),
          memory.getLong(SEGMENT_NUMBER_OFFSET),
          memory.getLong(FIRST_SEQUENCE_OFFSET),
          memory.getLong(CREATED_NS_OFFSET),
          memory.getLong(DISK_BYTES_OFFSET));
    } catch (final IllegalArgumentException e) {
      throw SegmentException.of(file, String.valueOf(e.getMessage()));
    }
  }
}
