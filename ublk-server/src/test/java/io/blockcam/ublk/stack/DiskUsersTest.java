package io.blockcam.ublk.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On tables of the kernel as they look on a machine. */
final class DiskUsersTest {

  @TempDir private Path root;

  @BeforeEach
  void machine() throws IOException {
    device("8:0", "pci/block/sda");
    device("259:0", "virtual/block/ublkb0");
    device("259:1", "virtual/block/ublkb0/ublkb0p1");
    device("259:2", "virtual/block/ublkb0/ublkb0p2");
    device("253:4", "virtual/block/dm-4");
    write("sys/devices/virtual/block/dm-4/dm/name", "vg0-root\n");
    Files.createSymbolicLink(
        sys("virtual/block/dm-4/slaves/ublkb0p2"), sys("virtual/block/ublkb0/ublkb0p2"));
    Files.createDirectories(sys("virtual/block/ublkb0/ublkb0p2/holders/dm-4"));
    process("self", "mnt:[1]", "");
    process("10", "mnt:[1]", "");
  }

  @Test
  void namesNobodyWhoUsesAnotherDisk() throws IOException {
    Files.createDirectories(sys("pci/block/sda/holders/dm-9"));
    process("11", "mnt:[2]", mount("8:0", "/srv", "/dev/sda"));
    Files.createDirectories(root.resolve("proc/11/fd"));
    Files.createSymbolicLink(root.resolve("proc/11/fd/5"), Path.of("/dev/sda"));
    Files.delete(sys("virtual/block/ublkb0/ublkb0p2/holders/dm-4"));

    assertThat(DiskUsers.of(0, root).named()).isEmpty();
  }

  @Test
  void namesWhatIsMountedFromAPartitionAMapperAndByBtrfsInAnyNamespace() throws IOException {
    process(
        "self",
        "mnt:[1]",
        mount("259:1", "/srv/a\\040b", "/dev/ublkb0p1"),
        mount("0:50", "/srv/btrfs", "/dev/mapper/vg0-root"),
        mount("0:51", "/proc", "proc"));
    process("11", "mnt:[2]", mount("253:4", "/inner", "/dev/mapper/vg0-root"));
    process("12", "mnt:[2]", mount("253:4", "/inner", "/dev/mapper/vg0-root"));

    assertThat(DiskUsers.of(0, root).named())
        .hasSize(4)
        .contains(
            "ublkb0p1 is mounted on /srv/a b",
            "dm-4 is mounted on /srv/btrfs",
            "ublkb0p2 is part of dm-4")
        .anyMatch(user -> user.matches("dm-4 is mounted on /inner \\(as process 1[12] sees it\\)"));
  }

  /** The kernel's names are bytes. */
  @Test
  void namesAMountPointThatIsNoText() throws IOException {
    process("self", "mnt:[1]", mount("259:0", "/b\u00fccher", "/dev/ublkb0"));

    assertThat(DiskUsers.of(0, root).named()).contains("ublkb0 is mounted on /b\\374cher");
  }

  @Test
  void namesTheProcessesThatHaveItOpen() throws IOException {
    process("11", "mnt:[1]", "");
    Files.createDirectories(root.resolve("proc/11/fd"));
    Files.createSymbolicLink(root.resolve("proc/11/fd/5"), Path.of("/dev/mapper/vg0-root"));
    write("proc/11/comm", "qemu-system-x86\n");

    assertThat(DiskUsers.of(0, root).named())
        .containsExactly(
            "ublkb0p2 is part of dm-4", "dm-4 is open in process 11 (qemu-system-x86)");
  }

  /** It ended after its descriptors were read. */
  @Test
  void namesAProcessThatHasNoNameAnyMore() throws IOException {
    process("11", "mnt:[1]", "");
    Files.createDirectories(root.resolve("proc/11/fd"));
    Files.createSymbolicLink(root.resolve("proc/11/fd/5"), Path.of("/dev/ublkb0"));
    Files.createDirectory(root.resolve("proc/11/comm")); // fails to be read, as ESRCH would

    assertThat(DiskUsers.of(0, root).named()).contains("ublkb0 is open in process 11");
  }

  private void process(final String id, final String namespace, final String... mounts)
      throws IOException {
    final Path proc = root.resolve("proc").resolve(id);
    Files.createDirectories(proc.resolve("ns"));
    Files.deleteIfExists(proc.resolve("ns/mnt"));
    Files.createSymbolicLink(proc.resolve("ns/mnt"), Path.of(namespace));
    write("proc/" + id + "/mountinfo", String.join("\n", mounts));
  }

  private static String mount(final String device, final String point, final String source) {
    return "36 35 %s / %s rw,noatime master:1 - ext4 %s rw,errors=continue"
        .formatted(device, point, source);
  }

  private void device(final String numbers, final String place) throws IOException {
    final Path real = sys(place);
    Files.createDirectories(real.resolve("holders"));
    if (Files.exists(real.resolveSibling("slaves"))) { // a partition has none
      Files.writeString(real.resolve("partition"), "1\n");
    } else {
      Files.createDirectories(real.resolve("slaves"));
    }
    Files.writeString(real.resolve("dev"), numbers + "\n");
    Files.createDirectories(root.resolve("sys/class/block"));
    Files.createSymbolicLink(root.resolve("sys/class/block").resolve(real.getFileName()), real);
  }

  private Path sys(final String place) {
    return root.resolve("sys/devices").resolve(place);
  }

  private void write(final String file, final String text) throws IOException {
    final Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text, StandardCharsets.ISO_8859_1);
  }
}
