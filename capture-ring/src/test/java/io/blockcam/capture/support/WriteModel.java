package io.blockcam.capture.support;

import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import java.util.ArrayList;
import java.util.List;

/** What records a request must become, computed the slow and obvious way: sector by sector. */
public final class WriteModel {
  private static final int SECTOR = 512;

  private WriteModel() {}

  /** The records of a write; sequence and time are left 0. */
  public static List<TestRecord> write(
      final long startSector, final byte[] data, final boolean fua, final boolean failed) {
    final List<TestRecord> records = new ArrayList<>();
    for (int i = 0; i < data.length / SECTOR; i++) {
      final long sector = startSector + i;
      final long block = sector / 8;
      if (records.isEmpty() || records.getLast().block() != block) {
        records.add(record(block, 1, RecordKind.DATA, 0, flags(records, fua, failed), 4096));
      }
      final TestRecord last = records.removeLast();
      System.arraycopy(data, i * SECTOR, last.payload(), (int) (sector % 8) * SECTOR, SECTOR);
      records.add(withMask(last, last.sectorMask() | 1 << sector % 8));
    }
    return records;
  }

  /** The records of a zeroing: the unaligned ends block by block, the middle as one run. */
  public static List<TestRecord> zeroes(
      final long startSector,
      final long sectors,
      final boolean discard,
      final boolean fua,
      final boolean failed) {
    final RecordKind kind = discard ? RecordKind.DISCARD : RecordKind.ZEROES;
    final List<TestRecord> records = new ArrayList<>();
    final long end = startSector + sectors;
    for (long block = startSector / 8; block * 8 < end; block++) {
      int mask = 0;
      for (int i = 0; i < 8; i++) {
        mask |= block * 8 + i >= startSector && block * 8 + i < end ? 1 << i : 0;
      }
      final TestRecord last = records.isEmpty() ? null : records.getLast();
      if (mask == 0xff && last != null && last.sectorMask() == 0xff) {
        records.removeLast();
        records.add(record(last.block(), last.runBlocks() + 1, kind, 0xff, last.flags(), 0));
      } else {
        records.add(record(block, 1, kind, mask, flags(records, fua, failed), 0));
      }
    }
    return records;
  }

  /** The record of a flush. */
  public static TestRecord flush() {
    return record(0, 0, RecordKind.FLUSH, 0, RecordFlags.FIRST, 0);
  }

  private static int flags(final List<TestRecord> before, final boolean fua, final boolean failed) {
    return (before.isEmpty() ? RecordFlags.FIRST : 0)
        | (fua ? RecordFlags.FUA : 0)
        | (failed ? RecordFlags.FAILED : 0);
  }

  private static TestRecord record(
      final long block,
      final long run,
      final RecordKind kind,
      final int mask,
      final int flags,
      final int payloadBytes) {
    return new TestRecord(0, 0, block, run, kind, mask, flags, 0, new byte[payloadBytes]);
  }

  private static TestRecord withMask(final TestRecord r, final int mask) {
    return new TestRecord(
        r.sequence(),
        r.timestampNs(),
        r.block(),
        r.runBlocks(),
        r.kind(),
        mask,
        r.flags(),
        r.aux(),
        r.payload());
  }
}
