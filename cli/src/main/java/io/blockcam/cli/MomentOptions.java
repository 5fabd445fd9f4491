package io.blockcam.cli;

import io.blockcam.archive.Moment;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.ClockStep;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.replay.BlockRanges;
import io.blockcam.replay.MomentException;
import io.blockcam.replay.MomentResolver;
import io.blockcam.replay.PastDisk;
import io.blockcam.replay.When;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A moment of a recording, and how it is found. */
final class MomentOptions {
  static final String NO_INDEX =
      "Read the records of all segments instead of the index of the archive.";

  private static final Duration LOOK_AGAIN = Duration.ofMillis(200);

  @Option(
      names = "--at",
      paramLabel = "WHEN",
      defaultValue = "latest",
      description = "The moment (default: ${DEFAULT-VALUE}).")
  String at = "latest";

  @Option(names = "--no-index", description = NO_INDEX)
  boolean noIndex;

  @Option(
      names = "--wait",
      paramLabel = "TIME",
      description =
          "Wait so long at most until all is published that a recorder on this machine has taken"
              + " by now.")
  @Nullable Duration wait;

  @Option(
      names = "--spool",
      paramLabel = "DIR",
      description = "The spool of that recorder (default: /var/lib/blockcam/spool/N).")
  @Nullable Path spool;

  /**
   * A moment that was found.
   *
   * @param gaps blocks of gaps right behind it, when it was asked for by a time
   * @param later what is known of later records
   * @param step of the clock, by which that time is not that of one moment; see {@link
   *     MomentResolver#doubtfulStep}
   */
  record Found(
      RecordingReader reader,
      Segments segments,
      Moment moment,
      BlockRanges gaps,
      Later later,
      Optional<ClockStep> step) {

    /** The same recording at another moment, named by its sequence. */
    Found with(final Moment other) {
      return new Found(reader, segments, other, new BlockRanges(), later, Optional.empty());
    }
  }

  /**
   * Whether there may be records that belong to a moment and are not in the archive.
   *
   * @param published the last record that is
   * @param isAskedFor whether the moment is a time after that one
   * @param unpublished how many records more a recorder on this machine has; empty when none runs
   */
  record Later(Moment published, boolean isAskedFor, OptionalLong unpublished) {

    /** Whether the disk of that time may be another one. */
    boolean mayBeMissed() {
      return isAskedFor && unpublished.orElse(1) > 0;
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
      final Optional<Unpublished> recorder = recorder(reader, err);
      final Segments segments = segments(reader, tolerant, recorder);
      final MomentResolver resolver = new MomentResolver(reader, segments, !noIndex);
      final Moment moment = resolver.resolve(when);
      final Moment latest = resolver.resolve(new When.Latest());
      final OptionalLong unpublished =
          recorder.isPresent()
              ? OptionalLong.of(Math.max(0, recorder.get().lastSequence() - latest.sequence()))
              : OptionalLong.empty();
      if (!(when instanceof final When.At time)) {
        final Later later = new Later(latest, false, unpublished);
        if (moment.sequence() == latest.sequence() && unpublished.orElse(0) > 0) {
          warn(err, held(recorder.orElseThrow(), later));
        }
        return new Found(reader, segments, moment, new BlockRanges(), later, Optional.empty());
      }
      final boolean isAfterTheLast =
          moment.sequence() == latest.sequence() && time.instant().isAfter(latest.instant());
      final Later later = new Later(latest, isAfterTheLast, unpublished);
      if (later.isAskedFor) {
        warn(err, afterTheLast(time.instant(), later, recorder));
      }
      final Optional<ClockStep> doubtful = resolver.doubtfulStep(time.instant());
      doubtful.ifPresent(step -> warn(err, "--at", time.instant(), step));
      return new Found(reader, segments, moment, resolver.gapsBehind(moment), later, doubtful);
    } catch (final MomentException e) {
      throw CommandException.usage("--at: " + Messages.of(e));
    }
  }

  private static String afterTheLast(
      final Instant asked, final Later later, final Optional<Unpublished> recorder) {
    if (recorder.isPresent() && !later.mayBeMissed()) {
      return "%s is after the last record, and the recorder has no later one: the disk as it was then"
          .formatted(asked);
    }
    return recorder.isPresent()
        ? "%s is after the last record that is published; %s"
            .formatted(asked, held(recorder.get(), later))
        : "%s is after the last record that is published: the disk as of %s, if the recorder has no later one"
            .formatted(asked, later.published.instant());
  }

