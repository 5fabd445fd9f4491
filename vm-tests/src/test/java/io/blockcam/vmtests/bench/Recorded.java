package io.blockcam.vmtests.bench;

import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** {@code blockcam record}, which is begun anew when it has kept much. */
final class Recorded implements Contender {
  /** What is kept when a workload begins. */
  private static final long MOST_KEPT_BYTES = 512L << 20;

  private final String name;
  private final Path directory;
  private final int mebibytes;
  private final boolean ships;
  private @Nullable LiveDisk disk;

  /**
   * @param directory of its own
   * @param mebibytes size of the disk
   * @param ships whether there is an archive that takes the segments
   */
  Recorded(final String name, final Path directory, final int mebibytes, final boolean ships) {
    this.name = name;
    this.directory = directory;
    this.mebibytes = mebibytes;
    this.ships = ships;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void begin() {
    if (disk == null || kept() > MOST_KEPT_BYTES) {
      close();
      disk = start();
    }
  }

  @Override
  public Path ready() {
    return Objects.requireNonNull(disk, "not begun").device();
  }

  private LiveDisk start() {
    Shell.run("mkdir", "-p", directory.resolve("archive").toString());
    final LiveDisk live =
        Blockcam.start(
            "record",
            "--backing",
            directory.resolve("disk.img"),
            "--size",
            mebibytes + "M",
            "--name",
            "bench",
            "--spool",
            directory.resolve("spool"),
            "--ring-size",
            "128M",
            "--stop-limit",
            "0s",
            "--archive",
            // Nobody listens there: port 9 is that of discard.
            ships ? "file://" + directory.resolve("archive") : "webhdfs://127.0.0.1:9/none");
    // The memory of the backing is allocated now, as that of the others is.
    Shell.sh("dd if=/dev/zero of=$1 bs=1M count=$2 oflag=direct", live.device(), mebibytes);
    WarmUp.of(live.device());
    return live;
  }

  private long kept() {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .filter(file -> !file.endsWith("disk.img"))
          .mapToLong(file -> file.toFile().length())
          .sum();
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    if (disk != null) {
      disk.close();
      disk = null;
    }
    Shell.run("rm", "-rf", directory.toString());
  }
}
