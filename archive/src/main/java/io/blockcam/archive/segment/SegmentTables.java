package io.blockcam.archive.segment;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordTable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;

/** Records, sector hashes and frame digests of a segment, checked and in memory. */
public final class SegmentTables {
  private final RecordTable records;

  /** Faster than a buffer by a sixth, and a search does little else. */
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, LITTLE_ENDIAN);

  private final byte[] hashes;
  private final int hashesOffset;
  private final int payloads;
  private final FrameDigests frameDigests;

  /**
   * @param hashes of all payloads
   * @param hashesOffset where they begin in there
   */
  SegmentTables(
      final RecordTable records,
      final byte[] hashes,
      final int hashesOffset,
      final int payloads,
      final FrameDigests frameDigests) {
    this.records = records;
    this.hashes = hashes;
    this.hashesOffset = hashesOffset;
    this.payloads = payloads;
    this.frameDigests = frameDigests;
  }

  /** The records. */
  public RecordTable records() {
    return records;
  }

  /**
   * CRC32C of all sector hashes.
   *
   * @param crc scratch of the calling thread
   */
  int hashesChecksum(final Crc32c crc) {
    return crc.of(hashes, hashesOffset, payloads * SectorHash.BLOCK_HASHES_BYTES);
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
    final int at = Objects.checkIndex(payloadIndex, payloads) * SectorHash.BLOCK_HASHES_BYTES;
    return (long) LONG.get(hashes, hashesOffset + at + sector * Long.BYTES);
  }
}
