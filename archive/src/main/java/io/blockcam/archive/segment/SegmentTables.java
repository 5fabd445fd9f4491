package io.blockcam.archive.segment;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordTable;
import java.nio.ByteBuffer;

/** Records, sector hashes and frame digests of a segment, checked and in memory. */
public final class SegmentTables {
  private final RecordTable records;
  private final ByteBuffer hashes;
  private final FrameDigests frameDigests;

  SegmentTables(
      final RecordTable records, final ByteBuffer hashes, final FrameDigests frameDigests) {
    this.records = records;
    this.hashes = hashes.slice().order(LITTLE_ENDIAN);
    this.frameDigests = frameDigests;
  }

  /** The records. */
  public RecordTable records() {
    return records;
  }

  /** All sector hashes, those of a payload side by side. */
  ByteBuffer hashes() {
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
    return hashes.getLong(payloadIndex * SectorHash.BLOCK_HASHES_BYTES + sector * Long.BYTES);
  }
}
