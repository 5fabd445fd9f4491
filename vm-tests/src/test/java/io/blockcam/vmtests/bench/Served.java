package io.blockcam.vmtests.bench;

import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.LiveDisk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code blockcam serve}. */
final class Served implements Contender {
  private final String name;
  private final LiveDisk disk;

  /**
   * @param backing a file, or {@code null} in letters
   * @param more options
   */
  Served(final String name, final String backing, final Object... more) {
    this.name = name;
    final List<Object> arguments = new ArrayList<>(List.of("serve", "--backing", backing));
    arguments.addAll(List.of(more));
    this.disk = Blockcam.start(arguments.toArray());
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
