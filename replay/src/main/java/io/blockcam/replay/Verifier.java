package io.blockcam.replay;

import io.blockcam.archive.RecordingFormatException;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentCheck;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.store.ObjectStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** Reads a whole recording and tells everything that is wrong with it, not only the first thing. */
public final class Verifier {

  private final RecordingReader recording;

  public Verifier(final RecordingReader recording) {
    this.recording = recording;
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
   */
  public record Result(
      long segments, long records, long bytes, long signed, long findings, List<Long> endless) {

    /** Copies the list. */
    public Result {
      endless = List.copyOf(endless);
    }

    /** Whether the record is whole. */
    public boolean isWhole() {
      return findings == 0;
    }
  }

  /** Is told how far it is. */
  public interface Progress {

    void update(long doneBytes, long totalBytes);
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
    final List<ObjectStatus> objects = recording.objects();
    final long total = objects.stream().mapToLong(ObjectStatus::lengthBytes).sum();
    SegmentChain chain = recording.beginning();
    final Epochs epochs = new Epochs(counted);
    boolean chainKnown = true;
    long records = 0;
    RecordingSummary summary = RecordingSummary.EMPTY;
    long bytes = 0;
    long signed = 0;
    for (final ObjectStatus object : objects) {
      final ObjectBytes source = recording.bytes(object);
      final Optional<SegmentCheck.Checked> checked =
          SegmentCheck.run(source, e -> counted.accept(e.getMessage()));
      if (checked.isPresent()) {
        final SegmentTrailer trailer = checked.get().trailer();
        records += trailer.recordCount();
        signed += trailer.storage().isSigned() ? 1 : 0;
        epochs.add(source.name(), checked.get());
        summary = summary.plus(trailer, checked.get().records());
        compare(head, source.name(), trailer, summary, counted);
        if (!chainKnown) {
          chain = chain.before(trailer); // its predecessor could not be read and has been told
        }
        try {
          chain = chain.next(source.name(), RecordingReader.number(object).orElseThrow(), trailer);
        } catch (final SegmentException e) {
          counted.accept(e.getMessage());
          chain = chain.resume(trailer);
        }
      }
      chainKnown = checked.isPresent();
      bytes += object.lengthBytes();
      progress.update(bytes, total);
    }
    RecordingReader.missingAtTheEnd(head, chain.number()).ifPresent(counted);
    return new Result(objects.size(), records, bytes, signed, found[0], epochs.endless());
  }

  private Optional<RecordingHead> head(final Consumer<String> findings) throws IOException {
    try {
      return recording.head();
    } catch (final RecordingFormatException e) {
      findings.accept(String.valueOf(e.getMessage()));
      return Optional.empty();
    }
  }

  /** A head says what was published up to its segment. */
  private static void compare(
      final Optional<RecordingHead> head,
      final String name,
      final SegmentTrailer segment,
      final RecordingSummary summary,
      final Consumer<String> findings) {
    if (head.isPresent() && head.get().segmentNumber() == segment.segmentNumber()) {
      if (!RecordingReader.fits(head.get(), segment)) {
        findings.accept(name + ": is not the segment that the head of the recording names");
      } else if (!head.get().summary().agreesWith(summary)) {
        findings.accept(
            "the head of segment %d does not count what the segments hold"
                .formatted(segment.segmentNumber()));
      }
    }
  }

  /** Where epochs begin and end. */
  private static final class Epochs {
    private final Consumer<String> findings;
    private final List<Long> endless = new ArrayList<>();
    private long epoch = -1;

    Epochs(final Consumer<String> findings) {
      this.findings = findings;
    }

    void add(final String name, final SegmentCheck.Checked segment) {
      final RecordTable records = segment.records();
      if (segment.trailer().epoch() != epoch && records.count() > 0) {
        epoch = segment.trailer().epoch();
        endless.add(epoch);
        if (!segment.trailer().base() && records.kindCode(0) != RecordKind.START.code()) {
          findings.accept(
              "%s: epoch %d does not begin with a start: something before it is missing"
                  .formatted(name, epoch));
        }
      }
      for (int i = 0; i < records.count(); i++) {
        if (records.kindCode(i) == RecordKind.STOP.code()) {
          endless.remove(epoch);
        }
      }
    }

    List<Long> endless() {
      return endless;
    }
  }
}
