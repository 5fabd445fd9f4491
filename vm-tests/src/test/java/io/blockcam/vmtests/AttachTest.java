package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.RealFiles;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The past as a device: several moments at once, beside the recorder, read-only or thrown away. */
@Scenario
@Tag("test-host")
@Tag("own-host")
class AttachTest {
  private static final long MEGABYTE = 1 << 20;

  @TempDir private Path scratch;

  private static LiveDisk attach(
      final Recording recording, final String when, final Object... more) {
    return Blockcam.start(recording.arguments("attach", List.of("--at", when), more));
  }

  private static Map<String, String> filesOn(
      final LiveDisk disk, final Path dir, final String options) {
    try (Mount mount = Mount.device(disk.device(), dir, "-t", "ext4", "-o", options)) {
      return RealFiles.sums(mount.dir());
    }
  }

  @Test
  void presentsMomentsBesideTheRecorder() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "past", "128M");
    final Path dir = scratch.resolve("mnt");
    try (LiveDisk disk = recording.record()) {
      Shell.sh("mkfs.ext4 -q -F $1", disk.device());
      final Map<String, String> files;
      try (Mount mount = Mount.device(disk.device(), dir, "-t", "ext4")) {
        files = RealFiles.copyTo(mount.dir(), 16 * MEGABYTE, 100);
        mount.unmount();
      }
      final Path before = recording.copyOfDisk();
      final Shell.Result mark =
          Blockcam.run("mark", "past", "before it, all", "--spool", recording.spool());
      assertThat(mark.shouldSucceed().out()).startsWith("marked seq:");
      try (Mount mount = Mount.device(disk.device(), dir, "-t", "ext4")) {
        Shell.sh("rm -r $1/*", mount.dir());
        mount.unmount();
      }
      final Path after = recording.copyOfDisk();
      awaitPublished(recording, after);

      try (LiveDisk past = attach(recording, "mark:before it, all");
          LiveDisk latest = attach(recording, "latest")) {
        assertThat(Shell.run("blockdev", "--getro", past.device().toString()).strip())
            .isEqualTo("1");
        assertThat(filesOn(past, scratch.resolve("past"), "ro,noload")).isEqualTo(files);
        assertThat(filesOn(latest, scratch.resolve("latest"), "ro,noload")).isEmpty();
        Shell.run("cmp", past.device().toString(), before.toString());
        Shell.run("cmp", latest.device().toString(), after.toString());
        assertThat(disk.isRunning()).isTrue();
        past.stopsCleanly();
        latest.stopsCleanly();
      }
      disk.stopsCleanly();
    }
    assertThat(recording.runHere("log", "--kind", "mark", "--format", "csv").shouldSucceed().out())
        .contains("\"before it, all\"");
  }

  /** The recorder seals once a second. */
  private void awaitPublished(final Recording recording, final Path after) {
    assertThat(
            Limits.await(
                Limits.seconds(60),
                () -> {
                  final Path image = recording.replayHere("latest");
                  try {
                    return Files.mismatch(image, after) < 0;
                  } catch (final IOException e) {
                    throw new UncheckedIOException(e);
                  } finally {
                    image.toFile().delete();
                  }
                }))
        .isTrue();
  }

  @Test
  void throwsAwayWhatIsWrittenToAScratch() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "scratch", "64M");
    final Path dir = scratch.resolve("mnt");
    final Map<String, String> files;
    try (LiveDisk disk = recording.record()) {
      Shell.sh("mkfs.ext4 -q -F $1", disk.device());
      try (Mount mount = Mount.device(disk.device(), dir, "-t", "ext4")) {
        files = RealFiles.copyTo(mount.dir(), 8 * MEGABYTE, 60);
        mount.unmount();
      }
      disk.stopsCleanly();
    }
    try (LiveDisk past =
        attach(recording, "latest", "--snap", "flush", "--scratch", scratch.toString())) {
      try (Mount mount = Mount.device(past.device(), dir, "-t", "ext4")) {
        Files.writeString(mount.dir().resolve("new"), "written to the past\n".repeat(5000));
        Shell.sh("rm -r $1/0", mount.dir());
        mount.unmount();
      }
      Shell.sh("echo 3 >/proc/sys/vm/drop_caches; e2fsck -fn $1", past.device());
      final Map<String, String> changed = filesOn(past, dir, "rw");
      assertThat(changed).containsKey("new").hasSizeLessThan(files.size());
      past.stopsCleanly();
    }
    try (LiveDisk again = attach(recording, "latest")) {
      assertThat(filesOn(again, dir, "ro,noload")).isEqualTo(files);
      again.stopsCleanly();
    }
    try (var left = Files.list(scratch)) {
      assertThat(left.filter(f -> f.toString().contains("blockcam-scratch"))).isEmpty();
    }
  }

  /** Zeroes, too: a device holds whatever was there before. */
  @Test
  void writesOverADeviceThatNobodyUses() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "device", "16M");
    try (LiveDisk disk = recording.record()) {
      Shell.sh(
          "dd if=/dev/urandom of=$1 bs=1M count=2 seek=3 oflag=direct status=none", disk.device());
      disk.stopsCleanly();
    }
    final Path other = scratch.resolve("other");
    Shell.sh("head -c 20M /dev/urandom >$1", other);
    final Path loop = Path.of(Shell.run("losetup", "--find", "--show", other.toString()).strip());
    try {
      recording.run("replay", "--device", loop).shouldSucceed();
      Shell.sh("cmp -n 16777216 $1 $2", loop, recording.backing());
      Shell.sh("mkfs.ext4 -q $1", loop);
      try (Mount mount = Mount.device(loop, scratch.resolve("mnt"))) {
        final Shell.Result refused = recording.run("replay", "--device", loop);
        refused.shouldEndWith(3);
        assertThat(refused.err()).contains("is in use");
        mount.unmount();
      }
      recording.run("replay", "--device", other).shouldEndWith(2);
    } finally {
      Shell.run("losetup", "--detach", loop.toString());
    }
  }

  @Test
  void failsOnlyWhereTheArchiveIsDamaged() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "damaged", "32M");
    try (LiveDisk disk = recording.record()) {
      Shell.sh("dd if=/dev/urandom of=$1 bs=1M count=4 oflag=direct status=none", disk.device());
      disk.stopsCleanly();
    }
    final Path segment = largest(recording.folder().resolve("segments/0000000"));
    try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
      file.seek(4096 + 100);
      file.write(0x55);
    }
    try (LiveDisk past = attach(recording, "latest")) {
      assertThat(
              Shell.execute(
                      Limits.seconds(60),
                      "dd",
                      "if=" + past.device(),
                      "of=/dev/null",
                      "bs=1M",
                      "count=4",
                      "iflag=direct")
                  .err())
          .contains("Input/output error");
      Shell.sh(
          "dd if=$1 of=/dev/null bs=1M skip=16 count=1 iflag=direct status=none", past.device());
      assertThat(past.err()).contains(segment.getFileName().toString()).contains("can not be read");
      past.stopsCleanly();
    }
  }

  /** The one with the data. */
  private static Path largest(final Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.max(Comparator.comparingLong(f -> f.toFile().length())).orElseThrow();
    }
  }

  @Test
  void refusesANumberInUse() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "taken", "8M");
    try (LiveDisk disk = recording.record("--id", "7")) {
      final Shell.Result refused = recording.run("attach", "--id", "7");
      refused.shouldEndWith(3);
      assertThat(refused.err()).contains("7");
      disk.stopsCleanly();
    }
  }
}
