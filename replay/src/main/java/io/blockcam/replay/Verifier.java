package io.blockcam.replay;

import io.blockcam.archive.Nanos;
import io.blockcam.archive.RecordingFormatException;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentCheck;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.Gap;
import io.blockcam.history.InOrder;
import io.blockcam.history.PackFindings;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordedClock;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.SegmentBytes;
import io.blockcam.history.SegmentPlace;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads a whole recording and tells everything that is wrong with it, not only the first thing. */
public final class Verifier {

  private static final Logger LOG = LoggerFactory.getLogger(Verifier.class);

  /** Each has up to 50 MiB of a segment in memory. */
  private static final int MOST_WORKERS = 4;

  /** Of one segment that are told in words; the others are counted. */
  private static final int MOST_FINDINGS = 100;

  private final RecordingReader recording;
  private final long first;
  private volatile long next;

  public Verifier(final RecordingReader recording) {
    this(recording, 0);
  }

  /**
   * Goes on where another one was interrupted.
   *
   * @param first number of the first segment to look at; the one before it is taken for sound
   */
  public Verifier(final RecordingReader recording, final long first) {
    this.recording = recording;
    this.first = first;
    this.next = first;
  }

  /** Number of the segment behind those that were looked at. Any thread. */
  public long next() {
    return next;
  }

  /** Where the recorder's clock comes from. */
  @FunctionalInterface
  private interface Clock {
    RecordedClock find() throws IOException;
  }

  /**
   * What was read, whatever was found.
   *
   * @param segments objects read
   * @param records in those that could be read
   * @param bytes of all objects
   * @param signed segments with a signature, which is not checked
   * @param findings how many faults were told
   * @param endless epochs without a stop at their end, in order: of all but the newest the recorder
   *     was killed, or lost its power
   * @param gaps writes of which the record itself says that they are missing, in order
   */
  public record Result(
      long segments,
      long records,
      long bytes,
      long signed,
      long findings,
      List<Long> endless,
      List<Gap> gaps) {

    /** Copies the lists. */
    public Result {
      endless = List.copyOf(endless);
      gaps = List.copyOf(gaps);
    }

    private Result shownBy(final Clock clock) throws IOException {
      if (gaps.isEmpty()) {
        return this;
      }
      try {
        final RecordedClock found = clock.find();
        final List<Gap> shown = gaps.stream().map(gap -> gap.shownBy(found)).toList();
        return new Result(segments, records, bytes, signed, findings, endless, shown);
      } catch (final SegmentException | IndexException e) {
        LOG.warn("gaps are told by the record's time, not by the clock: {}", e.getMessage());
        return this;
      }
    }

    /** Whether the record is whole. */
    public boolean isWhole() {
      return findings == 0;
    }
  }

  /**
   * Verifies every checksum, every digest and the chain.
   *
   * @param findings takes each fault: file, place and what is wrong
   * @throws IOException when the store cannot be read, which says nothing about the record
   */
  public Result run(final Consumer<String> findings, final Progress progress) throws IOException {
    final long[] found = {0};
    final Consumer<String> counted =
        message -> {
          found[0]++;
          findings.accept(message);
        };
    final Optional<RecordingHead> head = head(counted); // first, or it might be ahead of the list
    final long total = recording.totalBytes(first);
    final Story story = new Story(recording, head, counted);
    if (first > 0) {
      story.begin(recording.trailer(first - 1));
    }
    final int workers = Math.min(MOST_WORKERS, Runtime.getRuntime().availableProcessors());
    final long[] segments = {0};
    final long[] bytes = {0};
    final PackFindings packs = recording.packFindings();
    InOrder.run(
        recording.listing(first),
        Executors.newFixedThreadPool(workers),
        workers + 1,
        this::look,
        (place, looked) -> {
          looked.findings().forEach(findings);
          found[0] += looked.faults();
          packs
              .next(place, looked.content().map(content -> content.trailer().digest()))
              .forEach(counted);
          story.add(place, looked);
          segments[0]++;
          bytes[0] += place.lengthBytes();
          next = place.number() + 1;
          progress.update(bytes[0], total);
        });
    return story.end(segments[0], bytes[0], found).shownBy(this::clock);
  }

  private RecordedClock clock() throws IOException {
    return RecordedClock.of(recording, recording.findWhatIsLeft(), /* useIndex= */ true);
  }

  /** Checks a segment alone. Any thread. */
  private Looked look(final SegmentPlace place) throws IOException {
    final SegmentBytes source = recording.bytes(place);
    final List<String> findings = new ArrayList<>();
    final long[] faults = {0};
    final Optional<SegmentCheck.Checked> checked =
        SegmentCheck.run(
            source,
            e -> {
              faults[0]++;
              if (faults[0] <= MOST_FINDINGS) {
                findings.add(e.getMessage());
              }
            });
    if (faults[0] > MOST_FINDINGS) {
      findings.add("%s: and %d faults more".formatted(source.name(), faults[0] - MOST_FINDINGS));
    }
    return new Looked(
        source.name(), findings, faults[0], checked.map(c -> content(c, faults[0] == 0)));
  }

