package io.blockcam.replay;

import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentCheck;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.store.ObjectStatus;
import java.io.IOException;
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
   * @param findings how many faults were told
   */
  public record Result(long segments, long records, long bytes, long findings) {

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
    final List<ObjectStatus> objects = recording.objects();
    final long total = objects.stream().mapToLong(ObjectStatus::lengthBytes).sum();
    SegmentChain chain = SegmentChain.beginning(recording.recording());
    boolean chainKnown = true;
    long records = 0;
    long bytes = 0;
    for (final ObjectStatus object : objects) {
      final ObjectBytes source = recording.bytes(object);
      final Optional<SegmentCheck.Checked> checked =
          SegmentCheck.run(source, e -> counted.accept(e.getMessage()));
      if (checked.isPresent()) {
        final SegmentTrailer trailer = checked.get().trailer();
        records += trailer.recordCount();
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
    return new Result(objects.size(), records, bytes, found[0]);
  }
}
