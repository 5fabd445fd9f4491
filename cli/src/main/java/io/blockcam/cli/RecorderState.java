package io.blockcam.cli;

import io.blockcam.capture.CaptureStatus;
import io.blockcam.uploader.UploaderStatus;
import java.time.Instant;
import java.util.Optional;

/**
 * What a recorder is at, in a word; the worst that is true of it.
 *
 * @param word see {@link Word}
 * @param reason in a line; empty when all is well
 */
record RecorderState(Word word, String reason) {

  /** From bad to good. */
  enum Word {
    /** Writes go unrecorded: there is no room for their records. */
    GAP,
    /** The spool can not be written: writes wait as soon as the ring is full. */
    FAILING,
    /** The spool is full: writes wait until something was shipped. */
    BLOCKED,
    /** Segments can not be shipped until somebody does something. */
    STUCK,
    /** The archive can not be reached: segments wait in the spool. */
    BEHIND,
    /** Blocks of the disk are read back: it is not certain yet that record and disk agree. */
    DOUBTING,
    /** All is well. */
    RECORDING
  }

  static RecorderState of(final CaptureStatus capture, final UploaderStatus uploader) {
    final Optional<Instant> missing = capture.gaps().since();
    final String error = uploader.lastError();
    if (missing.isPresent()) {
      return new RecorderState(
          Word.GAP,
          "writes go unrecorded since %s: %s"
              .formatted(missing.get(), capture.failures() > 0 ? failing(capture) : full(error)));
    }
    if (capture.failures() > 0) {
      return new RecorderState(Word.FAILING, failing(capture));
    }
    if (capture.spoolBlocked()) {
      return new RecorderState(Word.BLOCKED, full(error));
    }
    if (uploader.state() == UploaderStatus.State.BLOCKED) {
      return new RecorderState(Word.STUCK, error);
    }
    if (uploader.failures() > 0) { // also while the next attempt is under way
      return new RecorderState(Word.BEHIND, error);
    }
    if (capture.blocksInDoubt() > 0) {
      return new RecorderState(
          Word.DOUBTING, capture.blocksInDoubt() + " blocks are still to be read back");
    }
    return new RecorderState(Word.RECORDING, "");
  }

  private static String failing(final CaptureStatus capture) {
    return "the spool does not take records: " + capture.failure();
  }

  private static String full(final String error) {
    return error.isEmpty()
        ? "the spool is full, and the archive takes less than is written"
        : "the spool is full: " + error;
  }
}
