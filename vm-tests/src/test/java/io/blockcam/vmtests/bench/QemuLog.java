package io.blockcam.vmtests.bench;

import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * QEMU's own log of writes, blklogwrites, in its storage daemon: what dm-log-writes is in user
 * space. Its clients come over NBD, here the kernel's.
 */
final class QemuLog implements Contender {
  static final String NAME = "QEMU blklogwrites";
  private static final Path DEVICE = Path.of("/dev/nbd0");

  private final Path disk;
  private final Path log;
  private final Path socket;
  private @Nullable Process daemon;

  /** With a log that may grow. */
  QemuLog(final Path disk, final Path log) {
    this.disk = disk;
    this.log = log;
    this.socket = log.resolveSibling("nbd");
  }

  @Override
  public String name() {
    return NAME;
  }

  /** With an empty log. */
  @Override
  public Path ready() {
    close();
    Shell.run("rm", "-f", socket.toString());
    Shell.run("truncate", "--size=0", log.toString());
    try {
      daemon =
          new ProcessBuilder(
                  "qemu-storage-daemon",
                  "--blockdev",
                  "driver=file,node-name=disk,cache.direct=on,filename=" + disk,
                  "--blockdev",
                  "driver=file,node-name=log,filename=" + log,
                  "--blockdev",
                  "driver=blklogwrites,node-name=logged,file=disk,log=log",
                  "--nbd-server",
                  "addr.type=unix,addr.path=" + socket,
                  "--export",
                  "type=nbd,id=export,node-name=logged,name=logged,writable=on")
              .inheritIO()
              .start();
    } catch (final IOException e) {
      throw new UncheckedIOException("qemu-storage-daemon", e);
    }
    if (!Limits.await(Limits.seconds(20), () -> Files.exists(socket))) {
      throw new IllegalStateException("qemu-storage-daemon does not listen");
    }
    Shell.run("nbd-client", "-unix", socket.toString(), DEVICE.toString(), "-N", "logged");
    return DEVICE;
  }

  @Override
  public void close() {
    final Process running = daemon;
    if (running != null) {
      Shell.run("nbd-client", "-d", DEVICE.toString());
      running.destroy();
      running.onExit().join();
      daemon = null;
    }
  }
}
