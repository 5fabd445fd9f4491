package io.blockcam.archive.log;

import io.blockcam.archive.SegmentName;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.segment.SealedSegment;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Writes one segment into a directory as an archive has it, through a log beside it: for whoever
 * has no spool. One thread.
 */
public final class SegmentWriter implements Closeable {
  private final Path directory;
  private final LogWriter log;

  private SegmentWriter(final Path directory, final LogWriter log) {
    this.directory = directory;
    this.log = log;
  }

  /**
   * Begins a segment.
   *
   * @throws FileAlreadyExistsException when one of this number is there
   */
  public static SegmentWriter create(
      final Path directory, final SegmentHeader header, final SegmentLimits limits)
      throws IOException {
    final Path file = directory.resolve(SegmentName.sealed(header.segmentNumber()));
    if (Files.exists(file)) {
      throw new FileAlreadyExistsException(file.toString());
    }
    return new SegmentWriter(directory, LogWriter.create(directory, header, limits));
  }

  /** What takes its records. */
  LogWriter log() {
    return log;
  }

  /** What the segment began with. */
  public SegmentHeader header() {
    return log.header();
  }

  /** Records appended so far. */
  public int recordCount() {
    return log.recordCount();
  }

  /** The sequence that the next record must have. */
  public long nextSequence() {
    return log.nextSequence();
  }

  /** Whether that many more records fit for certain, each with a payload of its own. */
  public boolean hasRoom(final int moreRecords) {
    return log.hasRoom(moreRecords);
  }

  /** Appends a record; see {@link LogWriter#append}. */
  public void append(
      final RecordView entry,
      final long timestampNs,
      final int flags,
      final @Nullable MemorySegment source,
      final long sourceOffset)
      throws IOException {
    log.append(entry, timestampNs, flags, source, sourceOffset);
  }

  /**
   * Finishes the segment; its log is gone then.
   *
   * @param previous digest of the segment before; of recording.json for segment 0
   */
  public SealedSegment seal(final Sha256Digest previous) throws IOException {
    final SealedLog sealed = log.seal();
    final SealedSegment segment =
        DigestedSegment.of(sealed.path(), sealed.header().recordingId(), previous)
            .writeTo(directory);
    Files.delete(sealed.path());
    return segment;
  }

  /** Lets go of it; without {@link #seal} before it the log stays. */
  @Override
  public void close() throws IOException {
    log.close();
  }
}
