package io.blockcam.archive.log;

import java.util.Optional;

/**
 * What recovery made of a log that was open when the recorder died.
 *
 * @param log the sealed one; empty when not one record was whole
 * @param cutBytes bytes at its end that were given up
 * @param cutReason why they were given up; empty when nothing was
 */
public record Recovered(Optional<SealedLog> log, long cutBytes, String cutReason) {}
