package io.blockcam.ublk.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On tables of the kernel as they look on a machine, with our own numbers in them. */
final class StorageStackTest {

  @TempDir private Path root;
  @TempDir private Path files;

  @BeforeEach
  void machine() throws IOException {
    Files.createDirectories(root.resolve("proc/self"));
    device("8:0", "pci/block/sda");
    device("8:1", "pci/block/sda/sda1");
    device("259:3", "virtual/block/ublkb3");
    device("259:7", "virtual/block/ublkb12");
    device("259:8", "virtual/block/ublkb12/ublkb12p1");
    device("253:0", "virtual/block/dm-0");
    Files.createSymbolicLink(sys("virtual/block/dm-0/slaves/ublkb3"), sys("virtual/block/ublkb3"));
    Files.createSymbolicLink(sys("virtual/block/dm-0/slaves/sda1"), sys("pci/block/sda/sda1"));
    device("7:0", "virtual/block/loop0");
    Files.createDirectories(sys("virtual/block/loop0/loop"));
    Files.writeString(
        sys("virtual/block/loop0/loop/backing_file"), files.resolve("mapped/image") + "\n");
  }

  @Test
  void knowsADiskAPartitionAMapperAndALoopDeviceOnIt() throws IOException {
    mounts(
        mount("8:1", files, "/dev/sda1"),
        mount("259:3", files.resolve("whole disk"), "/dev/ublkb3"),
        mount("259:8", files.resolve("partition"), "/dev/ublkb12p1"),
        mount("253:0", files.resolve("mapped"), "/dev/mapper/x"),
        mount("7:0", files.resolve("loop"), "/dev/loop0"),
        mount("0:44", files.resolve("btrfs"), "/dev/ublkb12"),
        mount("0:45", files.resolve("shm"), "tmpfs"));
    assertThat(below("a/b")).isEmpty();
    assertThat(below("whole disk/spool/of/it")).containsExactly(3);
    assertThat(below("partition/disk.img")).containsExactly(12);
    assertThat(below("mapped")).containsExactly(3);
    assertThat(below("loop/spool")).as("whose image lies on the mapper").containsExactly(3);
    assertThat(below("btrfs/spool")).containsExactly(12);
    assertThat(below("shm/ring")).isEmpty();
  }

  @Test
  void knowsWhichOfTwoMountsCounts() throws IOException {
    Files.createDirectories(files.resolve("on/top"));
    mounts(
        mount("259:3", files.resolve("on"), "/dev/ublkb3"),
        mount("8:1", files.resolve("on/top"), "/dev/sda1"),
        mount("259:7", files.resolve("on/top"), "/dev/ublkb12"));
    // Who looks for the file comes by the lower one, too.
    assertThat(below("on/top/spool")).containsExactly(3, 12);
    mounts(
        mount("8:1", files.resolve("on/top"), "/dev/sda1"),
        mount("259:7", files.resolve("on/top"), "/dev/ublkb12"));
    assertThat(below("on/top/spool")).containsExactly(12);
    mounts(
        mount("259:7", files.resolve("on/top"), "/dev/ublkb12"),
        mount("8:1", files.resolve("on/top"), "/dev/sda1"));
    assertThat(below("on/top/spool")).isEmpty();
  }

  @Test
  void followsLinks() throws IOException {
    mounts(mount("8:1", files, "/dev/sda1"), mount("259:3", files.resolve("disk"), "/dev/ublkb3"));
    Files.createSymbolicLink(files.resolve("spools"), Path.of("elsewhere"));
    Files.createSymbolicLink(files.resolve("elsewhere"), files.resolve("disk/spools"));
    Files.createSymbolicLink(files.resolve("round"), Path.of("round"));
    assertThat(below("spools/web1")).containsExactly(3);
    assertThatThrownBy(() -> below("round/web1")).hasMessageContaining("too many symbolic links");
  }

  private Set<Integer> below(final String file) throws IOException {
    return StorageStack.below(files.resolve(file), root);
  }

  private void device(final String numbers, final String place) throws IOException {
    final Path real = sys(place);
    Files.createDirectories(real);
    if (Files.exists(real.resolveSibling("slaves"))) { // a partition has none
      Files.writeString(real.resolve("partition"), "1\n");
    } else {
      Files.createDirectories(real.resolve("slaves"));
    }
    Files.createDirectories(root.resolve("sys/dev/block"));
    Files.createSymbolicLink(root.resolve("sys/dev/block").resolve(numbers), real);
    Files.createDirectories(root.resolve("sys/class/block"));
    Files.createSymbolicLink(root.resolve("sys/class/block").resolve(real.getFileName()), real);
  }

  private Path sys(final String place) {
    return root.resolve("sys/devices").resolve(place);
  }

  private static String mount(final String device, final Path point, final String source) {
    return "36 35 %s / %s rw,noatime master:1 - ext4 %s rw,errors=continue"
        .formatted(device, point.toString().replace(" ", "\\040"), source);
  }

  private void mounts(final String... lines) throws IOException {
    Files.write(root.resolve("proc/self/mountinfo"), List.of(lines));
  }
}
