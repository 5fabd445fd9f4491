package io.blockcam.replay;

import java.time.Instant;

/**
 * The recorder's wall clock was set.
 *
 * @param sequence of the record that tells it
 * @param before what it showed
 * @param after what it showed at the same moment
 */
public record ClockStep(long sequence, Instant before, Instant after) {}
