package io.blockcam.archive.log;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;

import io.blockcam.archive.SegmentName;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.Frames;
import io.blockcam.archive.segment.SealedSegment;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentStorage;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;

/**
 * The segment that is made of a sealed log, for whoever ships it. All of the log is checked when
 * the digests are made, and once more, by the CRC32C of each payload and the SHA-256 of the tables,
 * whenever the segment's bytes are read: what was damaged in the spool never gets its final name.
 *
 * <p>The same log gives the same bytes, whenever and however often they are made. Any thread.
 */
public final class DigestedSegment {
  private static final int STREAM_BUFFER_BYTES = 256 << 10;

  /** For the tables of all segments that are read at a time; the largest have 25 MiB. */
  private static final int ROOM_KIB = 48 << 10;

  private static final Semaphore ROOM = new Semaphore(ROOM_KIB);

  private final SealedLog log;
  private final SegmentTrailer trailer;
  private final byte[] frameDigests;
  private final RecordingSummary summary;

  private DigestedSegment(
      final SealedLog log,
      final SegmentTrailer trailer,
      final byte[] frameDigests,
      final RecordingSummary summary) {
    this.log = log;
    this.trailer = trailer;
    this.frameDigests = frameDigests;
    this.summary = summary;
  }

  /**
   * Reads a log and makes the digests; waits while too many tables are in memory.
   *
   * @param file of the spool
   * @param recordingId the recording it must belong to
   * @param previous digest of the segment before; of recording.json for segment 0
   * @throws SegmentException when it is damaged, or is another segment than its name says
   */
  public static DigestedSegment of(
      final Path file, final UUID recordingId, final Sha256Digest previous) throws IOException {
    final SealedLog log = SealedLog.open(file);
    SegmentChain.checkIdentity(
        file.toString(),
        recordingId,
        LogName.sealedNumber(String.valueOf(file.getFileName())).orElse(-1),
        log.header().recordingId(),
        log.header().segmentNumber());
    if (previous.equals(Sha256Digest.NONE)) {
      throw new IllegalArgumentException(
          "segment %d cannot follow nothing".formatted(log.header().segmentNumber()));
    }
    takeRoom(log);
    try {
      return of(log, previous);
    } finally {
      giveRoomBack(log);
    }
  }

  private static DigestedSegment of(final SealedLog log, final Sha256Digest previous)
      throws IOException {
    final byte[] frameDigests = new byte[Frames.count(log.payloadCount()) * Sha256Digest.BYTES];
    final Tables tables = new Tables(log);
    final FrameSink frames = new FrameSink(frameDigests);
    tables.read(/* checksPayloads= */ true, frames);
    frames.finish();
    final SegmentTrailer trailer = trailer(log, previous, tables.sha256(frameDigests));
    return new DigestedSegment(
        log, trailer, frameDigests, RecordingSummary.of(trailer, new RecordTable(tables.records)));
  }

  private static SegmentTrailer trailer(
      final SealedLog log, final Sha256Digest previous, final Sha256Digest tables) {
    return new SegmentTrailer(
            log.header().recordingId(),
            log.header().epoch(),
            log.header().segmentNumber(),
            log.recovered(),
            false,
            log.recordCount(),
            log.payloadCount(),
            log.header().firstSequence(),
            log.firstTimestampNs(),
            log.lastTimestampNs(),
            log.header().diskBytes(),
            Sha256.of(log.header().encode()),
            tables,
            previous,
            Sha256Digest.NONE,
            Sha256Digest.NONE,
            SegmentStorage.raw(log.payloadCount()))
        .withDigest();
  }

  /** Where its log lies. */
  public Path path() {
    return log.path();
  }

  /** What it holds. */
  public SegmentTrailer trailer() {
    return trailer;
  }

  /** The same in numbers. */
  public RecordingSummary summary() {
    return summary;
  }

