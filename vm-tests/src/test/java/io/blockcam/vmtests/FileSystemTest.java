package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.Partition;
import io.blockcam.vmtests.host.RealFiles;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real file systems with real files: nothing is lost, and what was destroyed comes back. */
@Scenario
@Tag("test-host")
@Tag("own-host")
class FileSystemTest {

  private static final long MEGABYTE = 1 << 20;

  /** Smaller ones may lie in the metadata, or have nothing that proves something. */
  private static final long LARGE_BYTES = 16 << 10;

  private static final long BLOCK_BYTES = 4096;

  @TempDir private Path scratch;

  @Test
  void bringsBackExt4() throws IOException {
    bringsBack("ext4", "mkfs.ext4 -q -F", 0, 192, 32, 300);
  }

  @Test
  void bringsBackXfs() throws IOException {
    bringsBack("xfs", "mkfs.xfs -q -f", 0, 320, 32, 200);
  }

  @Test
  void bringsBackBtrfs() throws IOException {
    bringsBack("btrfs", "mkfs.btrfs -q -f", 0, 256, 32, 200);
  }

  /** Its clusters lie across the blocks of the record, as on disks of long ago. */
  @Test
  void bringsBackFatFromSector63() throws IOException {
    bringsBack("vfat", "mkfs.vfat -F 32 -s 8", 63, 96, 24, 200);
  }

  @Test
  void bringsBackNtfsFromSector2048() throws IOException {
    bringsBack("ntfs-3g", "mkntfs -Q -q -F", 2048, 96, 24, 200);
  }

  /** Some 2,200 files together. */
  @ParameterizedTest
  @CsvSource({
    "ext4, mkfs.ext4 -q -F, 0, 256",
    "xfs, mkfs.xfs -q -f, 63, 384",
    "btrfs, mkfs.btrfs -q -f, 2048, 320",
    "vfat, mkfs.vfat -F 32 -s 1, 63, 128",
    "ntfs-3g, mkntfs -Q -q -F, 2048, 128"
  })
  @Tag("long")
  void bringsBackMany(final String type, final String mkfs, final int start, final int diskMb)
      throws IOException {
    bringsBack(type, mkfs, start, diskMb, 48, 520);
  }

  /** The whole job in small: for kernels that are emulated and slow. */
  @Test
  @Tag("every-kernel")
  void bringsBackASmallDiskOnEveryKernel() throws IOException {
    bringsBack("ext4", "mkfs.ext4 -q -F", 0, 64, 8, 60);
  }

  private void bringsBack(
      final String type,
      final String mkfs,
      final int start,
      final int diskMb,
      final int filesMb,
      final int count)
      throws IOException {
    final Recording recording = Recording.inDirectory(scratch, type, diskMb + "M");
    final Path dir = scratch.resolve("mnt");
    final Instant before;
    final Path diskBefore;
    final Map<String, String> files;
    final Map<String, String> survivors;
    final Path hashes = scratch.resolve("hashes");
    try (LiveDisk disk =
        recording.record(
            type.equals("ext4") ? List.of("--compress", "always").toArray() : new Object[0])) {
      try (Partition partition = Partition.of(disk.device(), start)) {
        Shell.sh(mkfs + " $1", partition.device());
        try (Mount mount = Mount.device(partition.device(), dir, "-t", type)) {
          files = RealFiles.copyTo(mount.dir(), filesMb * MEGABYTE, count);
          Blockcam.runHere("hash", mount.dir(), "--to", hashes, "--force").shouldSucceed();
          mount.unmount();
        }
        diskBefore = recording.copyOfDisk();
        before = Instant.now();

        try (Mount mount = Mount.device(partition.device(), dir, "-t", type)) {
          survivors = destroyEveryOther(mount.dir(), files);
          Shell.run("sync", "-f", dir.toString());
          Shell.run("fstrim", dir.toString());
          mount.unmount();
        }
      }
      disk.stopsCleanly();
    }
    final Path latest = recording.replay("latest");
    Recording.isEqual(latest, recording.backing());
    recording.verifies();
    final Path image = recording.replay(before.toString());
    Recording.isEqual(image, diskBefore);
    assertThat(filesIn(image, type, start)).as("files before the disaster").isEqualTo(files);
    assertThat(filesIn(latest, type, start)).as("files after the disaster").isEqualTo(survivors);
    assertThat(recording.published().events(Event.DISCARD)).as("trimmed").isNotEmpty();
    assertThat(recording.published().events(Event.FLUSH)).as("flushed").isNotEmpty();
    findsFiles(recording, hashes, dir, files, survivors, before);
  }

  /** Those that are gone, and those that are still there; and none that never was. */
  private static void findsFiles(
      final Recording recording,
      final Path hashes,
      final Path dir,
      final Map<String, String> files,
      final Map<String, String> survivors,
      final Instant before) {
    int large = 0;
    int found = 0;
    for (final JsonNode target : find(recording, "--hashes", hashes)) {
      final boolean isPresent = target.path("verdict").asText().equals("present");
      if (target.path("bytes").asLong() >= LARGE_BYTES) {
        large++;
        found += isPresent ? 1 : 0;
      }
      if (isPresent) {
        assertThat(target.path("proof").asText()).isEqualTo("bytes");
        final JsonNode last = target.path("whole").path(target.path("whole").size() - 1);
        final String path =
            dir.relativize(Path.of(target.path("paths").path(0).asText())).toString();
        assertThat(Instant.parse(last.path("from").asText())).as(path).isBefore(before);
        assertThat(
                last.path("until").isNull()
                    || Instant.parse(last.path("until").asText()).isAfter(before))
            .as("%s was there until it was deleted: %s", path, last)
            .isTrue();
        // Of smaller files that share a block with others a copy can be missed (docs/find.md).
        if (target.path("bytes").asLong() >= BLOCK_BYTES
            && Objects.equals(files.get(path), survivors.get(path))) {
          assertThat(last.path("end").asText()).as("%s: %s", path, target).isEqualTo("still there");
        }
      }
    }
    assertThat(found)
        .as("found of %d files of 16 KiB or more", large)
        .isGreaterThanOrEqualTo(large * 99 / 100);
    for (final JsonNode target : find(recording, "/usr/sbin")) {
      assertThat(target.path("verdict").asText().equals("present"))
          .as(target.path("paths").toString())
          .isEqualTo(files.containsValue(target.path("sha256").asText()));
    }
  }

  private static JsonNode find(final Recording recording, final Object... what) {
    try {
      return new ObjectMapper()
          .readTree(recording.runHere("find", with("--json", what)).out())
          .path("targets");
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Object[] with(final Object first, final Object... others) {
    return Stream.concat(Stream.of(first), Stream.of(others)).toArray();
  }

  private static Map<String, String> destroyEveryOther(
      final Path dir, final Map<String, String> files) throws IOException {
    final Map<String, String> left = new TreeMap<>(files);
    int i = 0;
    for (final String name : files.keySet()) {
      if (i++ % 2 == 0) {
        Files.delete(dir.resolve(name));
        left.remove(name);
      }
    }
    final String overwritten = left.keySet().iterator().next();
    Files.writeString(dir.resolve(overwritten), "overwritten\n".repeat(1000));
    left.put(overwritten, RealFiles.sha256(dir.resolve(overwritten)));
    return left;
  }

  private Map<String, String> filesIn(final Path image, final String type, final int start) {
    try (Mount mount = Mount.image(image, scratch.resolve("restored"), type, start)) {
      return RealFiles.sums(mount.dir());
    }
  }
}
