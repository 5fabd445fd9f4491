package io.blockcam.archive.segment;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.LittleEndian;
import io.blockcam.archive.record.RecordTable;
import java.lang.foreign.MemorySegment;

/** Records, sector hashes and frame digests of a segment, checked and in memory. */
public final class SegmentTables {
  private final RecordTable records;
  private final MemorySegment hashes;
  private final FrameDigests frameDigests;

  SegmentTables(
      final RecordTable records, final MemorySegment hashes, final FrameDigests frameDigests) {
    this.records = records;
    this.hashes = hashes;
    this.frameDigests = frameDigests;
  }

  /** The records. */
  public RecordTable records() {
    return records;
  }

  /** All sector hashes, those of a payload side by side. */
  MemorySegment hashes() {
    return hashes;
  }

  /** What the frames must be. */
  FrameDigests frameDigests() {
    return frameDigests;
  }

  /**
   * XXH3-64 of one sector of a stored payload.
   *
   * @param payloadIndex which payload
   * @param sector 0 to 7
   */
  public long sectorHash(final int payloadIndex, final int sector) {
    return hashes.get(
        LittleEndian.U64,
        (long) payloadIndex * SectorHash.BLOCK_HASHES_BYTES + (long) sector * Long.BYTES);
  }
}
