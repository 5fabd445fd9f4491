package io.blockcam.benchmarks;

import io.blockcam.archive.log.LogWriter;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * How long the consumer is held up by the seal of a segment on tmpfs: the disk's part is not here.
 */
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does that
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class SealBenchmark {

  /** Records of the segment; about 30,000 with payloads fill it. */
  @Param({"1000", "30000"})
  public int records;

  private final byte[] payload = new byte[4096];
  private Path directory = Path.of("unset");
  private LogWriter writer;

  /** Writes a segment, which is not measured. */
  @Setup(Level.Invocation)
  public void write() throws IOException {
    directory = Workbench.directory();
    writer =
        LogWriter.create(
            directory,
            new SegmentHeader(Workbench.RECORDING.id(), 0, 0, 0, 0, Workbench.DISK_BYTES),
            SegmentLimits.DEFAULT);
    for (int i = 0; i < records; i++) {
      payload[0] = (byte) i;
      payload[1] = (byte) (i >> 8);
      payload[2] = 1;
      writer.append(
          RecordView.allocate().put(i, i, 1, RecordKind.DATA, 0xff, 0),
          i,
          0,
          MemorySegment.ofArray(payload),
          0);
    }
    writer.write();
  }

  /** Removes it. */
  @TearDown(Level.Invocation)
  public void remove() throws IOException {
    writer.close();
    Workbench.remove(directory);
  }

  /** The seal. */
  @Benchmark
  public SealedLog seal() throws IOException {
    return writer.seal();
  }
}
