package io.blockcam.history;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.index.Event;
import io.blockcam.archive.index.IndexException;
import io.blockcam.archive.index.RunBuilder;
import io.blockcam.archive.index.RunCover;
import io.blockcam.archive.index.RunReader;
import io.blockcam.archive.index.WindowStack;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.MemoryBytes;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The records of some segments, sorted by their place on the disk: runs of the index where there
 * are any, and for the others runs that are made here and now. Together they are one chain of
 * segments, from what the first must follow to the last, which is opened: a run that does not fit
 * is not used.
 *
 * <p>Memory: some 10 MiB while runs are made; what is made is kept in memory up to 32 MiB, then in
 * a directory for temporary files. Safe for several threads once it is there.
 */
public final class Layers implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Layers.class);

  /** Segments that are read at the same time; of each all its tables are in memory. */
  private static final int READ_AHEAD = 4;

  /** As much as a run that is made here may hold. */
  private static final int MOST_OPERATIONS = 1 << 20;

  private static final long MOST_BYTES_IN_MEMORY = HeapShare.bytes(22);

  private final RecordingReader reader;
  private final Segments segments;
  private final Extent extent;
  private final WindowStack scratch = new WindowStack();
  private final Progress progress;

  /** Oldest first. Is replaced, and does not change, once all are there. */
  private volatile List<Layer> layers = new ArrayList<>();

  /** Names of runs that turned out to be damaged and have been replaced. */
  private final Set<String> replaced = new HashSet<>();

  private long bytesInMemory;

  /**
   * Which records.
   *
   * @param first number of the first segment
   * @param last number of the last segment; one less when there is none
   * @param afterSequence those behind this one
   * @param lastSequence those up to this one
   */
  record Extent(long first, long last, long afterSequence, long lastSequence) {}

  private sealed interface Layer {
    /** What it says; null when nothing is known. */
    @Nullable RunReader run();

    /**
     * A run of the index.
     *
     * @param span knows what makes it up
     */
    record Published(RunReader run, IndexSpans.Span span) implements Layer {}

    /**
     * A run that was made here.
     *
     * @param file to be closed with it; null when it is in memory
     */
    record Made(RunReader run, @Nullable FileBytes file) implements Layer {}

    /**
     * Segments that can not be read: what they held is not known, and all of the disk is in doubt
     * where nothing newer tells what it holds.
     */
    record Lost(long firstSegment, long lastSegment) implements Layer {
      @Override
      public @Nullable RunReader run() {
        return null;
      }
    }
  }

  private Layers(
      final RecordingReader reader,
      final Segments segments,
      final Extent extent,
      final Progress progress) {
    this.reader = reader;
    this.segments = segments;
    this.extent = extent;
    this.progress = progress;
  }

  /**
   * All records up to one.
   *
   * @param lastSequence of the last record that counts
   * @param useIndex whether to use the index of the archive
   * @param progress called with the segments that are done, and all
   * @throws SegmentException when a segment that is read is missing or damaged
   */
  public static Layers upTo(
      final RecordingReader reader,
      final Segments segments,
      final long lastSequence,
      final boolean useIndex,
      final Progress progress)
      throws IOException {
    final long number = segments.holding(lastSequence);
    final long last = number < segments.end() ? number : segments.first() - 1;
    return open(
        reader,
        segments,
        new Extent(segments.first(), last, Long.MIN_VALUE, lastSequence),
        useIndex,
        progress);
  }

  /**
   * The records between two.
   *
   * @param afterSequence of the last record that does not count
   * @param lastSequence of the last record that counts
   * @param useIndex whether to use the index of the archive
   * @param progress called with the segments that are done, and all
   * @throws SegmentException when a segment that is read is missing or damaged
   */
  public static Layers between(
      final RecordingReader reader,
      final Segments segments,
      final long afterSequence,
      final long lastSequence,
      final boolean useIndex,
      final Progress progress)
      throws IOException {
    final long first = segments.firstWhere(segment -> segment.lastSequence() > afterSequence);
    final long number = segments.holding(lastSequence);
    final long last = number < segments.end() ? number : first - 1;
    return open(
        reader, segments, new Extent(first, last, afterSequence, lastSequence), useIndex, progress);
  }

  private static Layers open(
      final RecordingReader reader,
      final Segments segments,
      final Extent extent,
      final boolean useIndex,
      final Progress progress)
      throws IOException {
    if (useIndex) {
      final Layers layers = new Layers(reader, segments, extent, progress);
      try {
        return layers.filled(() -> layers.read(IndexSpans.of(reader, segments)));
      } catch (final SegmentException e) {
        if (layers.layers.stream().noneMatch(Layer.Published.class::isInstance)) {
          throw e;
        }
        LOG.warn("the index of {} is not used: {}", reader.recording().name(), e.getMessage());
      }
    }
    final Layers layers = new Layers(reader, segments, extent, progress);
    return layers.filled(() -> layers.read(IndexSpans.NONE));
  }

  /** Something that makes layers. */
  private interface Making {
    void make() throws IOException;
  }

  /** Nothing stays open of those that could not be made. */
  private Layers filled(final Making making) throws IOException {
    try {
      making.make();
      return this;
    } catch (final IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private void read(final IndexSpans index) throws IOException {
    final Filling filling = new Filling(before());
    if (extent.first <= extent.last) {
      final long covered =
          segments.trailer(extent.last).lastSequence() <= extent.lastSequence
              ? extent.last
              : extent.last - 1;
      long from = extent.first;
      if (extent.afterSequence >= 0
          && segments.trailer(from).firstSequence() <= extent.afterSequence) {
        filling.take(List.of(IndexSpans.Span.segment(from++)));
      }
      filling.take(index.plan(from, extent.last, covered));
    }
    filling.end();
  }

  /** What makes up a run of the index. */
  private void readParts(final IndexSpans.Span run) throws IOException {
    final Filling filling = new Filling(before());
    filling.take(run.parts());
    filling.end();
  }

  private SegmentChain before() throws IOException {
    return extent.first == segments.first()
        ? reader.beginning()
        : reader.beginning().resume(segments.trailer(extent.first - 1));
  }

  /** Fills the list of layers, in the order of the record. */
  private final class Filling {
    private final RunBuilder builder = new RunBuilder(scratch);
    private SegmentChain chain;

    /** Whether the segment before was lost. */
    private boolean gap;

    /** Whether what was added last is a run, and no segment behind it has vouched for it. */
    private boolean unproven;

    Filling(final SegmentChain beginning) throws IOException {
      chain = beginning;
      if (segments.isTolerant()
          && extent.first > chain.number()
          && segments.firstWhole() == extent.first) { // else it stands for those before
        lose(chain.number(), extent.first - 1);
      }
    }

    void take(final List<IndexSpans.Span> spans) throws IOException {
      InOrder.run(
          spans,
          InOrder.workers(READ_AHEAD),
          READ_AHEAD,
          this::load,
          (span, loaded) -> {
            if (loaded.lost) {
              lose(span.first(), span.first());
            } else if (loaded.segment != null) {
              add(loaded.segment, loaded.records);
            } else if (loaded.run != null && !gap && loaded.run.cover().follows(chain)) {
              flush();
              layers.add(new Layer.Published(loaded.run, span));
              chain = loaded.run.cover().chain();
              unproven = true;
            } else {
              take(span.parts());
            }
            progress.update(chain.number() - extent.first, extent.last - extent.first + 1);
          });
    }

    private Loaded load(final IndexSpans.Span span) throws IOException {
      if (span.path() == null) {
        try {
          final SegmentReader segment = segments.open(span.first());
          return new Loaded(segment, segment.records(), null, false);
        } catch (final SegmentException e) {
          if (!segments.isTolerant()) {
            throw e;
          }
          LOG.warn("lost: {}", e.getMessage());
          return new Loaded(null, null, null, true);
        }
      }
      return new Loaded(null, null, openRun(span, span.path()).orElse(null), false);
    }

    private void lose(final long first, final long last) throws IOException {
      flush();
      layers.add(new Layer.Lost(first, last));
      gap = true;
    }

    private void add(final SegmentReader segment, final @Nullable RecordTable records)
        throws IOException {
      if (gap) { // whatever comes behind it is as good as anything
        chain = chain.behindGap(segment.trailer());
        gap = false;
      }
      chain = chain.next(segment.name(), segment.trailer().segmentNumber(), segment.trailer());
      unproven = false;
      if (records != null) {
        if (segment.trailer().base()) {
          flush(); // what stands for others is no part of a run with those behind it
        }
        builder.add(segment.trailer(), records, extent.afterSequence, extent.lastSequence);
        if (segment.trailer().base() || builder.operations() >= MOST_OPERATIONS) {
          flush();
        }
      }
    }

    private void flush() throws IOException {
      if (builder.cover() != null) {
        layers.add(made(builder));
      }
    }

    void end() throws IOException {
      flush();
      if (unproven) {
        final SegmentReader last = segments.open(chain.number() - 1);
        if (!last.trailer().digest().equals(chain.digest())) {
          throw SegmentException.of(last.name(), "is not the segment that the index was made of");
        }
      }
    }
  }

  /** What stands for a span: a segment or, if there is one, a run. */
  private record Loaded(
      @Nullable SegmentReader segment,
      @Nullable RecordTable records,
      @Nullable RunReader run,
      boolean lost) {}

  private Optional<RunReader> openRun(final IndexSpans.Span span, final String path)
      throws IOException {
    final Optional<RunBytes> bytes = reader.run(path);
    if (bytes.isEmpty()) {
      return Optional.empty();
    }
    try {
      final RunReader run = RunReader.open(bytes.get());
      if (run.cover().firstSegment() == span.first() && run.cover().lastSegment() == span.last()) {
        return Optional.of(run);
      }
      LOG.warn("{} covers other segments than its name says, and is not used", run.name());
    } catch (final IndexException e) {
      LOG.warn("not used, `blockcam index` makes it anew: {}", e.getMessage());
    }
    return Optional.empty();
  }

  private Layer made(final RunBuilder builder) throws IOException {
    if (bytesInMemory < MOST_BYTES_IN_MEMORY) {
      final ByteArrayOutputStream out = new ByteArrayOutputStream();
      builder.write(out);
      bytesInMemory += out.size();
      return new Layer.Made(
          RunReader.open(new MemoryBytes("the index in memory", out.toByteArray())), null);
    }
    final Path file = Files.createTempFile("blockcam-", ".run");
    FileBytes bytes = null;
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
        builder.write(out);
      } catch (final IOException e) {
        throw new IOException(
            "cannot keep an index in %s: %s; set TMPDIR to where there is room"
                .formatted(file.getParent(), e.getMessage()),
            e);
      }
      bytes = FileBytes.open(file);
      return new Layer.Made(RunReader.open(bytes), bytes);
    } catch (final IOException | RuntimeException e) {
      if (bytes != null) {
        bytes.close();
      }
      throw e;
    } finally {
      Files.delete(file); // what is open can be read all the same
    }
  }

  private void feed(final RunReader run, final WindowStack window) throws IOException {
    run.feed(window, run.cover().firstSegment() - extent.first);
  }

  private List<RunReader> runs() {
    return layers.stream().map(Layer::run).filter(Objects::nonNull).toList();
  }

  /** Numbers of the segments that could not be read; only of tolerant ones there are any. */
  public List<Long> lost() {
    final List<Long> numbers = new ArrayList<>();
    for (final Layer layer : layers) {
      if (layer instanceof final Layer.Lost lost) {
        for (long number = lost.firstSegment; number <= lost.lastSegment; number++) {
          numbers.add(number);
        }
      }
    }
    return numbers;
  }

  /** Size of the disk when the last of these records was made. */
  public long diskBytes() throws IOException {
    return segments
        .before(extent.last + 1)
        .map(SegmentTrailer::diskBytes)
        .orElse(reader.recording().diskBytes());
  }

  /** Number of the segment that references in windows count from. */
  public long firstSegment() {
    return extent.first;
  }

  /**
   * The first window from a block on of which any record says something.
   *
   * @return its first block; {@link Long#MAX_VALUE} when there is none
   */
  public long nextWindow(final long fromBlock) throws IOException {
    if (layers.stream().anyMatch(Layer.Lost.class::isInstance)) {
      return fromBlock < RecordDescriptor.blocks(diskBytes())
          ? WindowStack.windowOf(fromBlock)
          : Long.MAX_VALUE;
    }
    return sound(() -> RunBuilder.next(runs(), fromBlock));
  }

  /** Whether some block is in doubt. Reads what is in doubt in any run, and no more. */
  public boolean hasDoubts() throws IOException {
    if (layers.stream().anyMatch(Layer.Lost.class::isInstance)) {
      return true;
    }
    return sound(
        () -> {
          final WindowStack stack = new WindowStack();
          final boolean[] found = {false};
          for (final RunReader run : runs()) {
            for (long at = run.nextDoubt(0);
                at != Long.MAX_VALUE;
                at = run.nextDoubt(stack.end())) {
              read(stack, WindowStack.windowOf(at));
              stack.forEachDoubt((from, to) -> found[0] = true);
              if (found[0]) {
                return true;
              }
            }
          }
          return false;
        });
  }

  /**
   * Finds out what a window is made of. References count from {@link #firstSegment}.
   *
   * @param firstBlock of the window
   */
  public void read(final WindowStack window, final long firstBlock) throws IOException {
    sound(
        () -> {
          window.begin(firstBlock);
          final List<Layer> all = layers;
          for (int i = all.size() - 1; i >= 0; i--) {
            final RunReader run = all.get(i).run();
            if (run != null) {
              feed(run, window);
            } else {
              window.doubt(0, RecordDescriptor.blocks(diskBytes()), RecordDescriptor.WHOLE_BLOCK);
            }
          }
          return window;
        });
  }

  /**
   * Opens a segment that a reference names; {@link #check} must see it before it is used. Any
   * thread.
   *
   * @throws SegmentException when it is missing or damaged
   */
  public SegmentReader open(final long number) throws IOException {
    return segments.open(number);
  }

  /**
   * Checks that a segment is the one that the records are of.
   *
   * @throws SegmentException when it is another one
   */
  public void check(final SegmentReader segment) throws IOException {
    final long number = segment.trailer().segmentNumber();
    final Sha256Digest digest =
        sound(
            () -> {
              for (final RunReader run : runs()) {
                if (run.cover().lastSegment() >= number) {
                  return run.digest(number);
                }
              }
              throw new IllegalArgumentException("segment " + number + " is in no layer");
            });
    if (!segment.trailer().digest().equals(digest)) {
      throw SegmentException.of(
          segment.name(),
          "is not the segment that the index was made of; `blockcam verify` tells which was"
              + " changed, --no-index does without the index");
    }
  }

  /** Marks, clock steps, starts, and of each segment with gaps the first; in their order. */
  public List<Event> events() throws IOException {
    return sound(
        () -> {
          final List<Event> events = new ArrayList<>();
          for (final RunReader run : runs()) {
            events.addAll(run.events());
          }
          return events;
        });
  }

  /** Something that reads runs. */
  private interface Reading<T> {
    T result() throws IOException;
  }

  /** Reads runs; one that turns out to be damaged is replaced by what makes it up. */
  private <T> T sound(final Reading<T> reading) throws IOException {
    while (true) {
      try {
        return reading.result();
      } catch (final IndexException e) {
        repair(e);
      }
    }
  }

  /** What makes up a run, in its place; where that does not fit either, the segments themselves. */
  private Layers insteadOf(final Layer.Published damaged) throws IOException {
    final RunCover cover = damaged.run.cover();
    final Optional<SegmentTrailer> last = segments.readable(cover.lastSegment());
    if (last.isPresent() && !last.get().digest().equals(cover.chain().digest())) {
      throw SegmentException.of(
          damaged.run.name(),
          "is not of the segments that are there; --no-index does without the index");
    }
    final Extent all =
        new Extent(cover.firstSegment(), cover.lastSegment(), Long.MIN_VALUE, Long.MAX_VALUE);
    final Layers parts = new Layers(reader, segments, all, Progress.NONE);
    try {
      return parts.filled(() -> parts.readParts(damaged.span));
    } catch (final SegmentException e) {
      return open(reader, segments, all, /* useIndex= */ false, Progress.NONE);
    }
  }

  private synchronized void repair(final IndexException damage) throws IOException {
    if (replaced.contains(damage.file())) {
      return; // by another thread
    }
    final List<Layer> repaired = new ArrayList<>();
    boolean found = false;
    for (final Layer layer : layers) {
      if (!found
          && layer instanceof final Layer.Published published
          && damage.file().equals(published.run.name())) {
        found = true;
        LOG.warn("done without, `blockcam index` repairs it: {}", damage.getMessage());
        repaired.addAll(insteadOf(published).layers);
      } else {
        repaired.add(layer);
      }
    }
    if (!found) {
      throw damage;
    }
    replaced.add(damage.file());
    layers = repaired;
  }

  @Override
  public void close() throws IOException {
    for (final Layer layer : layers) {
      if (layer instanceof final Layer.Made made && made.file != null) {
        made.file.close();
      }
    }
  }
}