  /**
   * The bytes of the segment, to be read anywhere; with its tables in memory: waits while others
   * have too many. To be closed, and before this thread reads another one.
   *
   * @throws SegmentException when the log is not what it was
   */
  public DigestedBytes open() throws IOException {
    takeRoom(log);
    boolean opened = false;
    try {
      final Tables tables = tables();
      final DigestedBytes bytes = new DigestedBytes(FileBytes.open(log.path()), this, tables);
      opened = true;
      return bytes;
    } finally {
      if (!opened) {
        giveRoomBack();
      }
    }
  }

  private static void takeRoom(final SealedLog log) throws IOException {
    try {
      ROOM.acquire(roomKib(log));
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted before " + log.path() + " was read");
    }
  }

  /** A bad sector is damage; an interrupt, say, is none. */
  static IOException unreadable(final Path file, final IOException e) {
    return e.getClass() == IOException.class // EIO is no more than that
        ? SegmentException.of(file.toString(), "cannot be read: " + e.getMessage())
        : e;
  }

  /** Once its tables are not needed any more. */
  void giveRoomBack() {
    giveRoomBack(log);
  }

  private static void giveRoomBack(final SealedLog log) {
    ROOM.release(roomKib(log));
  }

  private static int roomKib(final SealedLog log) {
    final long bytes =
        (long) log.recordCount() * RECORD_BYTES
            + (long) log.payloadCount() * (SectorHash.BLOCK_HASHES_BYTES + 2 * Integer.BYTES);
    return (int) Math.min(ROOM_KIB, bytes / 1024 + 1);
  }

  private Tables tables() throws IOException {
    final Tables tables = new Tables(log);
    tables.read(/* checksPayloads= */ false, reader -> {});
    if (!tables.sha256(frameDigests).equals(trailer.tablesSha256())) {
      throw SegmentException.of(
          log.path().toString(), "its records are not what was digested: damaged in the spool");
    }
    return tables;
  }

  /** Header of the segment. */
  byte[] header() {
    return log.header().encode();
  }

  byte[] frameDigests() {
    return frameDigests;
  }

  /**
   * All bytes of the segment, from the first to the last. The stream is the caller's; it fails with
   * a {@link SegmentException} where a payload is not what it was.
   */
  public InputStream newInputStream() throws IOException {
    return new BufferedInputStream(new DigestedStream(open()), STREAM_BUFFER_BYTES);
  }

  /**
   * Writes the segment into a directory, as an archive has it.
   *
   * @return what lies there now, durable but for its name
   */
  public SealedSegment writeTo(final Path directory) throws IOException {
    final Path file = directory.resolve(SegmentName.sealed(trailer.segmentNumber()));
    try (InputStream in = newInputStream();
        FileChannel out =
            FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rw-------")))) {
      in.transferTo(Channels.newOutputStream(out));
      out.force(true);
    }
    return new SealedSegment(file, trailer);
  }

  /** Takes each record of a log, in its order. */
  private interface Sink {
    void take(LogReader reader);
  }

  /** Records and sector hashes of a log, and where its payloads lie. */
  static final class Tables {
    private final SealedLog log;
    private final byte[] records;
    private final byte[] hashes;
    private final PayloadPlaces places = new PayloadPlaces();
    private final int[] payloadCrc32cs;

    private Tables(final SealedLog log) {
      this.log = log;
      this.records = new byte[log.recordCount() * RECORD_BYTES];
      this.hashes = new byte[log.payloadCount() * SectorHash.BLOCK_HASHES_BYTES];
      this.payloadCrc32cs = new int[log.payloadCount()];
    }

