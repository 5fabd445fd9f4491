package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;
import static io.blockcam.archive.segment.SegmentTrailerDescriptor.TRAILER_BYTES;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads a sealed segment, from the end: one read of its last 64 KiB gives the trailer and, for a
 * small segment, the tables too; a larger table costs one more read. Safe for several threads.
 *
 * <p>No memory is taken for a count or an offset that was not checked against the length of the
 * file. Damage is a {@link SegmentException}.
 */
public final class SegmentReader {
  private static final int TAIL_BYTES = 64 << 10;
  private static final long MIN_BYTES = SegmentTrailer.rawFileBytes(0, 1);
  private static final long MAX_BYTES = SegmentLimits.MAX_BYTES + SegmentLimits.MAX_SIGNATURE_BYTES;

  private final RandomAccessBytes bytes;
  private final byte[] tail;
  private final SegmentTrailer trailer;

  /** Found when it is asked for; may be found twice. */
  private volatile @Nullable FrameTable frames;

  private SegmentReader(
      final RandomAccessBytes bytes, final byte[] tail, final SegmentTrailer trailer) {
    this.bytes = bytes;
    this.tail = tail;
    this.trailer = trailer;
  }

  /**
   * Reads the end of a segment and checks its trailer.
   *
   * @param bytes stays in use, and is not closed here
   */
  public static SegmentReader open(final RandomAccessBytes bytes) throws IOException {
    return open(bytes, TAIL_BYTES);
  }

  private static SegmentReader open(final RandomAccessBytes bytes, final int tailBytes)
      throws IOException {
    final long length = bytes.length();
    if (length < MIN_BYTES) {
      throw SegmentException.of(
          bytes.name(), "has %d bytes, the smallest segment has %d".formatted(length, MIN_BYTES));
    }
    if (length > MAX_BYTES) {
      throw SegmentException.of(
          bytes.name(), "has %d bytes, the largest segment has %d".formatted(length, MAX_BYTES));
    }
    final byte[] tail = new byte[(int) Math.min(tailBytes, length)];
    bytes.read(length - tail.length, ByteBuffer.wrap(tail));
    final SegmentTrailer trailer =
        SegmentTrailer.decode(
            Arrays.copyOfRange(tail, tail.length - TRAILER_BYTES, tail.length),
            length,
            bytes.name());
    return new SegmentReader(bytes, tail, trailer);
  }

  /**
   * The same for whoever wants {@linkplain #rows little} of it: reads the trailer and nothing more.
   *
   * @param bytes stays in use, and is not closed here
   */
  public static SegmentReader openTrailer(final RandomAccessBytes bytes) throws IOException {
    return open(bytes, TRAILER_BYTES).withoutTail();
  }

  /** The same reader without what it keeps of the file: for whoever holds many. */
  public SegmentReader withoutTail() {
    return new SegmentReader(bytes, new byte[0], trailer);
  }

  /** What the segment says of itself. */
  public SegmentTrailer trailer() {
    return trailer;
  }

  /** How errors call the segment. */
  public String name() {
    return bytes.name();
  }

  /** Reads the header and checks that it agrees with the trailer. */
  public SegmentHeader header() throws IOException {
    final byte[] encoded = read(0, SegmentHeaderDescriptor.HEADER_BYTES);
    final SegmentHeader header = SegmentHeader.decode(encoded, bytes.name());
    agree("recording id", header.recordingId(), trailer.recordingId());
    agree("epoch", header.epoch(), trailer.epoch());
    agree("segment number", header.segmentNumber(), trailer.segmentNumber());
    agree("first sequence", header.firstSequence(), trailer.firstSequence());
    agree("disk size", header.diskBytes(), trailer.diskBytes());
    agree("SHA-256", Sha256.of(encoded), trailer.headerSha256());
    return header;
  }

  /**
   * Reads the records. Each is checked by its own CRC32C and its place in the order, all of them by
   * the SHA-256 in the trailer, which covers the other tables, too: a record that was edited, its
   * CRC32C repaired, is none of this segment.
   */
  public RecordTable records() throws IOException {
    return tables().records();
  }

