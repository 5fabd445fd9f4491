package io.blockcam.benchmarks;

import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.filesearch.FileHasher;
import io.blockcam.filesearch.SegmentScan;
import io.blockcam.filesearch.TargetSet;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * How long a search for files takes for each sector hash of a record: 8 bytes of the tables of its
 * segments, which are in memory.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does that
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FindBenchmark {
  private static final int SEGMENTS = 2;
  private static final int RECORDS = 25_000;
  private static final int HASHES = SEGMENTS * RECORDS * 8;

  /** Sectors that are looked for. */
  @Param({"2000", "200000"})
  public int targets;

  private final List<SegmentTables> tables = new ArrayList<>();
  private Path directory = Path.of("unset");
  private SegmentScan scan;

  /** Writes segments of random content, and makes a target set of other content. */
  @Setup
  public void write() throws IOException {
    directory = Workbench.directory();
    final SplittableRandom random = new SplittableRandom(1);
    final long[] next = {0};
    for (final FileBytes file :
        Workbench.segments(
            directory,
            SEGMENTS,
            RECORDS,
            payload -> {
              Workbench.fillSectors(payload, random);
              return next[0]++ % RECORDS;
            })) {
      try (file) {
        tables.add(SegmentReader.open(file).tables());
      }
    }
    final byte[] content = new byte[512 * targets];
    random.nextBytes(content);
    final TargetSet.Builder set = new TargetSet.Builder();
    new FileHasher().read("target", new ByteArrayInputStream(content), set);
    scan = new SegmentScan(set.build());
  }

  /** Removes the segments. */
  @TearDown
  public void remove() throws IOException {
    Workbench.remove(directory);
  }

  /** One hash. */
  @Benchmark
  @OperationsPerInvocation(HASHES)
  public int scan() {
    int hits = 0;
    for (final SegmentTables each : tables) {
      hits += scan.of(each, 0, each.records().count()).count();
    }
    return hits;
  }
}
