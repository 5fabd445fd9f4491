package io.blockcam.vmtests.bench;

import io.blockcam.vmtests.host.Shell;
import java.nio.file.Path;

/** The kernel's own write logger, over a loop device, with its log on another. */
final class LogWrites implements Contender {
  static final String NAME = "dm-log-writes";
  private static final String MAPPED = "bench";

  private final KernelLoop disk;
  private final KernelLoop log;
  private boolean isThere;

  LogWrites(final Path disk, final Path log) {
    this.disk = new KernelLoop(disk);
    this.log = new KernelLoop(log);
  }

  @Override
  public String name() {
    return NAME;
  }

  /** With an empty log: it grows with every write, and a full one takes no more. */
  @Override
  public Path ready() {
    remove();
    final String sectors = Shell.run("blockdev", "--getsz", disk.ready().toString()).strip();
    // There is no udev in a test host to wait for.
    Shell.run(
        "dmsetup",
        "create",
        MAPPED,
        "--noudevsync",
        "--noudevrules",
        "--table",
        "0 %s log-writes %s %s".formatted(sectors, disk.ready(), log.ready()));
    isThere = true;
    return Path.of(
        "/dev",
        Shell.run("dmsetup", "info", "--columns", "--noheadings", "-o", "blkdevname", MAPPED)
            .strip());
  }

  private void remove() {
    if (isThere) {
      Shell.run("dmsetup", "remove", "--noudevsync", MAPPED);
      isThere = false;
    }
  }

  @Override
  public void close() {
    remove();
    disk.close();
    log.close();
  }
}
