package io.blockcam.archive.log;

import static io.blockcam.archive.log.LogDescriptor.END_BYTES;
import static io.blockcam.archive.log.LogDescriptor.END_MAGIC;
import static io.blockcam.archive.log.LogDescriptor.HEADER_BYTES;
import static io.blockcam.archive.log.LogDescriptor.PAYLOAD_ENTRY_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.archive.segment.RecordCheck;
import io.blockcam.archive.segment.SegmentLimits;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Reads the entries of a log, from the first to the last that is whole. Keeps one chunk of the file
 * in memory. One thread.
 */
final class LogReader {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final byte[] NOTHING = new byte[RECORD_BYTES];

  /** What comes next. */
  enum Step {
    /** A record, and what belongs to it. */
    RECORD,
    /** The end mark. */
    END,
    /** Nothing: the file ends, or zeroes follow. */
    NOTHING,
    /** Something else; see {@link #problem}. */
    BROKEN
  }

  private final RandomAccessBytes bytes;
  private final LogHeader header;
  private final boolean checksPayloads;
  private final RecordCheck check;
  private final Crc32c crc = new Crc32c();
  private final byte[] chunk = new byte[CHUNK_BYTES];
  private final MemorySegment memory = MemorySegment.ofArray(chunk);
  private final RecordTable table = new RecordTable(chunk);

  /** Of the file, where the chunk begins; a multiple of 64 like the offset of every entry. */
  private long chunkOffset = HEADER_BYTES;

  private int chunkBytes;
  private int entryAt;
  private int nextAt;
  private int recordCount;
  private int payloadCount;
  private long firstTimestampNs;
  private long lastTimestampNs;
  private String problem = "";

  /**
   * @param bytes of the log; stay the caller's
   * @param header of it
   * @param checksPayloads whether payloads must be what their CRC32C and their sector hashes say
   */
  LogReader(final RandomAccessBytes bytes, final LogHeader header, final boolean checksPayloads) {
    this.bytes = bytes;
    this.header = header;
    this.checksPayloads = checksPayloads;
    this.check = new RecordCheck(header.segment().diskBlocks());
  }

  /** Goes on to the next entry; what the one before was is gone then. */
  Step next() throws IOException {
    entryAt = nextAt;
    final int available = fill(RECORD_BYTES);
    if (available == 0) {
      return Step.NOTHING;
    }
    if (available < RECORD_BYTES) {
      return broken("the log ends within it");
    }
    if (isNothing(chunk, entryAt)) {
      return Step.NOTHING;
    }
    if (memory.get(LittleEndian.U64, entryAt) == END_MAGIC) {
      return end();
    }
    return record();
  }

  private Step record() throws IOException {
    takeSaltOff();
    final String wrong =
        check.problem(table, index(), nextSequence(), lastTimestampNs, payloadCount);
    if (wrong != null) {
      return broken(wrong);
    }
    final boolean owns = table.ownsPayload(index());
    if (!SegmentLimits.DEFAULT.allow(payloadCount + (owns ? 1 : 0), recordCount + 1L)) {
      return broken("the segment is full before it");
    }
    if (owns) {
      if (fill(PAYLOAD_ENTRY_BYTES) < PAYLOAD_ENTRY_BYTES) {
        return broken("the log ends within its payload");
      }
      if (checksPayloads && !isPayloadSound()) {
        return Step.BROKEN;
      }
      payloadCount++;
    }
    nextAt = entryAt + (owns ? PAYLOAD_ENTRY_BYTES : RECORD_BYTES);
    lastTimestampNs = table.timestampNs(index());
    if (recordCount == 0) {
      firstTimestampNs = lastTimestampNs;
    }
    recordCount++;
    return Step.RECORD;
  }

  /** From here on the entry is what the segment has of it. */
  private void takeSaltOff() {
    final int at = entryAt + RecordDescriptor.CRC32C_OFFSET;
    memory.set(LittleEndian.U32, at, memory.get(LittleEndian.U32, at) ^ header.salt());
  }

