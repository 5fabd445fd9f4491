package io.blockcam.archive.log;

import static io.blockcam.archive.log.LogDescriptor.END_BYTES;
import static io.blockcam.archive.log.LogDescriptor.END_CRC32C_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.END_FIRST_TIMESTAMP_NS_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.END_FLAGS_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.END_FLAG_RECOVERED;
import static io.blockcam.archive.log.LogDescriptor.END_LAST_TIMESTAMP_NS_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.END_MAGIC;
import static io.blockcam.archive.log.LogDescriptor.END_MAGIC_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.END_PAYLOADS_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.END_RECORDS_OFFSET;
import static io.blockcam.archive.log.LogDescriptor.HEADER_BYTES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The log of a segment that takes no more records: what its header and its end mark say.
 *
 * @param path where it lies
 * @param header of the segment
 * @param recovered whether recovery has sealed it
 * @param recordCount records, at least 1
 * @param payloadCount payloads that they own
 * @param firstTimestampNs timestamp of the first record
 * @param lastTimestampNs timestamp of the last record
 */
public record SealedLog(
    Path path,
    SegmentHeader header,
    boolean recovered,
    int recordCount,
    int payloadCount,
    long firstTimestampNs,
    long lastTimestampNs) {

  /** Bytes of the file. */
  public long bytes() {
    return LogDescriptor.bytes(recordCount, payloadCount);
  }

  /** Sequence of the last record. */
  public long lastSequence() {
    return header.firstSequence() + recordCount - 1;
  }

  /**
   * Reads header and end mark of a log; what is between them it does not look at.
   *
   * @throws SegmentException when one of them is damaged, or they describe another file
   */
  public static SealedLog open(final Path path) throws IOException {
    try (FileBytes bytes = FileBytes.open(path)) {
      final LogHeader header = header(bytes);
      final byte[] end = new byte[END_BYTES];
      if (bytes.length() < HEADER_BYTES + END_BYTES) {
        throw SegmentException.of(
            bytes.name(), "has no end mark, only %d bytes".formatted(bytes.length()));
      }
      bytes.read(bytes.length() - END_BYTES, ByteBuffer.wrap(end));
      if (!isEnd(end, header.salt(), new Crc32c())) {
        throw SegmentException.at(
            bytes.name(),
            bytes.length() - END_BYTES,
            "no end mark of this log: the file is cut short, or damaged there");
      }
      final int flags = ByteBuffer.wrap(end).order(LITTLE_ENDIAN).getInt(END_FLAGS_OFFSET);
      if ((flags & ~END_FLAG_RECOVERED) != 0) {
        throw SegmentException.of(
            bytes.name(), "flags 0x%08x of its end mark have an unknown bit".formatted(flags));
      }
      final SealedLog log = of(path, header, end);
      if (log.bytes() != bytes.length()
          || log.recordCount < 1
          || log.recordCount > SegmentLimits.MAX_RECORDS
          || log.payloadCount < 0
          || log.payloadCount > log.recordCount) {
        throw SegmentException.of(
            bytes.name(),
            "its end mark tells of %s records and %s payloads, not of the %d bytes that it has"
                .formatted(
                    Integer.toUnsignedString(log.recordCount),
                    Integer.toUnsignedString(log.payloadCount),
                    bytes.length()));
      }
      return log;
    }
  }

  /**
   * Reads the header alone.
   *
   * @throws SegmentException when it is damaged, and its copy as well
   */
  public static SegmentHeader header(final Path path) throws IOException {
    try (FileBytes bytes = FileBytes.open(path)) {
      return header(bytes).segment();
    }
  }

  static LogHeader header(final FileBytes bytes) throws IOException {
    final byte[] header = new byte[(int) Math.min(HEADER_BYTES, bytes.length())];
    bytes.read(0, ByteBuffer.wrap(header));
    return LogHeader.decode(header, bytes.name());
  }

  private static SealedLog of(final Path path, final LogHeader header, final byte[] end) {
    final ByteBuffer memory = ByteBuffer.wrap(end).order(LITTLE_ENDIAN);
    return new SealedLog(
        path,
        header.segment(),
        memory.getInt(END_FLAGS_OFFSET) != 0,
        memory.getInt(END_RECORDS_OFFSET),
        memory.getInt(END_PAYLOADS_OFFSET),
        memory.getLong(END_FIRST_TIMESTAMP_NS_OFFSET),
        memory.getLong(END_LAST_TIMESTAMP_NS_OFFSET));
  }

  /** The 64 bytes that say so behind the last record. */
  byte[] encodeEnd(final int salt) {
    final byte[] end = new byte[END_BYTES];
    final ByteBuffer memory = ByteBuffer.wrap(end).order(LITTLE_ENDIAN);
    memory.putLong(END_MAGIC_OFFSET, END_MAGIC);
    memory.putInt(END_RECORDS_OFFSET, recordCount);
    memory.putInt(END_PAYLOADS_OFFSET, payloadCount);
    memory.putLong(END_FIRST_TIMESTAMP_NS_OFFSET, firstTimestampNs);
    memory.putLong(END_LAST_TIMESTAMP_NS_OFFSET, lastTimestampNs);
    memory.putInt(END_FLAGS_OFFSET, recovered ? END_FLAG_RECOVERED : 0);
    memory.putInt(END_CRC32C_OFFSET, new Crc32c().of(end, 0, END_CRC32C_OFFSET) ^ salt);
    return end;
  }

  /** Whether these 64 bytes are an end mark of the log with this salt. */
  static boolean isEnd(final byte[] bytes, final int salt, final Crc32c crc) {
    final ByteBuffer memory = ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN);
    return memory.getLong(END_MAGIC_OFFSET) == END_MAGIC
        && memory.getInt(END_CRC32C_OFFSET) == (crc.of(bytes, 0, END_CRC32C_OFFSET) ^ salt);
  }
}
