package io.blockcam.benchmarks;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.log.SegmentWriter;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordView;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.filesearch.FileHasher;
import io.blockcam.filesearch.SegmentScan;
import io.blockcam.filesearch.TargetSet;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
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
    final byte[] payload = new byte[4096];
    for (int s = 0; s < SEGMENTS; s++) {
      final long first = (long) s * RECORDS;
      try (SegmentWriter writer =
          SegmentWriter.create(
              directory,
              new SegmentHeader(Workbench.RECORDING.id(), 0, s, first, 0, Workbench.DISK_BYTES),
              SegmentLimits.DEFAULT)) {
        for (int i = 0; i < RECORDS; i++) {
          for (int sector = 0; sector < 8; sector++) {
            ByteBuffer.wrap(payload).putLong(512 * sector, random.nextLong());
          }
          writer.append(
              RecordView.allocate().put(first + i, i, 1, RecordKind.DATA, 0xff, 0),
              first + i,
              0,
              MemorySegment.ofArray(payload),
              0);
        }
        try (FileBytes bytes = FileBytes.open(writer.seal(Sha256.of(new byte[0])).path())) {
          tables.add(SegmentReader.open(bytes).tables());
        }
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
