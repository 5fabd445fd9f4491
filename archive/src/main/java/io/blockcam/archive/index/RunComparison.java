package io.blockcam.archive.index;

import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Whether a run says what others say that cover the same segments, window by window: how its pages
 * are cut and encoded does not matter. One thread.
 */
public final class RunComparison {
  private final WindowStack ofRun = new WindowStack();
  private final WindowStack ofParts = new WindowStack();

  /**
   * Compares.
   *
   * @param run the one in question
   * @param parts side by side, oldest first; what they say is believed
   * @throws IndexException when it is damaged or says something else; it names the first block
   */
  public void check(final RunReader run, final List<RunReader> parts) throws IOException {
    RunCover cover = parts.get(0).cover();
    for (final RunReader part : parts.subList(1, parts.size())) {
      cover = cover.and(part.cover());
    }
    final Sha256Digest digests =
        sha256(
            sink -> {
              for (final RunReader part : parts) {
                part.digests(sink);
              }
            });
    if (!run.cover().equals(cover) || !sha256(run::digests).equals(digests)) {
      throw new IndexException(run.name(), "is of other segments");
    }
    final long first = cover.firstSegment();
    final Sha256Digest events = sha256(sink -> RunBuilder.eachEvent(parts, first, sink));
    if (!sha256(run::storedEvents).equals(events)) {
      throw new IndexException(
          run.name(), "does not have the marks, steps, starts and gaps of its segments");
    }
    final List<RunReader> all = new ArrayList<>(parts);
    all.add(run);
    for (long at = RunBuilder.next(all, 0); at != Long.MAX_VALUE; ) {
      ofRun.begin(at);
      run.feed(ofRun, 0);
      ofParts.begin(at);
      for (int i = parts.size() - 1; i >= 0; i--) {
        final RunReader part = parts.get(i);
        part.feed(ofParts, part.cover().firstSegment() - run.cover().firstSegment());
      }
      if (!Arrays.equals(said(ofRun), said(ofParts))) {
        throw new IndexException(
            run.name(),
            "does not say of blocks %d to %d what the segments say".formatted(at, ofRun.end() - 1));
      }
      at = RunBuilder.next(all, ofRun.end());
    }
  }

  /** Of a table, which may be larger than memory. */
  private static Sha256Digest sha256(final RunWriter.Entries table) throws IOException {
    final Sha256 sha = new Sha256();
    table.each(sha::update);
    return sha.finish();
  }

  /** In an order that does not depend on how it was found. */
  private static long[] said(final WindowStack window) throws IOException {
    final Flat flat = new Flat();
    final long[] lastBlock = {-1};
    final int[] ofBlock = {0};
    window.forEachPiece(
        (block, mask, ref) -> {
          ofBlock[0] = block == lastBlock[0] ? ofBlock[0] : flat.count;
          lastBlock[0] = block;
          flat.add(block, mask, ref);
          flat.sortLastInto(ofBlock[0]);
        });
    flat.add(-1, -1, -1);
    window.forEachZero((from, to) -> flat.add(from, to, WHOLE_BLOCK));
    flat.add(-1, -1, -1);
    window.forEachDoubt((from, to, sectors) -> flat.add(from, to, sectors));
    return Arrays.copyOf(flat.values, flat.count);
  }

  /** Triples, one behind the other. */
  private static final class Flat {
    private static final int TRIPLE = 3;

    private long[] values = new long[3 * 1024];
    private int count;

    void add(final long first, final long second, final long third) {
      if (count + TRIPLE > values.length) {
        values = Arrays.copyOf(values, 2 * values.length);
      }
      values[count++] = first;
      values[count++] = second;
      values[count++] = third;
    }

    /** Sorts the last one by its mask into those of the same block: there are eight at most. */
    void sortLastInto(final int begin) {
      for (int at = count - TRIPLE; at > begin && values[at - 2] > values[at + 1]; at -= TRIPLE) {
        for (int i = 0; i < TRIPLE; i++) {
          final long other = values[at - TRIPLE + i];
          values[at - TRIPLE + i] = values[at + i];
          values[at + i] = other;
        }
      }
    }
  }
}
