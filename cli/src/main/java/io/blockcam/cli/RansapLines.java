package io.blockcam.cli;

import io.blockcam.archive.hash.Entropy;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.PayloadReader;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.archive.segment.WantedPayloads;
import io.blockcam.history.RecordedClock;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * Writes in the layout of {@code ata_write.csv} of RanSAP, a dataset for the detection of
 * ransomware (Hirano, Hodota and Kobayashi, FSI: Digital Investigation 40, 2022): seconds,
 * nanoseconds, first sector, bytes, normalized entropy, 0. One thread.
 */
final class RansapLines {
  private final RecordedClock clock;
  private final PrintWriter out;
  private final PayloadReader payloads = new PayloadReader();
  private final Entropy entropy = new Entropy();

  RansapLines(final RecordedClock clock, final PrintWriter out) {
    this.clock = clock;
    this.out = out;
  }

  /**
   * Prints the guest's writes among some records.
   *
   * @param from the first one
   * @param to the one behind the last
   */
  void print(final SegmentReader segment, final SegmentTables tables, final int from, final int to)
      throws IOException {
    final RecordTable records = tables.records();
    final double[] found = new double[to - from]; // of zeroes it is 0
    final int[] stored =
        IntStream.range(from, to)
            .filter(i -> isWrite(records, i) && !records.hasFlag(i, RecordFlags.ALL_ZERO))
            .boxed()
            .sorted(Comparator.comparingInt(records::payloadIndex))
            .mapToInt(i -> i)
            .toArray();
    payloads.read(
        segment,
        tables,
        WantedPayloads.of(records, stored.length, i -> stored[i]),
        (i, payload) ->
            found[stored[i] - from] = entropy.of(payload, records.sectorMask(stored[i])));
    for (int i = from; i < to; i++) {
      if (isWrite(records, i)) {
        print(records, i, found[i - from]);
      }
    }
  }

  private static boolean isWrite(final RecordTable records, final int i) {
    return records.kind(i) == RecordKind.DATA;
  }

  private void print(final RecordTable records, final int i, final double ofBytes) {
    final Instant time = clock.shown(records.sequence(i), records.timestampNs(i));
    final int mask = records.sectorMask(i);
    final long sector =
        records.block(i) * RecordDescriptor.BLOCK_SECTORS + Integer.numberOfTrailingZeros(mask);
    out.printf(
        Locale.ROOT,
        "%d,%d,%d,%d,%.6f,0\n",
        time.getEpochSecond(),
        time.getNano(),
        sector,
        Integer.bitCount(mask) * SectorHash.SECTOR_BYTES,
        ofBytes);
  }
}
