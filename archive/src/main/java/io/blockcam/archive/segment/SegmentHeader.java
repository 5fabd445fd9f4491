package io.blockcam.archive.segment;

import static io.blockcam.archive.segment.SegmentHeaderDescriptor.BLOCK_BYTES_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.CRC32C_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.CREATED_NS_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.DISK_BYTES_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.EPOCH_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.FIRST_SEQUENCE_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.HEADER_BYTES;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.HEADER_BYTES_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.MAGIC;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.MAGIC_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.RESERVED_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.SEGMENT_NUMBER_OFFSET;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.VERSION;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.VERSION_OFFSET;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.blockcam.archive.FormatVersion;
import io.blockcam.archive.SegmentName;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.RecordDescriptor;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * What stands at the beginning of a segment file.
 *
 * @param recordingId which recording
 * @param epoch which run of the recorder, from 0
 * @param segmentNumber place in the recording, from 0
 * @param firstSequence sequence of the first record
 * @param createdNs CLOCK_REALTIME in ns when the segment was opened
 * @param diskBytes size of the disk, a positive multiple of 512
 */
public record SegmentHeader(
    UUID recordingId,
    long epoch,
    long segmentNumber,
    long firstSequence,
    long createdNs,
    long diskBytes) {

  /** Checks the ranges. */
  public SegmentHeader {
    final String problem = problem(epoch, segmentNumber, firstSequence, createdNs, diskBytes);
    if (!problem.isEmpty()) {
      throw new IllegalArgumentException(problem);
    }
  }

  /** Blocks of the disk; the last one may reach beyond its end. */
  public long diskBlocks() {
    return RecordDescriptor.blocks(diskBytes);
  }

  /** What is wrong with a disk of this size; empty when nothing is. */
  static String diskBytesProblem(final long diskBytes) {
    return diskBytes > 0 && diskBytes % RecordDescriptor.SECTOR_BYTES == 0
        ? ""
        : "disk size %s is not a positive multiple of 512 bytes"
            .formatted(Long.toUnsignedString(diskBytes));
  }

  private static String problem(
      final long epoch,
      final long segmentNumber,
      final long firstSequence,
      final long createdNs,
      final long diskBytes) {
    if (epoch < 0) {
      return "epoch " + Long.toUnsignedString(epoch) + " is beyond 2^63-1";
    }
    if (segmentNumber < 0 || segmentNumber > SegmentName.MAX_NUMBER) {
      return "segment number %s has more than ten digits"
          .formatted(Long.toUnsignedString(segmentNumber));
    }
    if (firstSequence < 0) {
      return "first sequence " + Long.toUnsignedString(firstSequence) + " is beyond 2^63-1";
    }
    if (createdNs < 0) {
      return "creation time " + Long.toUnsignedString(createdNs) + " ns is beyond 2^63-1";
    }
    return diskBytesProblem(diskBytes);
  }

  /** The 4096 bytes. */
  public byte[] encode() {
    final byte[] bytes = new byte[HEADER_BYTES];
    final ByteBuffer memory = ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN);
    memory.putLong(MAGIC_OFFSET, MAGIC);
    memory.putInt(VERSION_OFFSET, VERSION);
    memory.putInt(HEADER_BYTES_OFFSET, HEADER_BYTES);
    Uuids.set(memory, RECORDING_ID_OFFSET, recordingId);
    memory.putLong(EPOCH_OFFSET, epoch);
    memory.putLong(SEGMENT_NUMBER_OFFSET, segmentNumber);
    memory.putLong(FIRST_SEQUENCE_OFFSET, firstSequence);
    memory.putLong(CREATED_NS_OFFSET, createdNs);
    memory.putLong(DISK_BYTES_OFFSET, diskBytes);
    memory.putInt(BLOCK_BYTES_OFFSET, RecordDescriptor.BLOCK_BYTES);
    memory.putInt(CRC32C_OFFSET, new Crc32c().of(bytes, 0, CRC32C_OFFSET));
    return bytes;
  }

  /**
   * Reads the header back.
   *
   * @param bytes 4096 of them
   * @param file for errors
   */
  static SegmentHeader decode(final byte[] bytes, final String file) throws SegmentException {
    final ByteBuffer memory = ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN);
    final long magic = memory.getLong(MAGIC_OFFSET);
    if (magic != MAGIC) {
      throw SegmentException.at(
          file, MAGIC_OFFSET, "magic is %016x, so this is no segment".formatted(magic));
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
          "header CRC32C is 0x%08x but the bytes give 0x%08x".formatted(stored, computed));
    }
    expect(memory, HEADER_BYTES_OFFSET, HEADER_BYTES, "header size", file);
    expect(memory, BLOCK_BYTES_OFFSET, RecordDescriptor.BLOCK_BYTES, "block size", file);
    for (int at = RESERVED_OFFSET; at < CRC32C_OFFSET; at++) {
      if (memory.get(at) != 0) {
        throw SegmentException.at(file, at, "a reserved byte of the header is not zero");
      }
    }
    final long epoch = memory.getLong(EPOCH_OFFSET);
    final long segmentNumber = memory.getLong(SEGMENT_NUMBER_OFFSET);
    final long firstSequence = memory.getLong(FIRST_SEQUENCE_OFFSET);
    final long createdNs = memory.getLong(CREATED_NS_OFFSET);
    final long diskBytes = memory.getLong(DISK_BYTES_OFFSET);
    final String problem = problem(epoch, segmentNumber, firstSequence, createdNs, diskBytes);
    if (!problem.isEmpty()) {
      throw SegmentException.at(file, EPOCH_OFFSET, problem);
    }
    return new SegmentHeader(
        Uuids.get(memory, RECORDING_ID_OFFSET),
        epoch,
        segmentNumber,
        firstSequence,
        createdNs,
        diskBytes);
  }

  private static void expect(
      final ByteBuffer memory,
      final int offset,
      final int expected,
      final String what,
      final String file)
      throws SegmentException {
    final int value = memory.getInt(offset);
    if (value != expected) {
      throw SegmentException.at(
          file,
          offset,
          "%s is %s, this program reads %d"
              .formatted(what, Integer.toUnsignedString(value), expected));
    }
  }
}
