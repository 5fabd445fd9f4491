package io.blockcam.vmtests.host;

import java.nio.file.Path;

/** The rest of a disk from a sector on, as a partition of it; one at a time. */
public final class Partition implements AutoCloseable {

  private static final String NAME = "partition";

  private final Path device;
  private final boolean isMapped;

  private Partition(final Path device, final boolean isMapped) {
    this.device = device;
    this.isMapped = isMapped;
  }

  /**
   * Makes it.
   *
   * @param start its first sector; at 0 it is the disk itself
   */
  public static Partition of(final Path disk, final long start) {
    if (start == 0) {
      return new Partition(disk, false);
    }
    final long sectors = Long.parseLong(Shell.run("blockdev", "--getsz", disk.toString()).strip());
    final String table = "0 %d linear %s %d".formatted(sectors - start, disk, start);
    return new Partition(MappedDisk.create(NAME, table), true);
  }

  /** The block device. */
  public Path device() {
    return device;
  }

  @Override
  public void close() {
    if (isMapped) {
      MappedDisk.remove(NAME);
    }
  }
}
