package io.blockcam.history;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Nanos;
import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.head.HeadJson;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.log.SegmentWriter;
import io.blockcam.archive.pack.PackDirectory;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentReader;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/**
 * A long recording of a large disk that takes little room: random writes, one payload in 64 of its
 * own, the others zero or equal to it. The same arguments give the same archive.
 */
public final class SyntheticArchive {
  public static final String NAME = "synthetic";

  private static final UUID ID = UUID.fromString("7c1f8b52-6a0e-4f7d-9d55-2f6f0b8a4c31");
  private static final Instant CREATED = Instant.parse("2026-01-01T00:00:00Z");
  private static final int OWN_PAYLOAD_EVERY = 64;
  private static final long SEGMENT_NS = 10_000_000_000L;

  private SyntheticArchive() {}

  /**
   * Makes one on the command line, for measurements.
   *
   * @param args root of the archive, size of the disk in bytes, segments, records in each; then
   *     "packed" for packs in place of all segments of which there are enough
   */
  public static void main(final String[] args) throws IOException {
    make(
        Path.of(args[0]),
        Long.parseLong(args[1]),
        Integer.parseInt(args[2]),
        Integer.parseInt(args[3]),
        args.length > 4 && args[4].equals("packed"));
  }

  /** Makes one, its head included. */
  public static void make(
      final Path root, final long diskBytes, final int segments, final int recordsOfEach)
      throws IOException {
    make(root, diskBytes, segments, recordsOfEach, /* packed= */ false);
  }

  private static void make(
      final Path root,
      final long diskBytes,
      final int segments,
      final int recordsOfEach,
      final boolean packed)
      throws IOException {
    final Recording recording =
        new Recording(ID, NAME, diskBytes, CREATED, "host.example", "", Baseline.EMPTY);
    final RecordingPaths paths = recording.paths();
    Files.createDirectories(root.resolve(paths.segments()));
    final byte[] json = RecordingJson.write(recording);
    Files.write(root.resolve(paths.recordingJson()), json);
    final SplittableRandom random = new SplittableRandom(1);
    Sha256Digest previous = Sha256.of(json);
    RecordingSummary summary = RecordingSummary.EMPTY;
    final List<Path> span = new ArrayList<>();
    for (int s = 0; s < segments; s++) {
      final SegmentHeader header =
          new SegmentHeader(
              ID, 0, s, (long) s * recordsOfEach, Nanos.of(CREATED) + s * SEGMENT_NS, diskBytes);
      final Path directory = Files.createDirectories(root.resolve(paths.segments(s)));
      final Path file;
      try (SegmentWriter writer = SegmentWriter.create(directory, header, SegmentLimits.DEFAULT)) {
        append(writer, header, recordsOfEach, random);
        file = writer.seal(previous).path();
      }
      try (FileBytes bytes = FileBytes.open(file)) {
        final SegmentReader reader = SegmentReader.open(bytes);
        previous = reader.trailer().digest();
        summary = summary.plus(reader.trailer(), reader.records());
      }
      span.add(file);
      if (span.size() == PackSpans.SIZES.getFirst()) {
        if (packed) {
          pack(
              root.resolve(paths.pack(span.size(), s + 1L - span.size())),
              s + 1L - span.size(),
              span);
        }
        span.clear();
      }
    }
    final RecordingHead head = new RecordingHead(ID, segments - 1, previous, summary);
    Files.createDirectories(root.resolve(paths.heads()));
    Files.write(root.resolve(paths.head(head.fileName())), HeadJson.write(head));
  }

  private static void pack(final Path pack, final long first, final List<Path> segments)
      throws IOException {
    final List<Long> lengths = new ArrayList<>();
    for (final Path segment : segments) {
      lengths.add(Files.size(segment));
    }
    final byte[] directory = PackDirectory.of(ID, first, lengths).encode();
    Files.createDirectories(pack.getParent());
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(pack), 1 << 20)) {
      out.write(directory);
      for (final Path segment : segments) {
        Files.copy(segment, out);
        Files.delete(segment);
      }
      out.write(directory);
    }
  }

  private static void append(
      final SegmentWriter writer,
      final SegmentHeader header,
      final int records,
      final SplittableRandom random)
      throws IOException {
    final byte[] payload = new byte[4096];
    final byte[] zero = new byte[4096];
    for (int r = 0; r < records; r++) {
      final long sequence = writer.nextSequence();
      final RecordKind kind =
          sequence == 0 ? RecordKind.START : r == records - 1 ? RecordKind.FLUSH : RecordKind.DATA;
      final boolean point = kind != RecordKind.DATA;
      final long block = point ? 0 : random.nextLong(header.diskBlocks());
      if (r % OWN_PAYLOAD_EVERY == 1) {
        ByteBuffer.wrap(payload).putLong(0, sequence);
      }
      writer.append(
          RecordView.allocate().put(sequence, block, point ? 0 : 1, kind, point ? 0 : 0xff, 0),
          header.createdNs() + r * (SEGMENT_NS / records),
          0,
          point ? null : MemorySegment.ofArray(random.nextBoolean() ? payload : zero),
          0);
    }
  }
}
