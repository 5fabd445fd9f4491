package io.blockcam.uploader;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.SegmentName;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.DigestedSegment;
import io.blockcam.archive.log.LogRepair;
import io.blockcam.archive.log.LogWriter;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.log.RepairedLog;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;

/** A spool of real logs. Remembers what it was told is published. */
final class TestSpool implements SegmentSource {
  static final Recording RECORDING =
      new Recording(
          new UUID(1, 2),
          "disk",
          1L << 30,
          Instant.parse("2026-11-22T10:00:00Z"),
          "host",
          "",
          Baseline.EMPTY);

  private final Path dir;
  private final Deque<Path> waiting = new ArrayDeque<>();
  private final List<String> published = new ArrayList<>();
  private final Map<Path, DigestedSegment> digested = new HashMap<>();
  private byte[] recordingJson = RecordingJson.write(RECORDING);
  private boolean compressible;
  private boolean mends;
  private long nextSegment;
  private long nextSequence;
  private Sha256Digest previous = Sha256.of(RecordingJson.write(RECORDING));
  private Sha256Digest shipped = previous;

  TestSpool(final Path dir) throws IOException {
    this.dir = Files.createDirectories(dir);
  }

  /**
   * Seals a segment of that many random blocks.
   *
   * @return its log
   */
  synchronized Path seal(final int blocks) throws IOException {
    final SegmentHeader header =
        new SegmentHeader(RECORDING.id(), 0, nextSegment, nextSequence, 1, RECORDING.diskBytes());
    final byte[] block = new byte[4096];
    final Random random = new Random(nextSegment);
    try (LogWriter writer = LogWriter.create(dir, header, SegmentLimits.DEFAULT)) {
      for (int i = 0; i < blocks; i++) {
        random.nextBytes(block);
        if (compressible) {
          Arrays.fill(block, 64, block.length, (byte) i);
        }
        writer.append(
            RecordView.allocate().put(nextSequence, i, 1, RecordKind.DATA, 0xff, 0),
            nextSequence,
            0,
            MemorySegment.ofArray(block),
            0);
        nextSequence++;
      }
      final Path log = writer.seal().path();
      final DigestedSegment segment = DigestedSegment.of(log, RECORDING.id(), previous);
      digested.put(log, segment);
      previous = segment.trailer().digest();
      nextSegment++;
      waiting.add(log);
      notifyAll();
      return log;
    }
  }

  /** The segment of a log. */
  synchronized DigestedSegment digested(final Path log) {
    return Objects.requireNonNull(digested.get(log));
  }

  /** What is to stand in the archive of a log. */
  byte[] bytesOf(final Path log) throws IOException {
    try (InputStream in = digested(log).newInputStream()) {
      return in.readAllBytes();
    }
  }

  /** From now on blocks are worth to be encoded. */
  void sealCompressible() {
    compressible = true;
  }

  /** Returns the names in the order in which they were published. */
  synchronized List<String> published() {
    return List.copyOf(published);
  }

  /** As if another version had printed it when the recording was begun. */
  synchronized void recordingJson(final byte[] bytes) {
    recordingJson = bytes.clone();
  }

  @Override
  public synchronized byte[] recordingJson() {
    return recordingJson.clone();
  }

  @Override
  public synchronized List<Path> oldestSealed(final int most) {
    return waiting.stream().limit(most).toList();
  }

  @Override
  public synchronized Sha256Digest shippedDigest() {
    return shipped;
  }

  /** From now on it can make damaged segments anew. */
  synchronized void mends() {
    mends = true;
  }

  @Override
  public synchronized String repair(final Path segment) throws IOException {
    if (!mends) {
      throw SegmentException.of(segment.toString(), "is damaged and cannot be made anew");
    }
    final List<Path> logs = List.copyOf(waiting);
    final long end =
        logs.size() == 1 ? nextSequence : SealedLog.open(logs.get(1)).header().firstSequence();
    try (RepairedLog repaired = LogRepair.repair(segment, RECORDING.id(), end, end)) {
      repaired.takeName();
      previous = shipped;
      for (final Path log : logs) {
        final DigestedSegment anew = DigestedSegment.of(log, RECORDING.id(), previous);
        digested.put(log, anew);
        previous = anew.trailer().digest();
      }
      return repaired.lostBlocks() + " and " + repaired.lostRecords();
    }
  }

  @Override
  public synchronized long shippedSegments() {
    return published.size();
  }

  @Override
  public synchronized void published(final Path segment, final Sha256Digest digest)
      throws IOException {
    if (!segment.equals(waiting.peek())) {
      throw new IllegalArgumentException(segment + " is not the oldest");
    }
    if (!digest.equals(digested(segment).trailer().digest())) {
      throw new IllegalArgumentException(digest + " is not its digest");
    }
    shipped = digest;
    Files.delete(segment);
    waiting.remove();
    published.add(SegmentName.sealed(digested(segment).trailer().segmentNumber()));
    notifyAll();
  }

  @Override
  public synchronized void awaitWork(final Duration limit) throws InterruptedException {
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    while (waiting.isEmpty()) {
      final long leftMs = (deadlineNs - System.nanoTime()) / 1_000_000;
      if (leftMs <= 0) {
        return;
      }
      wait(leftMs);
    }
  }

  @Override
  public synchronized int backlog() {
    return waiting.size();
  }
}
