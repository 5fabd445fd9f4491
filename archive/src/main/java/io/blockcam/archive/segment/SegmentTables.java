package io.blockcam.archive.segment;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordTable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.util.Objects;

/** Records, sector hashes and frame digests of a segment, checked and in memory. */
public final class SegmentTables {
  private final RecordTable records;

  /** Faster than a buffer by a sixth, and a search does little else. */
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, LITTLE_ENDIAN);

  private final ByteBuffer hashes;
  private final byte[] array;
  private final int arrayOffset;
  private final int payloads;
  private final FrameDigests frameDigests;

  SegmentTables(
      final RecordTable records, final ByteBuffer hashes, final FrameDigests frameDigests) {
    this.records = records;
    this.hashes = hashes;
    this.array = hashes.array();
    this.arrayOffset = hashes.arrayOffset() + hashes.position();
    this.payloads = hashes.remaining() / SectorHash.BLOCK_HASHES_BYTES;
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
    final int at = Objects.checkIndex(payloadIndex, payloads) * SectorHash.BLOCK_HASHES_BYTES;
    return (long) LONG.get(array, arrayOffset + at + sector * Long.BYTES);
  }
}
