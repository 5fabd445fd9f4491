package io.blockcam.archive.segment;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.SegmentName;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.DigestedSegment;
import io.blockcam.archive.log.LogWriter;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.archive.log.Segments;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Writes the small recording that is checked in as bytes: one segment sealed, one recovered after a
 * crash, one still open, one that stands for the first two, and the first one encoded and signed.
 * Format version 1 must give these bytes for ever; {@link #main} is for the files of the next
 * version.
 */
final class GoldenFiles {
  static final String DIRECTORY = "golden/v1";
  static final UUID ID = UUID.fromString("5f2b8a34-0c1d-4e6f-8a9b-c0d1e2f30415");
  static final long DISK_BYTES = (1 << 20) + 512;
  static final long CREATED_NS = 1_795_341_600_123_456_789L;

  private final Path directory;
  private long sequence;
  private long timestampNs = CREATED_NS;

  private GoldenFiles(final Path directory) {
    this.directory = directory;
  }

  /**
   * @param args the directory to write to
   */
  public static void main(final String[] args) throws IOException {
    write(Path.of(args[0]));
  }

  static void write(final Path directory) throws IOException {
    new GoldenFiles(directory).write();
  }

  static Recording recording() {
    return new Recording(
        ID,
        "golden",
        DISK_BYTES,
        Instant.ofEpochSecond(CREATED_NS / 1_000_000_000, CREATED_NS % 1_000_000_000),
        "host.example",
        "one disk, \"two\" epochs",
        Baseline.EMPTY);
  }

  private void write() throws IOException {
    final byte[] recordingJson = RecordingJson.write(recording());
    Files.write(directory.resolve(Recording.FILE_NAME), recordingJson);
    final Sha256Digest first = writeSealed(Sha256.of(recordingJson));
    final Sha256Digest second = writeRecovered(first);
    writeOpen();
    writeBase(Sha256.of(recordingJson), second);
    writeEncoded();
  }

  /** Segment 0, epoch 0: every kind and every flag. */
  private Sha256Digest writeSealed(final Sha256Digest previous) throws IOException {
    try (LogWriter writer = create(0, 0)) {
      point(writer, RecordKind.START, 0);
      block(writer, RecordKind.BASELINE, 255, 0xff, 0, pattern(1));
      block(writer, RecordKind.DATA, 3, 0xff, RecordFlags.FIRST | RecordFlags.FUA, pattern(2));
      block(writer, RecordKind.DATA, 4, 0xff, 0, pattern(2));
      block(writer, RecordKind.DATA, 5, 0b0000_0110, RecordFlags.FIRST, pattern(3));
      block(writer, RecordKind.DATA, 6, 0xff, RecordFlags.FIRST, new byte[4096]);
      block(writer, RecordKind.DATA, 7, 0xff, RecordFlags.FAILED, pattern(4));
      run(writer, RecordKind.ZEROES, 16, 32, 0);
      run(writer, RecordKind.DISCARD, 0, 257, 0);
      point(writer, RecordKind.FLUSH, 0);
      append(
          writer, 0, 0, RecordKind.MARK, 0, 0, 0, Arrays.copyOf("caf\u00e9".getBytes(UTF_8), 4096));
      point(writer, RecordKind.CLOCK_STEP, CREATED_NS + 3_600_000_000_000L);
      run(writer, RecordKind.GAP, 8, 2, 1);
      run(writer, RecordKind.BASELINE_DONE, 0, 257, 0);
      run(writer, RecordKind.RESYNC_DONE, 8, 2, 0);
      block(writer, RecordKind.RESYNC, 8, 0xff, RecordFlags.UNKNOWN_OUTCOME, pattern(5));
      // The last block of this disk has one sector.
      block(writer, RecordKind.DATA, 256, 0b0000_0001, RecordFlags.FIRST, pattern(6));
      point(writer, RecordKind.STOP, 0);
      return publish(writer.seal(), directory, previous).digest();
    }
  }

  /** Segment 1, epoch 1: closed by recovery. */
  private Sha256Digest writeRecovered(final Sha256Digest previous) throws IOException {
    try (LogWriter writer = create(1, 1)) {
      point(writer, RecordKind.START, 0);
      block(writer, RecordKind.DATA, 1, 0xff, RecordFlags.FIRST, pattern(7));
      writer.write();
    }
    final SealedLog log =
        LogWriter.recover(directory, chain(1, sequence - 2, previous)).log().orElseThrow();
    return publish(log, directory, previous).digest();
  }

  /** What a segment must be. */
  static SegmentChain chain(
      final long segmentNumber, final long firstSequence, final Sha256Digest previous) {
    return new SegmentChain(
        ID, DISK_BYTES, segmentNumber, firstSequence, 0, 0, previous, Optional.empty());
  }

  /** Segment 2, epoch 2: as a crash left it. */
  private void writeOpen() throws IOException {
    try (LogWriter writer = create(2, 2)) {
      point(writer, RecordKind.START, 0);
      block(writer, RecordKind.DATA, 2, 0xff, RecordFlags.FIRST, pattern(8));
      block(writer, RecordKind.DATA, 9, 0xff, RecordFlags.FIRST, pattern(8));
      writer.write();
    }
  }

  /** What may stand in the place of segments 0 and 1: what the disk held at the end of them. */
  private void writeBase(final Sha256Digest recordingJson, final Sha256Digest replaced)
      throws IOException {
    final Path base = Files.createDirectory(directory.resolve("base"));
    final long lastNs = CREATED_NS + 20_000;
    final SegmentTrailer trailer;
    final Path file;
    try (LogWriter writer =
        Segments.golden(base, new SegmentHeader(ID, 1, 1, 18, lastNs, DISK_BYTES))) {
      append(writer, 18, lastNs, 1, pattern(7));
      append(writer, 19, lastNs, 8, pattern(5));
      final SealedSegment sealed = publish(writer.seal(), base, recordingJson);
      trailer = sealed.trailer();
      file = sealed.path();
    }
    Trailers.replace(file, Trailers.base(trailer, replaced));
  }

  private static void append(
      final LogWriter writer,
      final long sequence,
      final long timestampNs,
      final long block,
      final byte[] payload)
      throws IOException {
    writer.append(
        RecordView.allocate().put(sequence, block, 1, RecordKind.BASELINE, 0xff, 0),
        timestampNs,
        0,
        MemorySegment.ofArray(payload),
        0);
  }

  /** The bytes of this one depend on the encoder; only reading it is the same for ever. */
  private void writeEncoded() throws IOException {
    final Path file =
        Files.createDirectory(directory.resolve("encoded")).resolve(SegmentName.sealed(0));
    try (FileBytes raw = FileBytes.open(directory.resolve(SegmentName.sealed(0)));
        FileChannel out =
            FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      if (new SegmentEncoder().encode(SegmentReader.open(raw), out).isEmpty()) {
        throw new IllegalStateException("not worth it");
      }
    }
    Trailers.sign(file, 77, "no signature anybody knows".getBytes(UTF_8));
  }

  private LogWriter create(final long segmentNumber, final long epoch) throws IOException {
    return Segments.golden(
        directory, new SegmentHeader(ID, epoch, segmentNumber, sequence, timestampNs, DISK_BYTES));
  }

  private static SealedSegment publish(
      final SealedLog log, final Path directory, final Sha256Digest previous) throws IOException {
    final SealedSegment segment = DigestedSegment.of(log.path(), ID, previous).writeTo(directory);
    Files.delete(log.path());
    return segment;
  }

  private void point(final LogWriter writer, final RecordKind kind, final long aux)
      throws IOException {
    append(writer, 0, 0, kind, 0, 0, aux, null);
  }

  private void run(
      final LogWriter writer,
      final RecordKind kind,
      final long block,
      final long runBlocks,
      final long aux)
      throws IOException {
    append(writer, block, runBlocks, kind, 0xff, RecordFlags.FIRST, aux, null);
  }

  private void block(
      final LogWriter writer,
      final RecordKind kind,
      final long block,
      final int sectorMask,
      final int flags,
      final byte[] payload)
      throws IOException {
    append(writer, block, 1, kind, sectorMask, flags, 0, payload);
  }

  // checkstyle: ParameterNumber (a record, field by field)
  private void append(
      final LogWriter writer,
      final long block,
      final long runBlocks,
      final RecordKind kind,
      final int sectorMask,
      final int flags,
      final long aux,
      final byte @Nullable [] payload)
      throws IOException {
    timestampNs += 1_000;
    writer.append(
        RecordView.allocate().put(sequence++, block, runBlocks, kind, sectorMask, aux),
        timestampNs,
        flags,
        payload == null ? null : MemorySegment.ofArray(payload),
        0);
  }

  /** 4096 bytes that differ from sector to sector. */
  static byte[] pattern(final int seed) {
    final byte[] payload = new byte[4096];
    for (int i = 0; i < payload.length; i++) {
      payload[i] = (byte) (seed * 16 + i / 512);
    }
    return payload;
  }
}
