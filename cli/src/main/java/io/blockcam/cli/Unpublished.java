package io.blockcam.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.blockcam.archive.Recording;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a recorder on this machine has taken, and may not have published yet.
 *
 * @param lastSequence of its newest record
 * @param backlogBytes of segments that wait in its spool
 */
record Unpublished(long lastSequence, long backlogBytes) {

  /**
   * Asks it.
   *
   * @param recording that it must be of
   * @param spool its spool
   * @return empty when none runs with that spool, or it is of another recording, or of no disk yet
   * @throws IOException when one runs and does not answer
   */
  static Optional<Unpublished> of(final Recording recording, final Path spool) throws IOException {
    final Optional<RunningRecorder> found = RunningRecorder.find(spool);
    if (found.isEmpty()) {
      return Optional.empty();
    }
    try (RunningRecorder recorder = found.get()) {
      final JsonNode status = recorder.status();
      return status.path("id").asText().equals(recording.id().toString())
              && status.path("sequence").isNumber()
          ? Optional.of(
              new Unpublished(
                  status.path("sequence").asLong(), status.at("/backlog/bytes").asLong()))
          : Optional.empty();
    }
  }
}
