package io.blockcam.capture.spool;

import io.blockcam.archive.log.LogName;
import io.blockcam.archive.log.LogWriter;
import io.blockcam.archive.log.Rewritten;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.nativebindings.Posix;
import java.io.Closeable;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A segment on its way into the spool, until the spool lists it. One thread at a time. */
final class SpoolSegment implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(SpoolSegment.class);

  private static final long WRITEBACK_STEP_BYTES = 2L << 20;

  private final Spool spool;
  private final Doubts doubts;
  private final long dueNs;
  private State state;
  private final Writeback writeback;

  /** Where it is; see {@link #enter}. */
  private sealed interface State {}

  /** It takes records. */
  private record Writing(LogWriter segment) implements State {}

  /**
   * Its copy is durable, and on its way to its name.
   *
   * @param whole whether it takes no more records
   */
  private record Replacing(LogWriter suspect, Rewritten copy, boolean whole) implements State {}

  /** It takes no more records. Its seal may have begun, and failed half-way. */
  private record Sealing(LogWriter segment) implements State {}

  /** It is sealed, and the spool does not know it yet. */
  private record Unlisted(SealedLog segment) implements State {}

  /** Nothing is left of it here. */
  private enum Gone implements State {
    LISTED,
    DISCARDED
  }

  /**
   * @param segment takes records
   * @param dueNs when it is to be sealed because of its age
   */
  SpoolSegment(final Spool spool, final Doubts doubts, final LogWriter segment, final long dueNs) {
    this.spool = spool;
    this.doubts = doubts;
    this.dueNs = dueNs;
    this.state = new Writing(segment);
    this.writeback =
        Writeback.of(
            Posix.linux(),
            spool.directory().resolve(LogName.open(segment.header().segmentNumber())),
            WRITEBACK_STEP_BYTES);
  }

  /** When it is to be sealed because of its age, by the monotonic clock. */
  long dueNs() {
    return dueNs;
  }

  /** What takes its records. */
  LogWriter writer() {
    if (!(state instanceof Writing writing)) {
      throw new IllegalStateException("a segment takes no records when it is " + state);
    }
    return writing.segment();
  }

  /** What was appended survives the death of the process when this returns. */
  void write() throws IOException {
    final LogWriter segment = writer();
    segment.write();
    writeback.grown(segment.writtenBytes());
  }

  /** The same of a power cut. */
  void force() throws IOException {
    write();
    writer().force();
  }

  /** Gives it up; only without records. */
  void discard() throws IOException {
    final LogWriter empty = writer();
    enter(Gone.DISCARDED); // what cannot be removed, create() meets again
    writeback.close();
    empty.discard();
  }

  /** It takes no more records: what is left is to {@link #settle}. */
  void end() {
    enter(new Sealing(writer()));
    writeback.close();
  }

  /** Whether the spool lists it. */
  boolean isListed() {
    return state == Gone.LISTED;
  }

  /**
   * A seal that failed half-way, after the rename say, is finished before anything else: the
   * segment takes no more records, and what it holds is not durable under its new name yet. So is
   * the copy of a segment that a sync has failed of.
   */
  void settle() throws IOException {
    if (state instanceof Writing writing && writing.segment().isSuspect()) {
      replace(writing.segment(), false);
    } else if (state instanceof Sealing sealing && sealing.segment().isSuspect()) {
      replace(sealing.segment(), true);
    }
    if (state instanceof Replacing replacing) {
      final Rewritten copy = replacing.copy();
      doubts.add(
          new Doubt(copy.lostBlocks().stream().map(block -> new Doubt.Range(block, 1)).toList()));
      copy.log().takeName();
      replacing.suspect().close();
      writeback.close(); // of a file that is gone; the copy does without
      enter(replacing.whole() ? new Sealing(copy.log()) : new Writing(copy.log()));
    }
    if (state instanceof Sealing sealing) {
      enter(new Unlisted(sealing.segment().seal()));
    }
    if (state instanceof Unlisted unlisted) {
      spool.add(unlisted.segment());
      enter(Gone.LISTED);
    }
  }

  /** Nothing of it is believed to be durable. */
  private void replace(final LogWriter suspect, final boolean whole) throws IOException {
    LOG.warn("a sync of the spool has failed: the log of its open segment is written anew");
    enter(new Replacing(suspect, suspect.rewrite(), whole));
  }

  /** The only place where the state changes. */
  private void enter(final State next) {
    assert switch (state) {
          case Writing writing ->
              next instanceof Sealing || next instanceof Replacing || next == Gone.DISCARDED;
          case Replacing replacing ->
              replacing.whole() ? next instanceof Sealing : next instanceof Writing;
          case Sealing sealing -> next instanceof Unlisted || next instanceof Replacing;
          case Unlisted unlisted -> next == Gone.LISTED;
          case Gone gone -> false;
        }
        : state + " -> " + next;
    state = next;
  }

  /** Lets go of it, sealed or not; the next opening of the spool finds what there is. */
  @Override
  public void close() throws IOException {
    writeback.close();
    switch (state) {
      case Writing writing -> writing.segment().close();
      case Replacing replacing -> {
        replacing.suspect().close();
        replacing.copy().log().close();
      }
      case Sealing sealing -> sealing.segment().close();
      case Unlisted unlisted -> {}
      case Gone gone -> {}
    }
  }
}
