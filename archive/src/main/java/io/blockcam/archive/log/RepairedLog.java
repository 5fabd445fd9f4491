package io.blockcam.archive.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;

/**
 * What {@link LogRepair} has made of a damaged log: durable, but not in its place yet. One thread.
 */
public final class RepairedLog implements Closeable {
  private final LogWriter copy;
  private final SealedLog log;
  private final List<Long> lostBlocks;
  private final int lostRecords;

  RepairedLog(
      final LogWriter copy,
      final SealedLog log,
      final List<Long> lostBlocks,
      final int lostRecords) {
    this.copy = copy;
    this.log = log;
    this.lostBlocks = List.copyOf(lostBlocks);
    this.lostRecords = lostRecords;
  }

  /** The log that it is to be. */
  public SealedLog log() {
    return log;
  }

  /** Blocks whose payload is lost; a gap stands in the place of each. */
  public List<Long> lostBlocks() {
    return lostBlocks;
  }

  /** Records that are lost: if there are any, of all of the disk something may be missing. */
  public int lostRecords() {
    return lostRecords;
  }

  /** Takes the place of the damaged log; durable when this returns. May be repeated. */
  public void takeName() throws IOException {
    copy.replaceSealed();
  }

  /** Throws it away, unless it has taken its name. */
  @Override
  public void close() throws IOException {
    copy.close();
    Files.deleteIfExists(log.path().resolveSibling(LogName.fresh(log.header().segmentNumber())));
  }
}