  private static String held(final Unpublished recorder, final Later later) {
    return "the recorder has %d records more, %s in its spool: the disk as of %s; --wait TIME waits for them"
        .formatted(
            later.unpublished.orElse(0),
            Size.format(recorder.backlogBytes()),
            later.published.instant());
  }

  private Optional<Unpublished> recorder(final RecordingReader reader, final PrintWriter err)
      throws IOException {
    final Path directory =
        spool == null ? RecordCommand.SPOOLS.resolve(reader.recording().name()) : spool;
    try {
      return Unpublished.of(reader.recording(), directory);
    } catch (final IOException e) {
      if (wait != null) {
        throw CommandException.environment("--wait: " + Messages.of(e));
      }
      if (spool != null) { // else it may be another user's: what is not known is said to be so
        warn(err, "what a recorder has that is not published is not known: " + Messages.of(e));
      }
      return Optional.empty();
    }
  }

  private Segments segments(
      final RecordingReader reader, final boolean tolerant, final Optional<Unpublished> recorder)
      throws IOException {
    final Duration limit = wait;
    if (limit != null && recorder.isEmpty()) {
      throw CommandException.no(
          "--wait: no recorder of '%s' runs on this machine; --spool tells where its spool is"
              .formatted(reader.recording().name()));
    }
    final long deadlineNs = System.nanoTime() + (limit == null ? 0 : limit.toNanos());
    while (true) {
      final Segments segments = tolerant ? reader.findWhatIsLeft() : reader.find();
      if (limit == null
          || segments.before(segments.end()).map(SegmentTrailer::lastSequence).orElse(-1L)
              >= recorder.orElseThrow().lastSequence()) {
        return segments;
      }
      if (System.nanoTime() - deadlineNs >= 0) {
        throw CommandException.no(
            "--wait: record %d is not published after %d s; `blockcam status` tells what the recorder does"
                .formatted(recorder.orElseThrow().lastSequence(), limit.toSeconds()));
      }
      pause();
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(LOOK_AGAIN);
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while records were waited for");
    }
  }

  /**
   * Two moments, as the sequences of their records.
   *
   * @param from -1 for the beginning of the record
   * @param until not before it
   */
  record Span(long from, long until) {}

  /**
   * Finds what lies between --from and --until.
   *
   * @param from null for the beginning of the record
   * @param err told where a time is not that of one moment
   * @throws CommandException when there are no such moments, or they are in the wrong order
   */
  static Span span(
      final MomentResolver resolver,
      final @Nullable String from,
      final String until,
      final PrintWriter err)
      throws IOException {
    final long last = resolve(resolver, until, "--until", err).sequence();
    final long first = from == null ? -1 : resolve(resolver, from, "--from", err).sequence();
    if (first > last) {
      throw CommandException.usage(
          "--from is seq:%d, which is after --until, seq:%d".formatted(first, last));
    }
    return new Span(first, last);
  }

  /**
   * Finds the moment of another option.
   *
   * @param option as the user writes it, for the error
   * @param err told where a time is not that of one moment
   */
  static Moment resolve(
      final MomentResolver resolver, final String when, final String option, final PrintWriter err)
      throws IOException {
    try {
      final When wanted = When.parse(when, Instant.now(), ZoneId.systemDefault());
      if (wanted instanceof final When.At time) {
        resolver
            .doubtfulStep(time.instant())
            .ifPresent(step -> warn(err, option, time.instant(), step));
      }
      return resolver.resolve(wanted);
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
        (done, total) -> progress.segments("reading", done, total));
  }

  /** What a folded beginning held nobody can prove. */
  static void warnOfBeginning(final Segments segments, final PrintWriter err) throws IOException {
    if (segments.areFolded()) {
      warn(
          err,
          "the beginning of the recording is not kept: what the disk held then is claimed, not proven");
    }
  }

  private static void warn(
      final PrintWriter err, final String option, final Instant asked, final ClockStep step) {
    final String set =
        "the clock was set %s from %s to %s, so it was %s %s"
            .formatted(
                step.isBack() ? "back" : "ahead",
                step.before(),
                step.after(),
                asked,
                step.isBack() ? "twice" : "at no time");
    warn(
        err,
        step.isBack()
            ? "%s: this is the first time; for the second give %s seq:N with N from %d on"
                .formatted(set, option, step.sequence())
            : "%s: this is the disk before that; what was recorded until it was set back is at seq:N with N from %d on"
                .formatted(set, step.sequence()));
  }

  private static void warn(final PrintWriter err, final String message) {
    err.println("blockcam: " + message);
  }
}
