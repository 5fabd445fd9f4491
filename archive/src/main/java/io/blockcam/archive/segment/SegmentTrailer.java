package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.HEADER_BYTES;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.CRC32C_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.DIGEST_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.DISK_BYTES_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.EPOCH_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.FIRST_SEQUENCE_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.FIRST_TIMESTAMP_NS_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.FLAGS_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.FLAG_BASE;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.FLAG_RECOVERED;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.HEADER_SHA256_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.LAST_SEQUENCE_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.LAST_TIMESTAMP_NS_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.MAGIC;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.MAGIC_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.PAYLOAD_BYTES_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.PAYLOAD_COUNT_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.PAYLOAD_ENCODING_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.PREVIOUS_DIGEST_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.RECORD_COUNT_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.REPLACED_DIGEST_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.RESERVED_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.SEGMENT_NUMBER_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.SIGNATURE_BYTES_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.SIGNATURE_KIND_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.SIGNATURE_NONE;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.TABLES_SHA256_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.TRAILER_BYTES;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.UNUSED_OFFSET;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.VERSION;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.VERSION_OFFSET;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.blockcam.archive.FormatVersion;
import io.blockcam.archive.SegmentName;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordDescriptor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;

/**
 * What stands at the end of a sealed segment: everything about it that a reader needs to find its
 * tables and to check the chain of segments.
 *
 * @param recordingId which recording
 * @param epoch which run of the recorder
 * @param segmentNumber place in the recording
 * @param recovered whether recovery sealed it after a crash
 * @param base whether it stands for segments that are not kept any more: its records say what the
 *     disk held when the last of those ended
 * @param recordCount records, at least 1
 * @param payloadCount payloads stored
 * @param firstSequence sequence of the first record; the others follow without a gap
 * @param firstTimestampNs timestamp of the first record
 * @param lastTimestampNs timestamp of the last record
 * @param diskBytes size of the disk
 * @param headerSha256 of the header
 * @param tablesSha256 of frame digests, sector hashes and records
 * @param previousDigest segment digest of the segment before; for the first one the SHA-256 of
 *     recording.json
 * @param replacedDigest of the segment of this number that a base stands for, {@link
 *     Sha256Digest#NONE} of any other
 * @param digest the segment digest: SHA-256 of the trailer before it
 * @param storage how it stands in the file; not covered by the digest
 */