  /**
   * Reads the records and nothing else. Each is checked by its own CRC32C and its place in the
   * order, all of them by what the trailer counts; no SHA-256 vouches for them, so that damage is
   * seen, and an edit whose CRC32C was repaired is not: that is for {@link #records}.
   */
  public RecordTable recordsOnly() throws IOException {
    final RecordTable records =
        new RecordTable(
            read(trailer.recordsOffset(), (int) (trailer.tablesEnd() - trailer.recordsOffset())));
    check(records, SegmentReader::refuse);
    return records;
  }

  /** Reads all tables and checks their SHA-256. */
  public SegmentTables tables() throws IOException {
    return tables(SegmentReader::refuse);
  }

  SegmentTables tables(final ProblemSink sink) throws IOException {
    final byte[] all =
        read(trailer.tablesOffset(), (int) (trailer.tablesEnd() - trailer.tablesOffset()));
    final int hashesAt = (int) (trailer.hashesOffset() - trailer.tablesOffset());
    final int recordsAt = (int) (trailer.recordsOffset() - trailer.tablesOffset());
    final RecordTable records = new RecordTable(all, recordsAt, all.length - recordsAt);
    check(records, sink); // first: it says more of what is wrong
    final Sha256Digest digest = Sha256.of(all);
    if (!digest.equals(trailer.tablesSha256())) {
      sink.found(
          SegmentException.at(
              bytes.name(),
              trailer.tablesOffset(),
              "SHA-256 of the tables is %s, the trailer says %s"
                  .formatted(digest, trailer.tablesSha256())));
    }
    return new SegmentTables(
        records,
        all,
        hashesAt,
        trailer.payloadCount(),
        new FrameDigests(ByteBuffer.wrap(all).slice(0, hashesAt)));
  }

  /**
   * Reads some records and their sector hashes, and little else where they are few. Each record is
   * checked by its own CRC32C and its place in the order, but nothing vouches for the hashes: who
   * says something because of them asks {@link #tables} first.
   *
   * @param numbers of records, rising; those that the segment does not have are left out
   */
  public SegmentRows rows(final int[] numbers) throws IOException {
    final int[] wanted =
        Arrays.stream(numbers).filter(i -> i >= 0 && i < trailer.recordCount()).toArray();
    return RowReader.isWorthwhile(wanted)
        ? new RowReader(bytes, trailer).read(wanted)
        : SegmentRows.of(tables(), wanted);
  }

  /**
   * Reads the payload that a record names and checks it. For many, {@link PayloadReader}.
   *
   * @param tables of this segment
   * @param record one that has a payload stored
   * @return 4096 bytes
   */
  public ByteBuffer readPayload(final SegmentTables tables, final int record) throws IOException {
    final ByteBuffer payload = ByteBuffer.allocate(BLOCK_BYTES);
    new PayloadReader()
        .read(
            this,
            tables,
            WantedPayloads.of(tables.records(), 1, i -> record),
            (i, p) -> payload.put(p));
    return payload.flip();
  }

  /**
   * The text of a mark, as it was given.
   *
   * @param tables of this segment
   * @param record a {@link io.blockcam.archive.record.RecordKind#MARK}
   */
  public String markText(final SegmentTables tables, final int record) throws IOException {
    if (record >= tables.records().count()
        || tables.records().kind(record) != RecordKind.MARK
        || tables.records().hasFlag(record, RecordFlags.ALL_ZERO)) {
      return "";
    }
    final byte[] text = readPayload(tables, record).array();
    int length = text.length;
    while (length > 0 && text[length - 1] == 0) {
      length--;
    }
    return new String(text, 0, length, StandardCharsets.UTF_8);
  }

  /** Where the frames of payloads lie. */
  FrameTable frames() throws IOException {
    FrameTable table = frames;
    if (table == null) {
      table =
          trailer.storage().encoding() == PayloadEncoding.RAW
              ? FrameTable.raw(trailer)
              : FrameTable.encoded(
                  trailer,
                  ByteBuffer.wrap(
                      read(
                          trailer.tablesEnd(),
                          (int) trailer.storage().frameLengthsBytes(trailer.payloadCount()))),
                  bytes.name());
      frames = table;
    }
    return table;
  }

  /** Part of the file as it is, from its start to its end. */
  RandomAccessBytes.Sequence sequence(final long offset, final long length) throws IOException {
    return bytes.sequence(offset, length);
  }

