package io.blockcam.vmtests.bench;

import io.blockcam.vmtests.host.Shell;
import java.nio.file.Path;

/** The kernel's loop device, past the page cache. */
final class KernelLoop implements Contender {
  static final String NAME = "kernel loop";

  private final Path device;

  KernelLoop(final Path file) {
    device =
        Path.of(
            Shell.run("losetup", "--find", "--show", "--direct-io=on", file.toString()).strip());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Path ready() {
    return device;
  }

  @Override
  public void close() {
    Shell.run("losetup", "--detach", device.toString());
  }
}