  private boolean isPayloadSound() {
    final int stored = table.payloadCrc32c(index());
    final int computed = crc.of(chunk, payloadAt(), BLOCK_BYTES);
    if (stored != computed) {
      broken("its payload has another CRC32C");
      return false;
    }
    for (int sector = 0; sector < BLOCK_SECTORS; sector++) {
      if (memory.get(LittleEndian.U64, hashesAt() + (long) sector * Long.BYTES)
          != SectorHash.of(chunk, payloadAt() + sector * SECTOR_BYTES)) {
        broken("the hash of sector %d is not that of the payload".formatted(sector));
        return false;
      }
    }
    return true;
  }

  private Step end() {
    final byte[] mark = Arrays.copyOfRange(chunk, entryAt, entryAt + END_BYTES);
    if (!SealedLog.isEnd(mark, header.salt(), crc)) {
      return broken("an end mark stands there, damaged or of another log");
    }
    if (memory.get(LittleEndian.U32, entryAt + LogDescriptor.END_RECORDS_OFFSET) != recordCount
        || memory.get(LittleEndian.U32, entryAt + LogDescriptor.END_PAYLOADS_OFFSET)
            != payloadCount) {
      return broken("an end mark stands there, but not behind so many records");
    }
    return Step.END;
  }

  private Step broken(final String why) {
    problem = why;
    return Step.BROKEN;
  }

  /**
   * Has the entry in the chunk.
   *
   * @param wanted bytes of it
   * @return how many there are, at most so many
   */
  private int fill(final int wanted) throws IOException {
    if (chunkBytes - entryAt < wanted) {
      System.arraycopy(chunk, entryAt, chunk, 0, chunkBytes - entryAt);
      chunkBytes -= entryAt;
      chunkOffset += entryAt;
      entryAt = 0;
      final int more =
          (int) Math.min(chunk.length - chunkBytes, bytes.length() - chunkOffset - chunkBytes);
      if (more > 0) {
        bytes.read(chunkOffset + chunkBytes, ByteBuffer.wrap(chunk, chunkBytes, more));
        chunkBytes += more;
      }
    }
    return Math.min(wanted, chunkBytes - entryAt);
  }

  static boolean isNothing(final byte[] bytes, final int at) {
    return Arrays.equals(bytes, at, at + RECORD_BYTES, NOTHING, 0, RECORD_BYTES);
  }

  /** What is wrong where it broke, without the place. */
  String problem() {
    return problem;
  }

  /** Where the entry begins in the file. */
  long offset() {
    return chunkOffset + entryAt;
  }

  /** Holds the record, at {@link #index}. */
  RecordTable table() {
    return table;
  }

  /** See {@link #table}. */
  int index() {
    return entryAt / RECORD_BYTES;
  }

  /** Whether the record owns a payload. */
  boolean ownsPayload() {
    return nextAt - entryAt == PAYLOAD_ENTRY_BYTES;
  }

  /** Holds record, hashes and payload. */
  byte[] array() {
    return chunk;
  }

  /** Where the record begins in {@link #array}. */
  int recordAt() {
    return entryAt;
  }

  /** Where its hashes begin in {@link #array}. */
  int hashesAt() {
    return entryAt + RECORD_BYTES;
  }

  /** Where its payload begins in {@link #array}. */
  int payloadAt() {
    return entryAt + RECORD_BYTES + SectorHash.BLOCK_HASHES_BYTES;
  }

  /** Records so far. */
  int recordCount() {
    return recordCount;
  }

  /** Payloads so far. */
  int payloadCount() {
    return payloadCount;
  }

  /** The sequence that is due. */
  long nextSequence() {
    return header.segment().firstSequence() + recordCount;
  }

  /** Timestamp of the first record so far, 0 before it. */
  long firstTimestampNs() {
    return firstTimestampNs;
  }

  /** Timestamp of the last record so far, 0 before it. */
  long lastTimestampNs() {
    return lastTimestampNs;
  }
}
