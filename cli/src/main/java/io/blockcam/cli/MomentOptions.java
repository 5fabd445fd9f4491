package io.blockcam.cli;

import io.blockcam.archive.Moment;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.replay.BlockRanges;
import io.blockcam.replay.ClockStep;
import io.blockcam.replay.MomentException;
import io.blockcam.replay.MomentResolver;
import io.blockcam.replay.PastDisk;
import io.blockcam.replay.When;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.ZoneId;
import picocli.CommandLine.Option;

/** A moment of a recording, and how it is found. */
final class MomentOptions {
  static final String NO_INDEX =
      "Read the records of all segments instead of the index of the archive.";

  @Option(
      names = "--at",
      paramLabel = "WHEN",
      defaultValue = "latest",
      description = "The moment (default: ${DEFAULT-VALUE}).")
  String at = "latest";

  @Option(names = "--no-index", description = NO_INDEX)
  boolean noIndex;

  /**
   * A moment that was found.
   *
   * @param gaps blocks of gaps right behind it, when it was asked for by a time
   */
  record Found(RecordingReader reader, Segments segments, Moment moment, BlockRanges gaps) {

    /** The same recording at another moment, named by its sequence. */
    Found with(final Moment other) {
      return new Found(reader, segments, other, new BlockRanges());
    }
  }

  /**
   * Finds it.
   *
   * @param tolerant whether segments may be missing or damaged
   * @param err takes warnings
   * @throws CommandException when there is no such moment
   */
  Found find(final RecordingReader reader, final boolean tolerant, final PrintWriter err)
      throws IOException {
    try {
      final When when = When.parse(at, Instant.now(), ZoneId.systemDefault());
      final Segments segments = tolerant ? reader.findWhatIsLeft() : reader.find();
      final MomentResolver resolver = new MomentResolver(reader, segments, !noIndex);
      final Moment moment = resolver.resolve(when);
      if (!(when instanceof final When.At time)) {
        return new Found(reader, segments, moment, new BlockRanges());
      }
      final Moment latest = resolver.resolve(new When.Latest());
      if (time.instant().isAfter(latest.instant())) {
        warn(err, "%s is after the last record: the disk as it was then".formatted(time.instant()));
      }
      resolver.setBackOver(time.instant()).ifPresent(step -> warn(err, time.instant(), step));
      return new Found(reader, segments, moment, resolver.gapsBehind(moment));
    } catch (final MomentException e) {
      throw CommandException.usage("--at: " + Messages.of(e));
    }
  }

  /**
   * Finds the moment of another option.
   *
   * @param option as the user writes it, for the error
   */
  static Moment resolve(final MomentResolver resolver, final String when, final String option)
      throws IOException {
    try {
      return resolver.resolve(When.parse(when, Instant.now(), ZoneId.systemDefault()));
    } catch (final MomentException e) {
      throw CommandException.usage(option + ": " + Messages.of(e));
    }
  }

  /** The disk at a moment; the caller closes it. */
  PastDisk open(final Found found, final ProgressLine progress) throws IOException {
    return PastDisk.open(
        found.reader,
        found.segments,
        found.moment,
        !noIndex,
        (done, total) -> progress.update("reading segments", done, total));
  }

  private static void warn(final PrintWriter err, final Instant asked, final ClockStep step) {
    warn(
        err,
        "the clock was set back from %s to %s, so it was %s twice: this is the first time; for the second give --at seq:N with N from %d on"
            .formatted(step.before(), step.after(), asked, step.sequence()));
  }

  private static void warn(final PrintWriter err, final String message) {
    err.println("blockcam: " + message);
  }
}
