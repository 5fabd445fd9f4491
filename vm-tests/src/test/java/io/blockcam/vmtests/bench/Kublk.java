package io.blockcam.vmtests.bench;

import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.Shell;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The ublk server of the kernel's self-tests, in C, with one queue. */
final class Kublk implements Contender {
  private final String name;
  private final Path program;
  private final int id;

  /**
   * Starts it.
   *
   * @param id of the device
   * @param target {@code null} or {@code loop}
   * @param files of the target
   */
  Kublk(
      final String name,
      final Path program,
      final int id,
      final String target,
      final Path... files) {
    this.name = name;
    this.program = program;
    this.id = id;
    final List<String> command =
        new ArrayList<>(
            List.of(
                program.toString(), "add", "-t", target, "-q", "1", "-n", Integer.toString(id)));
    for (final Path file : files) {
      command.add(file.toString());
    }
    Shell.run(command.toArray(String[]::new));
    if (!Limits.await(Limits.seconds(10), () -> Files.exists(device()))) {
      throw new IllegalStateException("kublk made no " + device());
    }
  }

  private Path device() {
    return Path.of("/dev/ublkb" + id);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Path ready() {
    return device();
  }

  @Override
  public void close() {
    Shell.run(program.toString(), "del", "-n", Integer.toString(id));
  }
}