    private void read(final boolean checksPayloads, final Sink sink) throws IOException {
      try (FileBytes bytes = FileBytes.open(log.path())) {
        final LogReader reader = new LogReader(bytes, SealedLog.header(bytes), checksPayloads);
        LogReader.Step step = next(reader);
        for (; step == LogReader.Step.RECORD; step = next(reader)) {
          if (reader.recordCount() > log.recordCount()
              || reader.payloadCount() > log.payloadCount()) {
            throw damaged(reader, "there are more records than the end mark tells of");
          }
          take(reader);
          sink.take(reader);
        }
        if (step != LogReader.Step.END
            || reader.recordCount() != log.recordCount()
            || reader.payloadCount() != log.payloadCount()) {
          throw damaged(
              reader, step == LogReader.Step.BROKEN ? reader.problem() : "nothing stands there");
        }
        if (reader.firstTimestampNs() != log.firstTimestampNs()
            || reader.lastTimestampNs() != log.lastTimestampNs()) {
          throw damaged(reader, "first and last timestamp are not those of the end mark");
        }
      }
    }

    private LogReader.Step next(final LogReader reader) throws IOException {
      try {
        return reader.next();
      } catch (final IOException e) {
        throw unreadable(log.path(), e);
      }
    }

    private SegmentException damaged(final LogReader reader, final String problem) {
      return SegmentException.ofRecord(
          log.path().toString(), reader.recordCount(), reader.offset(), problem);
    }

    private void take(final LogReader reader) {
      final int record = reader.recordCount() - 1;
      System.arraycopy(
          reader.array(), reader.recordAt(), records, record * RECORD_BYTES, RECORD_BYTES);
      if (reader.ownsPayload()) {
        final int payload = reader.payloadCount() - 1;
        System.arraycopy(
            reader.array(),
            reader.hashesAt(),
            hashes,
            payload * SectorHash.BLOCK_HASHES_BYTES,
            SectorHash.BLOCK_HASHES_BYTES);
        payloadCrc32cs[payload] = reader.table().payloadCrc32c(reader.index());
        places.add(reader.offset() + reader.payloadAt() - reader.recordAt());
      }
    }

    private Sha256Digest sha256(final byte[] frameDigests) {
      final Sha256 sha = new Sha256();
      sha.update(frameDigests, 0, frameDigests.length);
      sha.update(hashes, 0, hashes.length);
      sha.update(records, 0, records.length);
      return sha.finish();
    }

    byte[] records() {
      return records;
    }

    byte[] hashes() {
      return hashes;
    }

    long offset(final int payload) {
      return places.offset(payload);
    }

    int crc32c(final int payload) {
      return payloadCrc32cs[payload];
    }
  }

  /** Makes the digest of each frame. */
  private static final class FrameSink implements Sink {
    private final Sha256 sha = new Sha256();
    private final byte[] digests;
    private int payloads;

    FrameSink(final byte[] digests) {
      this.digests = digests;
    }

    @Override
    public void take(final LogReader reader) {
      if (reader.ownsPayload()) {
        sha.update(reader.array(), reader.payloadAt(), BLOCK_BYTES);
        payloads++;
        if (payloads % Frames.FRAME_PAYLOADS == 0) {
          put();
        }
      }
    }

    /** The last one may have less than the others. */
    void finish() {
      if (payloads % Frames.FRAME_PAYLOADS != 0) {
        put();
      }
    }

    private void put() {
      final int frame = Frames.count(payloads) - 1;
      System.arraycopy(
          sha.finish().toByteArray(), 0, digests, frame * Sha256Digest.BYTES, Sha256Digest.BYTES);
    }
  }

  /** Owns the bytes it reads. */
  private static final class DigestedStream extends InputStream {
    private final DigestedBytes bytes;
    private long position;

    DigestedStream(final DigestedBytes bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() throws IOException {
      final byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(final byte[] b, final int off, final int len) throws IOException {
      final int count = (int) Math.min(len, bytes.length() - position);
      if (count <= 0) {
        return len == 0 ? 0 : -1;
      }
      bytes.read(position, ByteBuffer.wrap(b, off, count));
      position += count;
      return count;
    }

    @Override
    public void close() throws IOException {
      bytes.close();
    }
  }
}
