package io.blockcam.archive.segment;

import static io.blockcam.archive.segment.JournalDescriptor.CRC32C_OFFSET;
import static io.blockcam.archive.segment.JournalDescriptor.EPOCH_OFFSET;
import static io.blockcam.archive.segment.JournalDescriptor.HEADER_BYTES;
import static io.blockcam.archive.segment.JournalDescriptor.MAGIC;
import static io.blockcam.archive.segment.JournalDescriptor.MAGIC_OFFSET;
import static io.blockcam.archive.segment.JournalDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.archive.segment.JournalDescriptor.SEGMENT_NUMBER_OFFSET;
import static io.blockcam.archive.segment.JournalDescriptor.VERSION;
import static io.blockcam.archive.segment.JournalDescriptor.VERSION_OFFSET;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.LittleEndian;
import java.lang.foreign.MemorySegment;
import java.util.UUID;

/** Which open segment a journal belongs to, so that it is never applied to another one. */
record JournalHeader(UUID recordingId, long epoch, long segmentNumber) {

  static JournalHeader of(final SegmentHeader header) {
    return new JournalHeader(header.recordingId(), header.epoch(), header.segmentNumber());
  }

  byte[] encode() {
    final byte[] bytes = new byte[HEADER_BYTES];
    final MemorySegment memory = MemorySegment.ofArray(bytes);
    memory.set(LittleEndian.U64, MAGIC_OFFSET, MAGIC);
    memory.set(LittleEndian.U32, VERSION_OFFSET, VERSION);
    Uuids.set(memory, RECORDING_ID_OFFSET, recordingId);
    memory.set(LittleEndian.U64, EPOCH_OFFSET, epoch);
    memory.set(LittleEndian.U64, SEGMENT_NUMBER_OFFSET, segmentNumber);
    memory.set(LittleEndian.U32, CRC32C_OFFSET, new Crc32c().of(bytes, 0, CRC32C_OFFSET));
    return bytes;
  }

  /**
   * Reads a journal's header.
   *
   * @param bytes as many of the 64 as the file has
   * @param file for errors
   */
  static JournalHeader decode(final byte[] bytes, final String file) throws SegmentException {
    if (bytes.length < HEADER_BYTES) {
      throw SegmentException.of(
          file,
          "a journal has at least %d bytes, this one %d".formatted(HEADER_BYTES, bytes.length));
    }
    final MemorySegment memory = MemorySegment.ofArray(bytes);
    final long magic = memory.get(LittleEndian.U64, MAGIC_OFFSET);
    if (magic != MAGIC) {
      throw SegmentException.at(
          file, MAGIC_OFFSET, "magic is %016x, so this is no journal".formatted(magic));
    }
    final int version = memory.get(LittleEndian.U32, VERSION_OFFSET);
    if (version != VERSION) {
      throw SegmentException.at(
          file,
          VERSION_OFFSET,
          "format version %s is unknown, this program reads version %d"
              .formatted(Integer.toUnsignedString(version), VERSION));
    }
    final int stored = memory.get(LittleEndian.U32, CRC32C_OFFSET);
    final int computed = new Crc32c().of(bytes, 0, CRC32C_OFFSET);
    if (stored != computed) {
      throw SegmentException.at(
          file,
          CRC32C_OFFSET,
          "journal header CRC32C is 0x%08x but the bytes give 0x%08x".formatted(stored, computed));
    }
    return new JournalHeader(
        Uuids.get(memory, RECORDING_ID_OFFSET),
        memory.get(LittleEndian.U64, EPOCH_OFFSET),
        memory.get(LittleEndian.U64, SEGMENT_NUMBER_OFFSET));
  }
}
