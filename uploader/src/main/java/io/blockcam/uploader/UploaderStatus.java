package io.blockcam.uploader;

import java.time.Instant;
import java.util.Optional;

/**
 * What the uploader is doing.
 *
 * @param state see {@link State}
 * @param publishedSegments since the start
 * @param publishedBytes since the start
 * @param backlog segments that wait
 * @param failures attempts in a row that failed
 * @param failingSince when the first of them failed
 * @param lastError what the last of them said, empty when all is well
 * @param headError why the newest segments have no head, empty when they have one; readers are
 *     slower without it, and nothing else
 */
public record UploaderStatus(
    State state,
    long publishedSegments,
    long publishedBytes,
    int backlog,
    int failures,
    Optional<Instant> failingSince,
    String lastError,
    String headError) {

  /** What it is at. */
  public enum State {
    /** Nothing has been heard of the store yet. */
    STARTING,
    /** Everything sealed is published. */
    IDLE,
    /** A segment is on its way. */
    SHIPPING,
    /** The last attempt failed; the next will come. */
    RETRYING,
    /**
     * Somebody must decide: the archive has something else under our names, or a segment was
     * damaged in the spool. Nothing is removed, and it keeps trying.
     */
    BLOCKED,
    /** Ended. */
    CLOSED
  }
}
