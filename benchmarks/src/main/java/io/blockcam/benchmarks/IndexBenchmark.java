package io.blockcam.benchmarks;

import io.blockcam.archive.index.CatalogBuilder;
import io.blockcam.archive.index.RunBuilder;
import io.blockcam.archive.index.RunCover;
import io.blockcam.archive.index.RunReader;
import io.blockcam.archive.index.WindowStack;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * How long it takes to index half a million writes all over the disk, and to look up in that index
 * what a window of 1 GiB was made of: what somebody waits for who reads a past disk there first.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does that
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class IndexBenchmark {

  private static final int SEGMENTS = 20;
  private static final int RECORDS = 25_000;
  private static final int MOST_REFS = 1 << 18;

  private final List<FileBytes> files = new ArrayList<>();
  private final List<SegmentReader> segments = new ArrayList<>();
  private final WindowStack window = new WindowStack();
  private Path directory = Path.of("unset");
  private FileBytes indexed;

  /** Writes the segments. */
  @Setup
  public void write() throws IOException {
    directory = Workbench.directory();
    final SplittableRandom random = new SplittableRandom(1);
    files.addAll(
        Workbench.segments(
            directory,
            SEGMENTS,
            RECORDS,
            payload -> {
              Workbench.fillSectors(payload, random);
              return random.nextLong(Workbench.DISK_BYTES / 4096);
            }));
    for (final FileBytes each : files) {
      segments.add(SegmentReader.open(each));
    }
    final Path file = directory.resolve("run");
    try (OutputStream out = Files.newOutputStream(file)) {
      run(out);
    }
    indexed = FileBytes.open(file);
  }

  /** Removes them. */
  @TearDown
  public void remove() throws IOException {
    indexed.close();
    for (final FileBytes file : files) {
      file.close();
    }
    Workbench.remove(directory);
  }

  /** The run of all of them. */
  @Benchmark
  public RunCover run() throws IOException {
    return run(OutputStream.nullOutputStream());
  }

  private RunCover run(final OutputStream out) throws IOException {
    final RunBuilder builder = new RunBuilder(new WindowStack());
    for (final SegmentReader segment : segments) {
      builder.add(segment.trailer(), segment.records());
    }
    return builder.write(out);
  }

  /** The catalog of all of them. */
  @Benchmark
  public RunCover catalog() throws IOException {
    try (CatalogBuilder builder = new CatalogBuilder(directory, MOST_REFS)) {
      for (final SegmentReader segment : segments) {
        builder.add(segment.trailer(), segment.tables());
      }
      return builder.write(OutputStream.nullOutputStream());
    }
  }

  /** The first window, from the file. */
  @Benchmark
  public int lookUp() throws IOException {
    window.begin(0);
    RunReader.open(indexed).feed(window, 0);
    return window.pieces();
  }
}
