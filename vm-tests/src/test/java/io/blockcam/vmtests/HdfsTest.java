package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Hdfs;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import io.blockcam.vmtests.record.PublishedRecording;
import io.blockcam.vmtests.record.Segment;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The record reaches a real HDFS in time, and an outage of it costs nothing but time. */
@Scenario
@Tag("test-host")
@Tag("own-host")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HdfsTest {

  private static final int BLOCK_BYTES = 4096;

  /** More than a few blocks of 128 MB, all of which the NameNode wants free for each file. */
  private static final String DATA_NODE_BYTES = "4G";

  @TempDir private Path scratch;
  private Hdfs hdfs = new Hdfs(Path.of(""));
  private Path dataNodeDisk = Path.of("");
  private Path dataNodeImage = Path.of("");

  @BeforeAll
  void startHdfs(@TempDir final Path dir) throws IOException {
    dataNodeDisk = Files.createDirectories(dir.resolve("data"));
    dataNodeImage = dir.resolve("disk-of-the-data-node");
    Shell.run("truncate", "--size=" + DATA_NODE_BYTES, dataNodeImage.toString());
    Shell.run("mkfs.ext4", "-q", "-m", "0", "-i", "1048576", dataNodeImage.toString());
    mountDataNodeDisk();
    hdfs = new Hdfs(dir);
    hdfs.start();
  }

  private void mountDataNodeDisk() {
    Shell.sh("mount -o loop,errors=remount-ro $1 $2", dataNodeImage, dataNodeDisk);
  }

  @AfterAll
  void stopHdfs() {
    hdfs.close();
    Shell.run("umount", dataNodeDisk.toString());
  }

  /** Neither is a segment full by then, nor does anybody stop. */
  @Test
  void aRecordIsPublishedAfterSealAfterWhileWritingGoesOn()
      throws IOException, InterruptedException {
    final Recording recording = Recording.at(hdfs.uri() + "/timely", scratch, "disk", "64M");
    final Random random = new Random(3);
    final AtomicBoolean done = new AtomicBoolean();
    final ByteArrayOutputStream written = new ByteArrayOutputStream();
    try (LiveDisk disk = recording.record("--seal-after", "2s")) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        final Thread other = new Thread(() -> keepWriting(disk.device(), done), "other-writer");
        other.start();
        try {
          final Map<String, Segment> seen = new TreeMap<>();
          for (int block = 0; block < 3; block++) {
            final byte[] data = random(random, BLOCK_BYTES);
            device.write((long) block * BLOCK_BYTES, data);
            written.writeBytes(data);
            assertThat(
                    Limits.await(
                        Limits.seconds(120), () -> isPublished("/timely/disk", seen, data)))
                .as("write %d is in HDFS; %s", block, disk.describe())
                .isTrue();
          }
        } finally {
          done.set(true);
          other.join();
        }
      }
      disk.stopsCleanly();
    }
    assertThat(spooled(recording)).as("left in the spool").isEmpty();
    recording.latestShouldEqualTheDisk();
    recording.verifies();
    Recording.holds(recording.backing(), published("/timely/disk").lastDisk());
    final Path file = Files.write(scratch.resolve("known"), written.toByteArray());
    assertThat(recording.runHere("find", file).shouldSucceed().out())
        .containsPattern("present +100.0 % +bytes .* still there");
  }

  /** A few hundred small writes a second, in the second half of the disk. */
  private static void keepWriting(final Path path, final AtomicBoolean done) {
    final Random random = new Random(4);
    try (BlockDevice device = new BlockDevice(path)) {
      while (!done.get()) {
        device.write((32L << 20) + random.nextInt(2000) * 16384L, random(random, 8192));
        LockSupport.parkNanos(5_000_000);
      }
    }
  }

  private boolean isPublished(
      final String path, final Map<String, Segment> seen, final byte[] data) {
    for (final String name : hdfs.list(path + "/segments/0000000")) {
      seen.computeIfAbsent(name, n -> Segment.of(n, hdfs.read(path + "/segments/0000000/" + n)));
    }
    return seen.values().stream()
        .flatMap(s -> s.events().stream())
        .anyMatch(e -> e.kind() == Event.DATA && Arrays.equals(e.payload(), data));
  }

  @Test
  void theSpoolKeepsWhatADataNodeHasNoRoomFor() {
    final Path filler = dataNodeDisk.resolve("filler");
    outlives(
        "full",
        () ->
            Shell.sh(
                "fallocate --length $(($(df --output=avail -B1 $1 | tail -n 1) - (4 << 20))) $2",
                dataNodeDisk,
                filler),
        () -> Shell.run("rm", filler.toString()));
  }

  /** The kernel gives up writing to a file system that it has found damaged. */
  @Test
  @Tag("long")
  void theSpoolKeepsWhatADataNodeCanNotWriteToADiskThatBecameReadOnly() {
    outlives(
        "read-only",
        () ->
            Shell.sh(
                "echo damaged >/sys/fs/ext4/$(basename $(findmnt -n -o SOURCE $1))/trigger_fs_error"
                    + "; ! touch $1/file",
                dataNodeDisk),
        () -> {
          hdfs.stop();
          Shell.run("umount", dataNodeDisk.toString());
          Shell.sh("e2fsck -f -y $1 || test $? = 1", dataNodeImage);
          mountDataNodeDisk();
          hdfs.start();
        });
  }

  private void outlives(final String name, final Runnable fault, final Runnable mend) {
    final Recording recording = Recording.at(hdfs.uri() + "/" + name, scratch, "disk", "64M");
    try (LiveDisk disk = recording.record("--seal-after", "1s")) {
      try {
        fault.run();
        new Fio(scratch, disk.device()).with("rw=write", "bs=128k", "size=32M", "thread").run();
        assertThat(Limits.await(Limits.seconds(60), () -> !error(recording.status()).isEmpty()))
            .as(disk::describe)
            .isTrue();
        final JsonNode status = recording.status();
        assertThat(status.get("state").asText()).isIn("behind", "stuck");
        assertThat(error(status))
            .containsAnyOf("could only be written to 0 of the 1", "Failed to find datanode");
        assertThat(status.at("/backlog/bytes").asLong()).isPositive();
      } finally {
        mend.run();
      }
      assertThat(
              Limits.await(
                  Limits.seconds(120), () -> recording.status().at("/backlog/bytes").asLong() == 0))
          .as(disk::describe)
          .isTrue();
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
    recording.verifies();
  }

  private static String error(final JsonNode status) {
    return status.at("/archive/lastError").asText();
  }

  @Test
  void aPastDiskIsReadFromHdfsAndWaitsForIt() throws InterruptedException {
    final Recording recording = Recording.at(hdfs.uri() + "/past", scratch, "disk", "16M");
    final Random random = new Random(6);
    try (LiveDisk disk = recording.record("--seal-after", "200ms")) {
      // How many segments that makes depends on how fast they are shipped.
      for (int i = 0; i < 100 && hdfs.list("/past/disk/index").isEmpty(); i++) {
        write(disk, i % 12 << 20, random);
        LockSupport.parkNanos(300_000_000);
      }
      assertThat(Limits.await(Limits.seconds(60), () -> !hdfs.list("/past/disk/index").isEmpty()))
          .as("an index, %s", disk.describe())
          .isTrue();
      disk.stopsCleanly();
    }
    try (LiveDisk past =
        Blockcam.start(recording.arguments("attach", List.of("--patience", "10m")))) {
      Shell.run("cmp", "-n", "1048576", past.device().toString(), recording.backing().toString());
      hdfs.stop();
      final AtomicBoolean equal = new AtomicBoolean();
      final Thread reader =
          new Thread(
              () -> {
                Shell.run("cmp", past.device().toString(), recording.backing().toString());
                equal.set(true);
              });
      reader.start();
      assertThat(Limits.await(Limits.seconds(60), () -> past.err().contains("is away")))
          .as(past::describe)
          .isTrue();
      hdfs.start();
      reader.join();
      assertThat(equal).as(past::describe).isTrue();
      past.stopsCleanly();
    }
  }

  @Test
  void whatIsRecordedWhileHdfsIsDownIsShippedWhenItIsBack() {
    final Recording recording = Recording.at(hdfs.uri() + "/outage", scratch, "disk", "64M");
    final Random random = new Random(5);
    hdfs.stop();

    try (LiveDisk disk = recording.record("--stop-limit", "1s")) {
      write(disk, 0, random);
      disk.stopsCleanly();
      assertThat(disk.err()).as("says that the archive is not reachable").contains(hdfs.uri());
    }
    assertThat(spooled(recording)).as("kept in the spool").isNotEmpty();

    try (LiveDisk disk = recording.record()) {
      write(disk, 1 << 20, random);
      hdfs.start();
      assertThat(Limits.await(Limits.seconds(90), () -> spooled(recording).isEmpty()))
          .as("all shipped; in the spool: %s; %s", spooled(recording), disk.describe())
          .isTrue();
      write(disk, 2 << 20, random);
      disk.stopsCleanly();
    }
    assertThat(spooled(recording)).as("left in the spool").isEmpty();
    recording.latestShouldEqualTheDisk();
    recording.verifies();
    final JsonNode info = Blockcam.json(recording.arguments("info", List.of("--json")));
    assertThat(info.path("epochs")).as("runs of the recorder in %s", info).hasSize(2);
    Recording.holds(recording.backing(), published("/outage/disk").lastDisk());
  }

  private static void write(final LiveDisk disk, final long offset, final Random random) {
    try (BlockDevice device = new BlockDevice(disk.device())) {
      device.write(offset, random(random, 256 << 10));
      device.flush();
    }
  }

  private PublishedRecording published(final String path) {
    return PublishedRecording.of(
        hdfs.read(path + "/recording.json"),
        hdfs.list(path + "/segments/0000000").stream()
            .map(n -> Segment.of(n, hdfs.read(path + "/segments/0000000/" + n)))
            .toList());
  }

  private static List<Path> spooled(final Recording recording) {
    try (Stream<Path> files = Files.walk(recording.spool())) {
      return files.filter(f -> f.toString().endsWith(".log")).toList();
    } catch (final IOException | UncheckedIOException e) {
      return List.of(recording.spool()); // files come and go while we look: look again
    }
  }

  private static byte[] random(final Random random, final int length) {
    final byte[] data = new byte[length];
    random.nextBytes(data);
    return data;
  }
}
