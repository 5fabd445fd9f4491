package io.blockcam.cli;

import io.blockcam.nativebindings.Posix;
import io.blockcam.ublk.DeviceOptions;
import io.blockcam.ublk.target.FileTarget;
import io.blockcam.ublk.target.Geometry;
import io.blockcam.ublk.target.NullTarget;
import io.blockcam.ublk.target.Target;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What {@code serve} and {@code record} share: which disk, and how it is served. */
final class DiskOptions {

  private static final long NULL_DISK_BYTES = 250L << 30;

  @Option(
      names = "--backing",
      required = true,
      paramLabel = "PATH",
      description = "File or block device that holds the disk.")
  String backing = "";

  @Option(
      names = "--size",
      paramLabel = "SIZE",
      description = "Create the backing file with this size (20G, 512M) if there is none.")
  @Nullable Size size;

  @Option(
      names = "--queues",
      paramLabel = "N",
      defaultValue = "1",
      description = "Hardware queues of the device (default: ${DEFAULT-VALUE}).")
  int queues;

  @Option(
      names = "--depth",
      paramLabel = "N",
      defaultValue = "128",
      description = "Requests in flight per queue, 1 to 4096 (default: ${DEFAULT-VALUE}).")
  int depth;

  @Option(
      names = "--id",
      paramLabel = "N",
      description = "The N of /dev/ublkbN (default: the next free one).")
  @Nullable Integer id;

  @Option(
      names = "--request-limit",
      paramLabel = "D",
      defaultValue = "30s",
      description =
          "Name a request in the log that has no answer for so long; 0s: never (default:"
              + " ${DEFAULT-VALUE}).")
  Duration requestLimit = Duration.ZERO;

  @Option(
      names = ConfigFile.OPTION,
      paramLabel = "FILE",
      description = "Take options from a properties file: same names, without dashes.")
  @Nullable String config;

  DeviceOptions device() {
    final OptionalInt wantedId = id == null ? OptionalInt.empty() : OptionalInt.of(id);
    if (id != null && id < 0) {
      throw CommandException.usage("--id " + id + " is negative");
    }
    try {
      return DeviceOptions.defaults()
          .withId(wantedId)
          .withQueues(queues)
          .withDepth(depth)
          .withRequestLimit(requestLimit);
    } catch (final IllegalArgumentException e) {
      throw CommandException.usage("--" + Messages.of(e));
    }
  }

  /**
   * Opens the backing store.
   *
   * @param allowNull lets {@code --backing null} be a disk of nothing
   * @param patience how long to wait for another server to let go of it
   */
  Target openTarget(final boolean allowNull, final Duration patience) throws IOException {
    final long bytes = size == null ? 0 : size.bytes();
    if (size != null && (bytes == 0 || bytes % Geometry.SECTOR_BYTES != 0)) {
      throw CommandException.usage("--size " + bytes + " is not a positive multiple of 512");
    }
    if (allowNull && backing.equals("null")) {
      return new NullTarget(bytes == 0 ? NULL_DISK_BYTES : bytes);
    }
    return FileTarget.open(Posix.linux(), backing, bytes, patience);
  }
}