  /**
   * Checks a payload that was read against the record that names it.
   *
   * @param recordIndex of the record, for the error
   * @param payloadIndex of the payload, for the error
   * @param expectedCrc32c as the record has it
   * @param payload 4096 bytes from its position on
   * @param crc scratch of the calling thread
   */
  void checkPayload(
      final int recordIndex,
      final int payloadIndex,
      final int expectedCrc32c,
      final ByteBuffer payload,
      final Crc32c crc)
      throws SegmentException {
    final int computed = crc.of(payload.slice(payload.position(), BLOCK_BYTES));
    if (computed != expectedCrc32c) {
      throw SegmentException.ofRecord(
          bytes.name(),
          recordIndex,
          recordOffset(recordIndex),
          payloadProblem(payloadIndex, expectedCrc32c, computed));
    }
  }

  /** A frame that is not what was sealed, though its payloads are what their records say. */
  SegmentException frameProblem(final int frame) throws IOException {
    return SegmentException.at(
        bytes.name(),
        frames().offset(frame),
        "frame %d, payloads %d and on, has another SHA-256 than the tables say"
            .formatted(frame, Frames.firstPayload(frame)));
  }

  static String payloadProblem(final int payloadIndex, final int expected, final int computed) {
    return "payload %d has CRC32C 0x%08x, the record says 0x%08x"
        .formatted(payloadIndex, computed, expected);
  }

  /** Where a record lies in the file. */
  long recordOffset(final long recordIndex) {
    return trailer.recordsOffset() + recordIndex * RECORD_BYTES;
  }

  private static void refuse(final SegmentException problem) throws SegmentException {
    throw problem;
  }

  /** Takes what is wrong with a segment: throws it, or notes it down. */
  interface ProblemSink {
    void found(SegmentException problem) throws SegmentException;
  }

  /** Checks every record, and the ends of the table against the trailer. */
  void check(final RecordTable table, final ProblemSink sink) throws SegmentException {
    final RecordCheck records = new RecordCheck(trailer.diskBlocks());
    long lastTimestampNs = trailer.firstTimestampNs();
    int payloads = 0;
    for (int i = 0; i < table.count(); i++) {
      String problem =
          records.problem(table, i, trailer.firstSequence() + i, lastTimestampNs, payloads);
      if (problem == null && trailer.base() && !table.kind(i).mayStandForOthers()) {
        problem = "%s in a segment that stands for others".formatted(table.kind(i));
      }
      if (problem != null) {
        sink.found(SegmentException.ofRecord(bytes.name(), i, recordOffset(i), problem));
      } else {
        lastTimestampNs = table.timestampNs(i);
      }
      if (table.ownsPayload(i)) {
        payloads++;
      }
    }
    if (payloads != trailer.payloadCount()) {
      sink.found(
          SegmentException.at(
              bytes.name(),
              trailer.trailerOffset(),
              "records own %d payloads, the trailer counts %d"
                  .formatted(payloads, trailer.payloadCount())));
    }
    if (lastTimestampNs != trailer.lastTimestampNs()
        || table.timestampNs(0) != trailer.firstTimestampNs()) {
      sink.found(
          SegmentException.at(
              bytes.name(),
              trailer.trailerOffset(),
              "first and last timestamp are not those of the records"));
    }
  }

  /** Part of the file, from the tail that is in memory as far as it goes. */
  private byte[] read(final long offset, final int length) throws IOException {
    final byte[] result = new byte[length];
    final long tailOffset = bytes.length() - tail.length;
    final int ahead = (int) Math.max(0, Math.min(length, tailOffset - offset));
    if (ahead > 0) {
      bytes.read(offset, ByteBuffer.wrap(result, 0, ahead));
    }
    if (ahead < length) {
      System.arraycopy(tail, (int) (offset + ahead - tailOffset), result, ahead, length - ahead);
    }
    return result;
  }

  private void agree(final String what, final Object inHeader, final Object inTrailer)
      throws SegmentException {
    if (!inHeader.equals(inTrailer)) {
      throw SegmentException.of(
          bytes.name(),
          "%s is %s in the header, %s in the trailer".formatted(what, inHeader, inTrailer));
    }
  }
}
