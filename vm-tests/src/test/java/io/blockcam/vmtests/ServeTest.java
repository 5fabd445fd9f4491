package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code blockcam serve}: a disk without a record. */
@Scenario
@Tag("test-host")
class ServeTest {

  @TempDir private Path scratch;

  @Test
  void keepsWhatFioWritesOnTwoQueues() throws IOException {
    try (LiveDisk disk = serve("256M", "--queues", 2)) {
      assertThat(queues(disk.device())).as("hardware queues").hasSize(2);
      new Fio(scratch, disk.device())
          .with("rw=randrw", "iodepth=32", "thread", "numjobs=2", "offset_increment=50%")
          .with("cpus_allowed=0-1", "cpus_allowed_policy=split", "size=48M")
          .with("bssplit=512/10:4k/40:16k/25:128k/25", "blockalign=512")
          .with("verify=crc32c", "verify_fatal=1", "do_verify=1")
          .run();
      disk.stopsCleanly();
    }
  }

  @Test
  void servesADiskOfNothing() {
    try (LiveDisk disk = Blockcam.start("serve", "--backing", "null", "--queues", 2)) {
      new Fio(scratch, disk.device())
          .with("rw=randrw", "bs=4k", "iodepth=32", "numjobs=2", "thread", "size=1G")
          .with("number_ios=20000")
          .run();
      disk.stopsCleanly();
    }
  }

  @Test
  void readsZeroesWhereDiscardedOrZeroedAndNothingElseChanges() {
    final byte[] data = new byte[1 << 20];
    new Random(1).nextBytes(data);
    try (LiveDisk disk = serve("64M")) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        device.write(0, data);
        device.discard(64 << 10, 128 << 10);
        device.zeroOut(512 << 10, 4096);
        device.zeroOut((600 << 10) + 512, 1024);
        for (final int[] zeroes :
            new int[][] {{64 << 10, 128 << 10}, {512 << 10, 4096}, {(600 << 10) + 512, 1024}}) {
          Arrays.fill(data, zeroes[0], zeroes[0] + zeroes[1], (byte) 0);
        }
        assertThat(device.read(0, data.length)).isEqualTo(data);
      }
      disk.stopsCleanly();
    }
  }

  @Test
  void offersAVolatileCacheSoThatFlushAndFuaReachIt() throws IOException {
    try (LiveDisk disk = serve("64M")) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        final Path queue = sys(disk.device()).resolve("queue");
        assertThat(queue.resolve("write_cache")).hasContent("write back");
        assertThat(queue.resolve("fua")).hasContent("1");
        assertThat(queue.resolve("logical_block_size")).hasContent("512");
        assertThat(queue.resolve("physical_block_size")).hasContent("4096");
        device.writeDurably(0, new byte[4096]);
        device.write(4096, new byte[4096]);
        device.flush();
      }
      disk.stopsCleanly();
    }
  }

  @Test
  void stopsWhileAFileSystemIsMountedAndKeepsWhatWasSynced() throws IOException {
    final Path dir = scratch.resolve("mnt");
    try (LiveDisk disk = serve("64M")) {
      Shell.run("mkfs.ext4", "-q", "-F", disk.device().toString());
      try (Mount mount = Mount.device(disk.device(), dir)) {
        Files.writeString(mount.dir().resolve("kept"), "kept");
        Shell.run("sync", "-f", dir.toString());
        assertThat(disk.stop()).as(disk::describe).isZero();
      }
    }
    Shell.sh("e2fsck -fy $1 || test $? -eq 1", backing()); // 1: repaired by its journal
    try (Mount mount = Mount.device(backing(), dir, "-o", "loop")) {
      assertThat(mount.dir().resolve("kept")).hasContent("kept");
    }
  }

  @Test
  void givesTheDeviceTheNumberAskedFor() {
    try (LiveDisk disk = serve("64M", "--id", 7)) {
      assertThat(disk.device()).isEqualTo(Path.of("/dev/ublkb7"));
      disk.stopsCleanly();
    }
  }

  /** A server that was killed leaves its number behind. */
  @Test
  void takesItsNumberBackAfterItWasKilled() {
    try (LiveDisk disk = serve("64M", "--id", 8)) {
      Shell.run("kill", "-KILL", Long.toString(disk.pid()));
      disk.awaitEnd();
      assertThat(Path.of("/dev/ublkc8")).as("what the kill left behind").exists();
      assertThat(Blockcam.run("reap").shouldSucceed().out()).contains("/dev/ublkb8", "dead");
    }
    try (LiveDisk disk = Blockcam.start("serve", "--backing", backing(), "--id", 8)) {
      assertThat(disk.device()).isEqualTo(Path.of("/dev/ublkb8"));
      disk.stopsCleanly();
    }
  }

  @Test
  void servesTheSameDataAfterARestart() {
    final byte[] data = new byte[64 << 10];
    new Random(2).nextBytes(data);
    try (LiveDisk disk = serve("64M")) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        device.write(1 << 20, data);
      }
      disk.stopsCleanly();
    }
    try (LiveDisk disk = Blockcam.start("serve", "--backing", backing())) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        assertThat(device.read(1 << 20, data.length)).isEqualTo(data);
      }
      disk.stopsCleanly();
    }
    final byte[] expected = new byte[64 << 20];
    System.arraycopy(data, 0, expected, 1 << 20, data.length);
    Recording.holds(backing(), expected);
  }

  private Path backing() {
    return scratch.resolve("disk");
  }

  private LiveDisk serve(final String size, final Object... more) {
    final Object[] arguments =
        Stream.concat(Stream.of("serve", "--backing", backing(), "--size", size), Stream.of(more))
            .toArray();
    return Blockcam.start(arguments);
  }

  private static Path sys(final Path device) {
    return Path.of("/sys/block").resolve(device.getFileName());
  }

  private static List<Path> queues(final Path device) throws IOException {
    try (Stream<Path> entries = Files.list(sys(device).resolve("mq"))) {
      return entries.toList();
    }
  }
}
