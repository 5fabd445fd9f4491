package io.blockcam.vmtests.host;

import java.nio.file.Path;
import java.time.Duration;

/** A disk of the device mapper over an image file, that fails when it is told to. */
public final class MappedDisk implements AutoCloseable {

  private static final String NAME = "failing";

  private final String loop;
  private final long sectors;
  private final Path device;

  private MappedDisk(final String loop, final long sectors, final Path device) {
    this.loop = loop;
    this.sectors = sectors;
    this.device = device;
  }

  /** Makes the image, too; one at a time. */
  public static MappedDisk over(final Path image, final int mebibytes) {
    return over(image, mebibytes, 512);
  }

  /** The same with sectors of another size. */
  public static MappedDisk over(final Path image, final int mebibytes, final int sectorBytes) {
    Shell.run("truncate", "--size=" + mebibytes + "M", image.toString());
    final String loop =
        Shell.run("losetup", "--find", "--show", "-b", "" + sectorBytes, image.toString()).strip();
    final long sectors = mebibytes * 2048L;
    return new MappedDisk(loop, sectors, create(NAME, linear(sectors, loop)));
  }

  static Path create(final String name, final String table) {
    // There is no udev in a test host to wait for.
    Shell.run("dmsetup", "create", name, "--noudevsync", "--noudevrules", "--table", table);
    Shell.run("dmsetup", "mknodes", name); // mount(8) and its helpers call it by that
    return Path.of(
        "/dev",
        Shell.run("dmsetup", "info", "--columns", "--noheadings", "-o", "blkdevname", name)
            .strip());
  }

  static void remove(final String name) {
    Shell.run("dmsetup", "remove", "--noudevsync", name);
  }

  /** The block device. */
  public Path device() {
    return device;
  }

  /** From now on writes end with EIO, and flushes do. */
  public void failWrites() {
    // Down for an hour, after an interval of nothing (dm-flakey.rst).
    become("0 %d flakey %s 0 0 3600 1 error_writes".formatted(sectors, loop));
  }

  /** From now on writes take so long, as one that moves the head of a worn disk does. */
  public void delayWrites(final Duration delay) {
    become("0 %d delay %s 0 0 %s 0 %d".formatted(sectors, loop, loop, delay.toMillis()));
  }

  /** Writes that are being delayed; the disk's own counts (inflight) begin when that is over. */
  public int writesDelayed() {
    // "0 32768 delay READS WRITES FLUSHES" (delay_status of dm-delay.c)
    return Integer.parseInt(Shell.run("dmsetup", "status", NAME).strip().split(" ")[4]);
  }

  /** From now on everything ends with EIO. */
  public void failEverything() {
    become("0 %d error".formatted(sectors));
  }

  /** It is a good disk again. */
  public void heal() {
    become(linear(sectors, loop));
  }

  private static String linear(final long sectors, final String loop) {
    return "0 %d linear %s 0".formatted(sectors, loop);
  }

  private static void become(final String table) {
    Shell.run("dmsetup", "suspend", "--noflush", "--nolockfs", NAME);
    Shell.run("dmsetup", "reload", NAME, "--table", table);
    Shell.run("dmsetup", "resume", "--noudevsync", NAME);
  }

  @Override
  public void close() {
    heal();
    remove(NAME);
    Shell.run("losetup", "--detach", loop);
  }
}
