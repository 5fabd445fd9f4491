package io.blockcam.ublk;

import io.blockcam.ublk.control.UblkControl;
import java.time.Duration;
import java.util.OptionalInt;

/**
 * How a device is to be served.
 *
 * @param id the N of /dev/ublkbN, or empty for the next free one
 * @param queues hardware queues wanted, at least 1; the driver gives at most one per CPU
 * @param depth requests in flight per queue, 1 .. 4096
 * @param maxIoBytes largest request, a multiple of 4096; each tag has a buffer of this size
 * @param startLimit how long the device may take to come up
 * @param stopLimit how long taking it down may take, in {@linkplain StopLimits shares}
 * @param requestLimit a request without an answer for so long is named in the log; zero: none is
 * @param owner whose it is, see {@link DeviceOwner}: where the kernel can, the device outlives its
 *     server, and the owner's next one takes it over
 * @param scanPartitions whether the kernel looks for partitions when the device comes up; without,
 *     it still does where it is older than UBLK_F_NO_AUTO_PART_SCAN
 */
public record DeviceOptions(
    OptionalInt id,
    int queues,
    int depth,
    int maxIoBytes,
    Duration startLimit,
    Duration stopLimit,
    Duration requestLimit,
    long owner,
    boolean scanPartitions) {

  /** UBLK_MAX_QUEUE_DEPTH of linux/ublk_cmd.h. */
  public static final int MAX_DEPTH = 4096;

  private static final int PAGE_BYTES = 4096;

  public DeviceOptions {
    if (queues < 1) {
      throw new IllegalArgumentException("queues " + queues + " is less than 1");
    }
    if (depth < 1 || depth > MAX_DEPTH) {
      throw new IllegalArgumentException("depth " + depth + " is not between 1 and " + MAX_DEPTH);
    }
    if (maxIoBytes < PAGE_BYTES || maxIoBytes % PAGE_BYTES != 0) {
      throw new IllegalArgumentException("maxIoBytes " + maxIoBytes + " is not whole pages");
    }
  }

  /** One queue, 128 requests of up to 512 KiB, any id. */
  public static DeviceOptions defaults() {
    return new DeviceOptions(
        OptionalInt.empty(),
        1,
        128,
        512 * 1024,
        Duration.ofSeconds(30),
        Duration.ofSeconds(60),
        Duration.ofSeconds(30),
        DeviceOwner.NOBODY,
        true);
  }

  public DeviceOptions withId(final OptionalInt newId) {
    return new DeviceOptions(
        newId,
        queues,
        depth,
        maxIoBytes,
        startLimit,
        stopLimit,
        requestLimit,
        owner,
        scanPartitions);
  }

  public DeviceOptions withQueues(final int newQueues) {
    return new DeviceOptions(
        id,
        newQueues,
        depth,
        maxIoBytes,
        startLimit,
        stopLimit,
        requestLimit,
        owner,
        scanPartitions);
  }

  public DeviceOptions withDepth(final int newDepth) {
    return new DeviceOptions(
        id,
        queues,
        newDepth,
        maxIoBytes,
        startLimit,
        stopLimit,
        requestLimit,
        owner,
        scanPartitions);
  }

  public DeviceOptions withRequestLimit(final Duration newLimit) {
    return new DeviceOptions(
        id, queues, depth, maxIoBytes, startLimit, stopLimit, newLimit, owner, scanPartitions);
  }

  public DeviceOptions withOwner(final long newOwner) {
    return new DeviceOptions(
        id,
        queues,
        depth,
        maxIoBytes,
        startLimit,
        stopLimit,
        requestLimit,
        newOwner,
        scanPartitions);
  }

  /** For disks of which nobody knows what is on them. */
  public DeviceOptions withoutPartitionScan() {
    return new DeviceOptions(
        id, queues, depth, maxIoBytes, startLimit, stopLimit, requestLimit, owner, false);
  }

  /** How long {@link UblkDevice#stop} takes at most, when the kernel answers at all. */
  public Duration longestStop() {
    return stopLimit.plus(UblkDevice.FREE_LIMIT).plus(UblkControl.LIMIT);
  }
}