public record SegmentTrailer(
    UUID recordingId,
    long epoch,
    long segmentNumber,
    boolean recovered,
    boolean base,
    int recordCount,
    int payloadCount,
    long firstSequence,
    long firstTimestampNs,
    long lastTimestampNs,
    long diskBytes,
    Sha256Digest headerSha256,
    Sha256Digest tablesSha256,
    Sha256Digest previousDigest,
    Sha256Digest replacedDigest,
    Sha256Digest digest,
    SegmentStorage storage) {

  /** Where the tables begin, which is where the payloads end: first the frame digests. */
  public long tablesOffset() {
    return HEADER_BYTES + storage.payloadBytes();
  }

  /** Where the sector hashes begin. */
  public long hashesOffset() {
    return tablesOffset() + frameDigestsBytes(payloadCount);
  }

  /** Where the records begin. */
  public long recordsOffset() {
    return hashesOffset() + (long) payloadCount * SectorHash.BLOCK_HASHES_BYTES;
  }

  /** Where the tables end; the lengths of the frames begin there, if there are any. */
  public long tablesEnd() {
    return recordsOffset() + (long) recordCount * RECORD_BYTES;
  }

  /** Where the trailer begins. */
  public long trailerOffset() {
    return tablesEnd() + storage.frameLengthsBytes(payloadCount) + storage.signatureBytes();
  }

  /** Bytes of the whole file. */
  public long fileBytes() {
    return trailerOffset() + TRAILER_BYTES;
  }

  /** Sequence of the last record. */
  public long lastSequence() {
    return firstSequence + recordCount - 1;
  }

  /** Blocks of the disk; the last one may reach beyond its end. */
  public long diskBlocks() {
    return RecordDescriptor.blocks(diskBytes);
  }

  /** Where a payload lies in a file with raw ones. */
  static long rawPayloadOffset(final long payloadIndex) {
    return HEADER_BYTES + payloadIndex * BLOCK_BYTES;
  }

  /** Bytes of a file with raw payloads and no signature. */
  static long rawFileBytes(final long payloads, final long records) {
    return rawPayloadOffset(payloads)
        + frameDigestsBytes(payloads)
        + payloads * SectorHash.BLOCK_HASHES_BYTES
        + records * RECORD_BYTES
        + TRAILER_BYTES;
  }

  private static long frameDigestsBytes(final long payloads) {
    return (long) Frames.count(payloads) * Sha256Digest.BYTES;
  }

  /** The 512 bytes; the digest is computed, {@link #digest} of this object is not looked at. */
  public byte[] encode() {
    final byte[] bytes = new byte[TRAILER_BYTES];
    final ByteBuffer memory = ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN);
    memory.putLong(MAGIC_OFFSET, MAGIC);
    memory.putInt(VERSION_OFFSET, VERSION);
    memory.putInt(FLAGS_OFFSET, (recovered ? FLAG_RECOVERED : 0) | (base ? FLAG_BASE : 0));
    Uuids.set(memory, RECORDING_ID_OFFSET, recordingId);
    memory.putLong(EPOCH_OFFSET, epoch);
    memory.putLong(SEGMENT_NUMBER_OFFSET, segmentNumber);
    memory.putLong(RECORD_COUNT_OFFSET, recordCount);
    memory.putLong(PAYLOAD_COUNT_OFFSET, payloadCount);
    memory.putLong(FIRST_SEQUENCE_OFFSET, firstSequence);
    memory.putLong(LAST_SEQUENCE_OFFSET, lastSequence());
    memory.putLong(FIRST_TIMESTAMP_NS_OFFSET, firstTimestampNs);
    memory.putLong(LAST_TIMESTAMP_NS_OFFSET, lastTimestampNs);
    memory.putLong(DISK_BYTES_OFFSET, diskBytes);
    put(memory, HEADER_SHA256_OFFSET, headerSha256);
    put(memory, TABLES_SHA256_OFFSET, tablesSha256);
    put(memory, PREVIOUS_DIGEST_OFFSET, previousDigest);
    put(memory, REPLACED_DIGEST_OFFSET, replacedDigest);
    put(memory, DIGEST_OFFSET, digestOf(bytes));
    memory.putInt(PAYLOAD_ENCODING_OFFSET, storage.encoding().code());
    memory.putInt(SIGNATURE_KIND_OFFSET, storage.signatureKind());
    memory.putLong(PAYLOAD_BYTES_OFFSET, storage.payloadBytes());
    memory.putInt(SIGNATURE_BYTES_OFFSET, storage.signatureBytes());
    memory.putInt(CRC32C_OFFSET, new Crc32c().of(bytes, 0, CRC32C_OFFSET));
    return bytes;
  }

  /** The same with the digest that its bytes have. */
  public SegmentTrailer withDigest() {
    return with(digestOf(encode()), storage);
  }

  /** The same segment, stored otherwise. */
  SegmentTrailer storedAs(final SegmentStorage other) {
    return with(digest, other);
  }

  private SegmentTrailer with(final Sha256Digest newDigest, final SegmentStorage newStorage) {
    return new SegmentTrailer(
        recordingId,
        epoch,
        segmentNumber,
        recovered,
        base,
        recordCount,
        payloadCount,
        firstSequence,
        firstTimestampNs,
        lastTimestampNs,
        diskBytes,
        headerSha256,
        tablesSha256,
        previousDigest,
        replacedDigest,
        newDigest,
        newStorage);
  }

  /**
   * Reads a trailer and checks that it describes a file of this length.
   *
   * @param bytes the last 512 of the file
   * @param fileBytes length of the file
   * @param file for errors
   */
  static SegmentTrailer decode(final byte[] bytes, final long fileBytes, final String file)
      throws SegmentException {
    return new Decoder(bytes, fileBytes - TRAILER_BYTES, file).decode();
  }

  private static Sha256Digest digestOf(final byte[] trailer) {
    return Sha256.of(Arrays.copyOf(trailer, DIGEST_OFFSET));
  }

  private static void put(final ByteBuffer memory, final int offset, final Sha256Digest digest) {
    memory.put(offset, digest.toByteArray());
  }

  private static final class Decoder {
    private final byte[] bytes;
    private final ByteBuffer memory;
    private final long trailerOffset;
    private final String file;

    Decoder(final byte[] bytes, final long trailerOffset, final String file) {
      this.bytes = bytes;
      this.memory = ByteBuffer.wrap(bytes).order(LITTLE_ENDIAN);
      this.trailerOffset = trailerOffset;
      this.file = file;
    }

    SegmentTrailer decode() throws SegmentException {
      final long magic = u64(MAGIC_OFFSET);
      if (magic != MAGIC) {
        throw wrong(
            MAGIC_OFFSET,
            "trailer magic is %016x: the file is cut short or is no sealed segment"
                .formatted(magic));
      }
      final int version = u32(VERSION_OFFSET);
      if (version != VERSION) {
        throw wrong(
            VERSION_OFFSET, FormatVersion.unknown(Integer.toUnsignedLong(version), VERSION));
      }
      checkIntegrity();
      final int flags = u32(FLAGS_OFFSET);
      if ((flags & ~(FLAG_RECOVERED | FLAG_BASE)) != 0) {
        throw wrong(FLAGS_OFFSET, "flags 0x%08x have an unknown bit".formatted(flags));
      }
      final long recordCount = u64(RECORD_COUNT_OFFSET);
      if (recordCount < 1 || recordCount > SegmentLimits.MAX_RECORDS) {
        throw wrong(
            RECORD_COUNT_OFFSET,
            "%s records, a segment has 1 to %d"
                .formatted(Long.toUnsignedString(recordCount), SegmentLimits.MAX_RECORDS));
      }
      final long payloadCount = u64(PAYLOAD_COUNT_OFFSET);
      if (payloadCount < 0 || payloadCount > recordCount) {
        throw wrong(
            PAYLOAD_COUNT_OFFSET,
            "%s payloads for %d records"
                .formatted(Long.toUnsignedString(payloadCount), recordCount));
      }
      if (rawFileBytes(payloadCount, recordCount) > SegmentLimits.MAX_BYTES) {
        throw wrong(
            PAYLOAD_COUNT_OFFSET,
            "%d payloads and %d records take more than the largest segment has, %d bytes"
                .formatted(payloadCount, recordCount, SegmentLimits.MAX_BYTES));
      }
      final SegmentTrailer trailer =
          fields(flags, (int) recordCount, (int) payloadCount, storage((int) payloadCount));
      if (trailer.trailerOffset() != trailerOffset) {
        throw wrong(
            PAYLOAD_BYTES_OFFSET,
            "the file has %d bytes, its trailer describes one of %d"
                .formatted(trailerOffset + TRAILER_BYTES, trailer.fileBytes()));
      }
      return trailer;
    }

    private SegmentStorage storage(final int payloadCount) throws SegmentException {
      final PayloadEncoding encoding = PayloadEncoding.ofCode(u32(PAYLOAD_ENCODING_OFFSET));
      if (encoding == null) {
        throw wrong(
            PAYLOAD_ENCODING_OFFSET,
            "payload encoding %s is unknown to this program"
                .formatted(Integer.toUnsignedString(u32(PAYLOAD_ENCODING_OFFSET))));
      }
      final long payloadBytes = u64(PAYLOAD_BYTES_OFFSET);
      final long raw = (long) payloadCount * BLOCK_BYTES;
      if (payloadBytes < 0
          || payloadBytes > raw
          || (encoding == PayloadEncoding.RAW && payloadBytes != raw)) {
        throw wrong(
            PAYLOAD_BYTES_OFFSET,
            "%s bytes of payloads, %d raw ones have %d"
                .formatted(Long.toUnsignedString(payloadBytes), payloadCount, raw));
      }
      final int signatureKind = u32(SIGNATURE_KIND_OFFSET);
      final int signatureBytes = u32(SIGNATURE_BYTES_OFFSET);
      if (signatureBytes < 0
          || signatureBytes > SegmentLimits.MAX_SIGNATURE_BYTES
          || (signatureBytes == 0) != (signatureKind == SIGNATURE_NONE)) {
        throw wrong(
            SIGNATURE_BYTES_OFFSET,
            "a signature of kind %s with %s bytes, it may have %d"
                .formatted(
                    Integer.toUnsignedString(signatureKind),
                    Integer.toUnsignedString(signatureBytes),
                    SegmentLimits.MAX_SIGNATURE_BYTES));
      }
      return new SegmentStorage(encoding, payloadBytes, signatureKind, signatureBytes);
    }

    private SegmentTrailer fields(
        final int flags,
        final int recordCount,
        final int payloadCount,
        final SegmentStorage storage)
        throws SegmentException {
      final long epoch = notNegative(EPOCH_OFFSET, "epoch");
      final long segmentNumber = notNegative(SEGMENT_NUMBER_OFFSET, "segment number");
      if (segmentNumber > SegmentName.MAX_NUMBER) {
        throw wrong(SEGMENT_NUMBER_OFFSET, "segment number has more than ten digits");
      }
      final long firstSequence = notNegative(FIRST_SEQUENCE_OFFSET, "first sequence");
      expect(LAST_SEQUENCE_OFFSET, firstSequence + recordCount - 1, "last sequence");
      notNegative(LAST_SEQUENCE_OFFSET, "last sequence");
      final long firstTimestampNs = notNegative(FIRST_TIMESTAMP_NS_OFFSET, "first timestamp");
      final long lastTimestampNs = notNegative(LAST_TIMESTAMP_NS_OFFSET, "last timestamp");
      if (lastTimestampNs < firstTimestampNs) {
        throw wrong(LAST_TIMESTAMP_NS_OFFSET, "last timestamp lies before the first");
      }
      final long diskBytes = u64(DISK_BYTES_OFFSET);
      final String diskProblem = SegmentHeader.diskBytesProblem(diskBytes);
      if (!diskProblem.isEmpty()) {
        throw wrong(DISK_BYTES_OFFSET, diskProblem);
      }
      final boolean base = (flags & FLAG_BASE) != 0;
      if (!base && !digest(REPLACED_DIGEST_OFFSET).equals(Sha256Digest.NONE)) {
        throw wrong(REPLACED_DIGEST_OFFSET, "stands for another segment and is no base");
      }
      if (digest(PREVIOUS_DIGEST_OFFSET).equals(Sha256Digest.NONE)) {
        throw wrong(PREVIOUS_DIGEST_OFFSET, "names no predecessor");
      }
      if (base && digest(REPLACED_DIGEST_OFFSET).equals(Sha256Digest.NONE)) {
        throw wrong(REPLACED_DIGEST_OFFSET, "is a base and stands for no segment");
      }
      expect(RESERVED_OFFSET, 0, "a reserved field of the trailer");
      for (int at = UNUSED_OFFSET; at < CRC32C_OFFSET; at++) {
        if (bytes[at] != 0) {
          throw wrong(at, "a reserved byte of the trailer is not zero");
        }
      }
      return new SegmentTrailer(
          Uuids.get(memory, RECORDING_ID_OFFSET),
          epoch,
          segmentNumber,
          (flags & FLAG_RECOVERED) != 0,
          base,
          recordCount,
          payloadCount,
          firstSequence,
          firstTimestampNs,
          lastTimestampNs,
          diskBytes,
          digest(HEADER_SHA256_OFFSET),
          digest(TABLES_SHA256_OFFSET),
          digest(PREVIOUS_DIGEST_OFFSET),
          digest(REPLACED_DIGEST_OFFSET),
          digest(DIGEST_OFFSET),
          storage);
    }

    private void checkIntegrity() throws SegmentException {
      final int stored = u32(CRC32C_OFFSET);
      final int computed = new Crc32c().of(bytes, 0, CRC32C_OFFSET);
      if (stored != computed) {
        throw wrong(
            CRC32C_OFFSET,
            "trailer CRC32C is 0x%08x but the bytes give 0x%08x".formatted(stored, computed));
      }
      final Sha256Digest computedDigest = digestOf(bytes);
      if (!digest(DIGEST_OFFSET).equals(computedDigest)) {
        throw wrong(
            DIGEST_OFFSET,
            "segment digest is %s but the trailer gives %s"
                .formatted(digest(DIGEST_OFFSET), computedDigest));
      }
    }

    private void expect(final int offset, final long expected, final String what)
        throws SegmentException {
      if (u64(offset) != expected) {
        throw wrong(
            offset,
            "%s is %s, it should be %s"
                .formatted(
                    what, Long.toUnsignedString(u64(offset)), Long.toUnsignedString(expected)));
      }
    }

    private long notNegative(final int offset, final String what) throws SegmentException {
      final long value = u64(offset);
      if (value < 0) {
        throw wrong(offset, what + " " + Long.toUnsignedString(value) + " is beyond 2^63-1");
      }
      return value;
    }

    private SegmentException wrong(final int offset, final String problem) {
      return SegmentException.at(file, trailerOffset + offset, problem);
    }

    private Sha256Digest digest(final int offset) {
      return Sha256Digest.of(Arrays.copyOfRange(bytes, offset, offset + Sha256Digest.BYTES));
    }

    private int u32(final int offset) {
      return memory.getInt(offset);
    }

    private long u64(final int offset) {
      return memory.getLong(offset);
    }
  }
}
