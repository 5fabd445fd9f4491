package io.blockcam.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.SpoolState;
import io.blockcam.capture.support.CollectingSink;
import io.blockcam.capture.support.TestRecord;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What is read back from a disk, and what is made of it. */
final class ResyncTest {

  private static final int BLOCK = 4096;
  private static final SpoolState STATE =
      new SpoolState(new UUID(1, 2), 600 * BLOCK, 3, 4, 500, 6_000, null);

  private final CollectingSink sink = new CollectingSink();

  @Test
  void recordsWhatTheDiskHoldsWithStretchesOfZeroesAsOne() throws IOException {
    final byte[] disk = new byte[600 * BLOCK];
    disk[10 * BLOCK + 5] = 1;
    disk[400 * BLOCK] = 2;

    resync(disk, disk.length, new Doubt.Range(5, 595));

    final List<TestRecord> records = sink.records();
    assertThat(records)
        .extracting(TestRecord::kind)
        .containsExactly(
            RecordKind.ZEROES,
            RecordKind.RESYNC,
            RecordKind.ZEROES,
            RecordKind.RESYNC,
            RecordKind.ZEROES);
    assertThat(records).extracting(TestRecord::block).containsExactly(5L, 10L, 11L, 400L, 401L);
    assertThat(records).extracting(TestRecord::runBlocks).containsExactly(5L, 1L, 389L, 1L, 199L);
    assertThat(records)
        .extracting(TestRecord::sequence)
        .containsExactly(500L, 501L, 502L, 503L, 504L);
    assertThat(records).extracting(TestRecord::timestampNs).containsOnly(6_000L);
    assertThat(records.get(1).payload()[5]).isEqualTo((byte) 1);
    assertThat(sink.calls()).endsWith("seal");
  }

  /** C6: the last epoch ended at 6,000 ns, this one begins at 1,000. */
  @Test
  void recordsThatTheClockWentBackBetweenTwoEpochs() throws IOException {
    new Resync(sink, (data, offset) -> {}, BLOCK, STATE, 1, at(1_000)).start();
    new Resync(sink, (data, offset) -> {}, BLOCK, STATE, 1, at(7_000)).start();

    assertThat(sink.records())
        .extracting(TestRecord::kind)
        .containsExactly(RecordKind.START, RecordKind.CLOCK_STEP, RecordKind.START);
    assertThat(sink.records())
        .extracting(TestRecord::timestampNs)
        .containsExactly(6_000L, 6_000L, 7_000L);
    assertThat(sink.records().get(1).aux()).isEqualTo(1_000);
  }

  @Test
  void joinsNoZeroesOfRangesThatAreApart() throws IOException {
    resync(new byte[20 * BLOCK], 20 * BLOCK, new Doubt.Range(1, 2), new Doubt.Range(9, 1));

    assertThat(sink.records()).extracting(TestRecord::block).containsExactly(1L, 9L);
    assertThat(sink.records()).extracting(TestRecord::runBlocks).containsExactly(2L, 1L);
  }

  @Test
  void readsNothingBeyondTheEndOfADiskOfNoWholeNumberOfBlocks() throws IOException {
    final byte[] disk = new byte[2 * BLOCK + 512];
    disk[2 * BLOCK + 511] = 3;

    resync(disk, disk.length, new Doubt.Range(2, 1));

    final byte[] payload = sink.records().getFirst().payload();
    assertThat(payload[511]).isEqualTo((byte) 3);
    assertThat(payload[512]).isZero();
  }

  /** However many pieces that makes: where nothing was missed, nothing is to be called lost. */
  @Test
  void recordsAGapForNothingButWhatWasMissed() throws IOException {
    final List<Doubt.Range> missed =
        LongStream.range(0, 5000).mapToObj(i -> new Doubt.Range(3 * i, 1)).toList();

    new Resync(sink, (data, offset) -> {}, 1L << 40, STATE, Resync.MOST_BLOCKS, at(1_000))
        .run(missed, GapReason.RECORDS_LOST, Doubt.NONE);

    assertThat(sink.records())
        .hasSize(5000)
        .allSatisfy(record -> assertThat(record.runBlocks()).isOne());
  }

  private void resync(final byte[] disk, final int diskBytes, final Doubt.Range... ranges)
      throws IOException {
    new Resync(
            sink,
            (data, offset) ->
                MemorySegment.copy(MemorySegment.ofArray(disk), offset, data, 0, data.byteSize()),
            diskBytes,
            STATE,
            Resync.MOST_BLOCKS,
            at(1_000))
        .run(List.of(), GapReason.RECORDS_LOST, new Doubt(List.of(ranges)));
  }

  /** Behind the records of {@link #STATE}. */
  private static WallClock at(final long realtimeNs) {
    final WallClock clock =
        new WallClock(
            new WallClock.Source() {
              @Override
              public long monotonicNs() {
                return 1;
              }

              @Override
              public long realtimeNs() {
                return realtimeNs;
              }
            });
    clock.notBefore(STATE.lastTimestampNs());
    return clock;
  }
}
