package io.blockcam.vmtests.bench;

import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.LiveDisk;
import java.nio.file.Path;

/** {@code blockcam serve}. */
final class Served implements Contender {
  private final String name;
  private final LiveDisk disk;

  /**
   * @param backing a file, or {@code null} in letters
   */
  Served(final String name, final String backing) {
    this.name = name;
    this.disk = Blockcam.start("serve", "--backing", backing);
    WarmUp.of(disk.device());
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Path ready() {
    return disk.device();
  }

  @Override
  public void close() {
    disk.close();
  }
}
