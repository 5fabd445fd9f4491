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
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A recording made up for a test, written with the real writer into a directory store. */
public final class TestRecording {
  public static final String NAME = "disk";
  public static final Instant CREATED = Instant.parse("2026-11-22T10:00:00.000000001Z");
  public static final UUID ID = UUID.fromString("0190f0e0-7b1c-7c3d-8e4f-102030405060");

  private final Path root;
  private final String name;
  private final RecordingPaths paths;
  private long diskBytes;
  private final long createdNs = Nanos.of(CREATED);
  private @Nullable SegmentWriter writer;
  private Sha256Digest previous;
  private long epoch;
  private long segmentNumber;
  private long sequence;
  private long timestampNs = createdNs;

  public TestRecording(final Path root, final long diskBytes) throws IOException {
    this(root, diskBytes, Baseline.EMPTY);
  }

  public TestRecording(final Path root, final long diskBytes, final Baseline baseline)
      throws IOException {
    this(root, NAME, diskBytes, baseline);
  }

  public TestRecording(
      final Path root, final String name, final long diskBytes, final Baseline baseline)
      throws IOException {
    this.root = root;
    this.name = name;
    this.paths = new RecordingPaths(name);
    this.diskBytes = diskBytes;
    Files.createDirectories(segments());
    final Recording recording =
        new Recording(ID, name, diskBytes, CREATED, "host.example", "", baseline);
    final byte[] json = RecordingJson.write(recording);
    Files.write(root.resolve(name).resolve(Recording.FILE_NAME), json);
    previous = Sha256.of(json);
  }

  /** The directory of the first thousand. */
  public Path segments() {
    return root.resolve(paths.segments(0));
  }

  public Path segment(final long number) {
    return root.resolve(paths.segment(number));
  }

  public ObjectStore store() throws IOException {
    return Stores.open(root.toUri().toString());
  }

  public long diskBytes() {
    return diskBytes;
  }

  public long nextSequence() {
    return sequence;
  }

  /** The next records come that much later. */
  public void passTime(final long ns) {
    timestampNs += ns;
  }

  /** The timestamp of the next record. */
  public Instant now() {
    return Nanos.toInstant(timestampNs);
  }

  /** Skips sequences, as a recorder must never do. */
  public void loseRecords(final int count) {
    sequence += count;
  }

  /** The next segment is of a larger disk. */
  public void growTo(final long bytes) {
    diskBytes = bytes;
  }

  public void nextEpoch() throws IOException {
    seal();
    epoch++;
  }

  /** A write of one block; bytes outside the mask are rubbish that must not be seen again. */
  public void data(final long block, final int sectorMask, final int flags, final byte[] payload)
      throws IOException {
    append(block, 1, RecordKind.DATA, sectorMask, flags, payload);
  }

  public void run(final RecordKind kind, final long block, final long runBlocks, final int flags)
      throws IOException {
    append(block, runBlocks, kind, 0xff, flags, null);
  }

  public void point(final RecordKind kind) throws IOException {
    append(0, 0, kind, 0, 0, null);
  }

  /** The clock is set back; the timestamps stay where they are, as the recorder keeps them. */
  public void clockBackBy(final long ns) throws IOException {
    append(
        RecordView.allocate().put(sequence, 0, 0, RecordKind.CLOCK_STEP, 0, timestampNs - ns),
        0,
        null);
  }

  /** The clock is set ahead, and the timestamps with it. */
  public void clockAheadBy(final long ns) throws IOException {
    clockBackBy(-ns);
    passTime(ns);
  }

  /** Writes to these blocks are not recorded. */
  public void gap(final long block, final long blocks, final GapReason why) throws IOException {
    append(
        RecordView.allocate().put(sequence, block, blocks, RecordKind.GAP, 0xff, why.code()),
        RecordFlags.FIRST,
        null);
  }

  public void append(
      final long block,
      final long runBlocks,
      final RecordKind kind,
      final int sectorMask,
      final int flags,
      final byte @Nullable [] payload)
      throws IOException {
    append(
        RecordView.allocate().put(sequence, block, runBlocks, kind, sectorMask, 0), flags, payload);
  }

  private void append(final RecordView record, final int flags, final byte @Nullable [] payload)
      throws IOException {
    SegmentWriter open = writer;
    if (open == null) {
      open =
          SegmentWriter.create(
              Files.createDirectories(root.resolve(paths.segments(segmentNumber))),
              new SegmentHeader(ID, epoch, segmentNumber, sequence, timestampNs, diskBytes),
              SegmentLimits.DEFAULT);
      writer = open;
    }
    open.append(
        record, timestampNs, flags, payload == null ? null : MemorySegment.ofArray(payload), 0);
    sequence++;
  }

  public void seal() throws IOException {
    final SegmentWriter open = writer;
    if (open != null) {
      previous = open.seal(previous).digest();
      segmentNumber++;
      writer = null;
    }
  }

  /** What the recorder publishes behind segments: what there is up to here. */
  public void publishHead() throws IOException {
    try (ObjectStore store = store()) {
      final Segments sealed = RecordingReader.open(store, name).segments(0, segmentNumber, false);
      RecordingSummary summary = RecordingSummary.EMPTY;
      for (long number = 0; number < segmentNumber; number++) {
        final SegmentReader segment = sealed.open(number);
        summary = summary.plus(segment.trailer(), segment.records());
      }
      final RecordingHead head = new RecordingHead(ID, segmentNumber - 1, previous, summary);
      Files.createDirectories(root.resolve(paths.heads()));
      Files.write(root.resolve(paths.head(head.fileName())), HeadJson.write(head));
    }
  }

  public static byte[] filled(final int value) {
    final byte[] payload = new byte[4096];
    Arrays.fill(payload, (byte) value);
    return payload;
  }
}
