package io.blockcam.vmtests.record;

import io.blockcam.vmtests.host.BlockDevice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Does the same to a device and to a copy of its own, and tells what the record of it must be.
 *
 * <p>One thread, one request at a time: the order of the calls is the order on the disk.
 */
public final class ModelDisk {

  private static final int SECTOR_BYTES = 512;
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCK_SECTORS = BLOCK_BYTES / SECTOR_BYTES;

  /** What one record must say, and which bytes it changes. */
  private static final class Step {
    private final String what;
    private final long at;
    private final byte[] content;

    Step(final String what, final long at, final byte[] content) {
      this.what = what;
      this.at = at;
      this.content = content;
    }
  }

  private final BlockDevice device;
  private final List<Step> steps = new ArrayList<>();

  /**
   * @param device stays the caller's
   */
  public ModelDisk(final BlockDevice device) {
    this.device = device;
  }

  /** A write of whole sectors. */
  public void write(final long offset, final byte[] data) {
    device.write(offset, data);
    addData(offset, data, "");
  }

  /** A write of whole sectors with FUA. */
  public void writeDurably(final long offset, final byte[] data) {
    device.writeDurably(offset, data);
    addData(offset, data, " fua");
    addFlush(); // generic_write_sync() of the kernel, for O_DSYNC on a block device
  }

  /** DISCARD of whole blocks. */
  public void discard(final long offset, final int length) {
    device.discard(offset, length);
    addZeroes(Event.DISCARD, offset, length);
  }

  /** WRITE_ZEROES of whole blocks. */
  public void zeroOut(final long offset, final int length) {
    device.zeroOut(offset, length);
    addZeroes(Event.ZEROES, offset, length);
  }

  /** FLUSH: changes nothing, but is a record. */
  public void flush() {
    device.flush();
    addFlush();
  }

  private void addFlush() {
    steps.add(new Step("kind 4 block 0+0 mask 00 first", 0, new byte[0]));
  }

  private void addData(final long offset, final byte[] data, final String flags) {
    long at = offset;
    while (at < offset + data.length) {
      final long end = Math.min(offset + data.length, (at / BLOCK_BYTES + 1) * BLOCK_BYTES);
      final int firstSector = (int) (at % BLOCK_BYTES / SECTOR_BYTES);
      final int sectors = (int) ((end - at) / SECTOR_BYTES);
      final int mask = ((1 << sectors) - 1) << firstSector & ((1 << BLOCK_SECTORS) - 1);
      steps.add(
          new Step(
              "kind 1 block %d+1 mask %02x%s%s"
                  .formatted(at / BLOCK_BYTES, mask, at == offset ? " first" : "", flags),
              at,
              Arrays.copyOfRange(data, (int) (at - offset), (int) (end - offset))));
      at = end;
    }
  }

  private void addZeroes(final int kind, final long offset, final int length) {
    if (offset % BLOCK_BYTES != 0 || length % BLOCK_BYTES != 0) {
      throw new IllegalArgumentException("not whole blocks");
    }
    steps.add(
        new Step(
            "kind %d block %d+%d mask ff first"
                .formatted(kind, offset / BLOCK_BYTES, length / BLOCK_BYTES),
            offset,
            new byte[length]));
  }

  /** What the records of these calls must say, in their order. */
  public List<String> expectedRecords() {
    return steps.stream().map(s -> s.what).toList();
  }

  /** Brings a disk that is as after {@code from} records to what it is after {@code to}. */
  public void apply(final byte[] disk, final int from, final int to) {
    for (final Step step : steps.subList(from, to)) {
      System.arraycopy(step.content, 0, disk, (int) step.at, step.content.length);
    }
  }
}
