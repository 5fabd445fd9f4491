package io.blockcam.vmtests.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A mounted file system. */
public final class Mount implements AutoCloseable {

  private final Path dir;
  private boolean mounted = true;

  private Mount(final Path dir) {
    this.dir = dir;
  }

  /** Mounts a device on a new directory; {@code options} are those of mount(8). */
  public static Mount device(final Path device, final Path dir, final String... options) {
    try {
      Files.createDirectories(dir);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
    final List<String> command = new ArrayList<>();
    command.add("mount");
    command.addAll(List.of(options));
    command.add(device.toString());
    command.add(dir.toString());
    Shell.run(command.toArray(String[]::new));
    return new Mount(dir);
  }

  /** Mounts an image file, read-only, its journal untouched. */
  public static Mount image(final Path image, final Path dir, final String fileSystem) {
    return image(image, dir, fileSystem, 0);
  }

  /**
   * The same of a partition of it.
   *
   * @param start first sector of the file system
   */
  public static Mount image(
      final Path image, final Path dir, final String fileSystem, final long start) {
    // Without replay of the journal: the image is to be looked at as it is.
    final String options =
        switch (fileSystem) {
          case "ext4" -> "loop,ro,noload";
          case "xfs" -> "loop,ro,norecovery";
          case "ntfs-3g" -> "loop,ro,norecover";
          default -> "loop,ro";
        };
    return device(image, dir, "-t", fileSystem, "-o", options + ",offset=" + 512 * start);
  }

  /** A small file system in memory. */
  public static Mount memory(final Path dir, final String size) {
    return device(Path.of("tmpfs"), dir, "-t", "tmpfs", "-o", "size=" + size);
  }

  public Path dir() {
    return dir;
  }

  /** Unmounts; fails the test when it is busy. */
  public void unmount() {
    Shell.run("umount", dir.toString());
    mounted = false;
  }

  @Override
  public void close() {
    if (mounted) {
      unmount();
    }
  }
}