  private static Content content(final SegmentCheck.Checked checked, final boolean isSound) {
    final RecordTable records = checked.records();
    boolean stopped = false;
    for (int i = 0; i < records.count(); i++) {
      stopped |= records.kindCode(i) == RecordKind.STOP.code();
    }
    return new Content(
        checked.trailer(),
        isSound
            ? Optional.of(RecordingSummary.of(checked.trailer(), records))
            : Optional.empty(), // who knows what the records are
        isSound ? Gap.of(records) : List.of(),
        checked.trailer().base() || beginsEpoch(records),
        stopped);
  }

  /** With a start, or with a gap that stands in place of lost records. */
  private static boolean beginsEpoch(final RecordTable records) {
    return records.kindCode(0) == RecordKind.START.code()
        || (records.kindCode(0) == RecordKind.GAP.code()
            && records.aux(0) == GapReason.RECORDS_LOST.code());
  }

  /**
   * A segment that was looked at.
   *
   * @param findings of its faults the first ones, in words
   * @param faults how many there are
   * @param content empty when it cannot be read
   */
  private record Looked(
      String name, List<String> findings, long faults, Optional<Content> content) {}

  /** What a segment holds, without its records: many may be waiting for their turn. */
  private record Content(
      SegmentTrailer trailer,
      Optional<RecordingSummary> summary,
      List<Gap> gaps,
      boolean mayBeginEpoch,
      boolean endsEpoch) {}

  private Optional<RecordingHead> head(final Consumer<String> findings) throws IOException {
    try {
      return recording.head();
    } catch (final RecordingFormatException e) {
      findings.accept(String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  /** What the segments say together, one after the other. */
  private static final class Story {
    private final Optional<RecordingHead> head;
    private final Consumer<String> findings;
    private final List<Long> endless = new ArrayList<>();
    private final List<Gap> gaps = new ArrayList<>();
    private Optional<Instant> last = Optional.empty();
    private SegmentChain chain;
    private RecordingSummary summary = RecordingSummary.EMPTY;
    private boolean lastWasRead = true;
    private boolean allAreSound = true;
    private long epoch = -1;
    private long signed;
    private long records;

    Story(
        final RecordingReader recording,
        final Optional<RecordingHead> head,
        final Consumer<String> findings) {
      this.head = head;
      this.findings = findings;
      this.chain = recording.beginning();
    }

    /** Behind a segment that somebody else has looked at. */
    void begin(final SegmentTrailer before) {
      chain = chain.resume(before);
      epoch = before.epoch();
      last = Optional.of(Nanos.toInstant(before.lastTimestampNs()));
      allAreSound = false; // nothing can be said of all of them
    }

    void add(final SegmentPlace place, final Looked looked) {
      if (looked.content().isEmpty()) {
        lastWasRead = false;
        allAreSound = false;
        return;
      }
      final Content content = looked.content().get();
      final SegmentTrailer trailer = content.trailer();
      signed += trailer.storage().isSigned() ? 1 : 0;
      if (trailer.base()) {
        findings.accept(
            looked.name()
                + ": stands for segments that are not kept; what it holds is claimed, not proven");
      }
      records += trailer.recordCount();
      allAreSound &= content.summary().isPresent();
      summary = content.summary().map(summary::and).orElse(summary);
      addEpoch(looked.name(), content);
      content.gaps().forEach(gap -> gaps.add(last.map(gap::after).orElse(gap)));
      last = Optional.of(Nanos.toInstant(trailer.lastTimestampNs()));
      compareWithHead(looked.name(), trailer);
      if (!lastWasRead) {
        chain = chain.before(trailer); // its predecessor could not be read and has been told
      }
      lastWasRead = true;
      try {
        chain = chain.next(looked.name(), place.number(), trailer);
      } catch (final SegmentException e) {
        findings.accept(e.getMessage());
        chain = chain.resume(trailer);
      }
    }

    private void addEpoch(final String name, final Content content) {
      if (content.trailer().epoch() != epoch) {
        epoch = content.trailer().epoch();
        endless.add(epoch);
        if (!content.mayBeginEpoch()) {
          findings.accept(
              "%s: epoch %d does not begin with a start: something before it is missing"
                  .formatted(name, epoch));
        }
      }
      if (content.endsEpoch()) {
        endless.remove(epoch);
      }
    }

    /** A head says what was published up to its segment. */
    private void compareWithHead(final String name, final SegmentTrailer segment) {
      if (head.isEmpty() || head.get().segmentNumber() != segment.segmentNumber()) {
        return;
      }
      if (!RecordingReader.fits(head.get(), segment)) {
        findings.accept(name + ": is not the segment that the head of the recording names");
      } else if (allAreSound && !head.get().summary().agreesWith(summary)) {
        findings.accept(
            "the head of segment %d does not count what the segments hold"
                .formatted(segment.segmentNumber()));
      }
    }

    Result end(final long segments, final long bytes, final long[] found) {
      RecordingReader.missingAtTheEnd(head, chain.number()).ifPresent(findings);
      return new Result(segments, records, bytes, signed, found[0], endless, gaps);
    }
  }
}
