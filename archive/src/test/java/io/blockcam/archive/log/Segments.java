package io.blockcam.archive.log;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SealedSegment;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Segments made up for tests. */
public final class Segments {
  public static final UUID RECORDING = UUID.fromString("0190f0e0-7b1c-7c3d-8e4f-102030405060");
  public static final long DISK_BLOCKS = 1000;
  public static final long FIRST_SEQUENCE = 100;
  public static final long CREATED_NS = 1_700_000_000_000_000_000L;
  public static final Sha256Digest RECORDING_JSON = Sha256Digest.ofHex("cd".repeat(32));
  public static final Sha256Digest PREVIOUS = Sha256Digest.ofHex("ab".repeat(32));

  /** What a test appends, and expects to read back. */
  public record Entry(
      long sequence,
      long timestampNs,
      long block,
      long runBlocks,
      RecordKind kind,
      int sectorMask,
      int flags,
      long aux,
      byte @Nullable [] payload) {

    public void appendTo(final SegmentWriter writer) throws IOException {
      appendTo(writer.log());
    }

    void appendTo(final LogWriter writer) throws IOException {
      writer.append(
          RecordView.allocate().put(sequence, block, runBlocks, kind, sectorMask, aux),
          timestampNs,
          flags,
          payload == null ? null : MemorySegment.ofArray(payload),
          0);
    }
  }

  private Segments() {}

  public static SegmentHeader header(final long segmentNumber) {
    return new SegmentHeader(
        RECORDING, 3, segmentNumber, FIRST_SEQUENCE, CREATED_NS, DISK_BLOCKS * 4096);
  }

  public static Sha256Digest previous(final long segmentNumber) {
    return segmentNumber == 0 ? RECORDING_JSON : PREVIOUS;
  }

  /** What such a segment must be. */
  public static SegmentChain chain(final long segmentNumber) {
    return chain(segmentNumber, FIRST_SEQUENCE);
  }

  public static SegmentChain chain(final long segmentNumber, final long firstSequence) {
    return new SegmentChain(
        RECORDING,
        DISK_BLOCKS * 4096,
        segmentNumber,
        firstSequence,
        3,
        0,
        previous(segmentNumber),
        Optional.empty());
  }

  /** A sealed segment with these records. */
  public static SealedSegment write(
      final Path directory, final long segmentNumber, final List<Entry> entries)
      throws IOException {
    try (SegmentWriter writer =
        SegmentWriter.create(directory, header(segmentNumber), SegmentLimits.DEFAULT)) {
      for (final Entry entry : entries) {
        entry.appendTo(writer);
      }
      return writer.seal(previous(segmentNumber));
    }
  }

  /** A log with these records, and no end. */
  static LogWriter log(final Path directory, final List<Entry> entries) throws IOException {
    final LogWriter writer = LogWriter.create(directory, header(1), SegmentLimits.DEFAULT);
    for (final Entry entry : entries) {
      entry.appendTo(writer);
    }
    writer.write();
    return writer;
  }

  /** A log with the salt of the files that are checked in. */
  public static LogWriter golden(final Path directory, final SegmentHeader header)
      throws IOException {
    return LogWriter.create(
        directory, new LogHeader(header, 0x5a17_0001), SegmentLimits.DEFAULT, null);
  }

  /** The segment that is made of a log. */
  static DigestedSegment digested(final SealedLog log) throws IOException {
    return DigestedSegment.of(log.path(), RECORDING, previous(log.header().segmentNumber()));
  }

  /** Records of every kind, with sub-block masks, zero payloads and repeated ones. */
  public static List<Entry> random(final RandomGenerator random, final int count) {
    final List<Entry> entries = new ArrayList<>();
    final List<byte[]> payloads = new ArrayList<>();
    long timestampNs = CREATED_NS;
    for (int i = 0; i < count; i++) {
      timestampNs += random.nextInt(3) * 1_000L;
      entries.add(random(random, FIRST_SEQUENCE + i, timestampNs, payloads));
    }
    return entries;
  }

  private static Entry random(
      final RandomGenerator random,
      final long sequence,
      final long timestampNs,
      final List<byte[]> payloads) {
    final int choice = random.nextInt(16);
    final RecordKind kind =
        choice < RecordKind.values().length ? RecordKind.values()[choice] : RecordKind.DATA;
    final int flags = random.nextInt(RecordFlags.ALL + 1) & ~RecordFlags.STORAGE;
    if (!kind.hasBlocks()) {
      return new Entry(
          sequence,
          timestampNs,
          0,
          0,
          kind,
          0,
          flags,
          random.nextLong(),
          kind.hasPayload() ? payload(random, payloads) : null);
    }
    final long run = kind.isRun() ? random.nextLong(1, DISK_BLOCKS) : 1;
    final boolean whole = run > 1 || !kind.setsContent() || random.nextInt(3) > 0;
    final int mask = whole ? 0xff : random.nextInt(1, 0x100);
    byte[] payload = null;
    if (kind.hasPayload()) {
      payload = payload(random, payloads);
      for (int sector = 0; sector < 8; sector++) {
        if ((mask & 1 << sector) == 0) {
          Arrays.fill(payload, sector * 512, sector * 512 + 512, (byte) 0);
        }
      }
    }
    return new Entry(
        sequence,
        timestampNs,
        random.nextLong(DISK_BLOCKS - run + 1),
        run,
        kind,
        mask,
        flags,
        random.nextLong(),
        payload);
  }

  private static byte[] payload(final RandomGenerator random, final List<byte[]> earlier) {
    final int choice = random.nextInt(5);
    if (choice == 0) {
      return new byte[4096];
    }
    if (choice == 1 && !earlier.isEmpty()) {
      return earlier.get(random.nextInt(earlier.size())).clone();
    }
    final byte[] payload = new byte[4096];
    random.nextBytes(payload);
    earlier.add(payload.clone());
    return payload;
  }

  /** A payload that is easy to recognise in a hex dump. */
  public static byte[] filled(final int value) {
    final byte[] payload = new byte[4096];
    Arrays.fill(payload, (byte) value);
    return payload;
  }

  public static Entry data(final long sequence, final long block, final byte[] payload) {
    return new Entry(
        sequence, CREATED_NS + sequence, block, 1, RecordKind.DATA, 0xff, 1, 0, payload);
  }
}
