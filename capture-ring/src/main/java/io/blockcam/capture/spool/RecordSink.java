package io.blockcam.capture.spool;

import io.blockcam.archive.log.RecordView;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Where the ring's consumer puts records. One thread.
 *
 * <p>When a method fails nothing is lost: the same call is made again until it succeeds.
 */
public interface RecordSink {

  /**
   * Makes sure that the records of one write fit, in one segment.
   *
   * @param records of the write
   * @return false when the spool's limit is reached: ask again later
   */
  boolean admit(int records) throws IOException;

  /**
   * Takes one record; see {@link io.blockcam.archive.log.LogWriter#append} for the arguments.
   * {@code record} and {@code payload} are read only during the call.
   */
  void append(
      RecordView record,
      long timestampNs,
      int flags,
      @Nullable MemorySegment payload,
      long payloadOffset)
      throws IOException;

  /** What was appended survives the death of the process when this returns. */
  void write() throws IOException;

  /** What was appended survives that of the machine when this returns. */
  void force() throws IOException;

  /**
   * When the open segment should be sealed because of its age.
   *
   * @return a reading of the monotonic clock, or {@link Long#MAX_VALUE} when there is nothing to
   *     seal, or would be no use in it before the spool has told that {@linkplain Spool#onRemoved a
   *     segment was shipped}
   */
  long sealDueNs();

  /**
   * Ends the open segment, if it has records: what was appended survives the death of the machine
   * when this returns. It may become {@linkplain #settle sealed} later.
   */
  void seal() throws IOException;

  /** The same, and all of them are sealed when this returns. */
  void finish() throws IOException;

  /** Goes on with what has failed meanwhile, if anything has. To be called now and then. */
  void settle() throws IOException;

  /** From now on everything is admitted: what is in the ring has to go somewhere at the end. */
  void ignoreLimit();
}
