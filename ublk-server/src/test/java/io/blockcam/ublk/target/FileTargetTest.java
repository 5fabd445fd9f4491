package io.blockcam.ublk.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.nativebindings.ForwardingPosix;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening a backing store: what is refused leaves everything as it was. */
final class FileTargetTest {

  @TempDir Path dir;

  @Test
  void createsBackingFileOfTheSizeAskedForItsOwnerAlone() throws IOException {
    final Path file = dir.resolve("disk");
    try (FileTarget target = FileTarget.open(Posix.linux(), file.toString(), 1 << 20)) {
      assertThat(target.geometry().bytes()).isEqualTo(1 << 20);
    }
    assertThat(Files.size(file)).isEqualTo(1 << 20);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void discardsWhatItCreatedAsLongAsNobodyCouldUseIt() throws IOException {
    final Path file = dir.resolve("disk");
    try (FileTarget target = FileTarget.open(Posix.linux(), file.toString(), 4096)) {
      target.discardIfCreated();
    }
    assertThat(file).doesNotExist();
  }

  /** A stop that fails must not take the guest's disk with it. */
  @Test
  void neverDiscardsADiskThatWasLive() throws IOException {
    final Path file = dir.resolve("disk");
    try (FileTarget target = FileTarget.open(Posix.linux(), file.toString(), 4096)) {
      target.keep();
      target.discardIfCreated();
    }
    assertThat(file).exists();
  }

  @Test
  void refusesMissingBackingWithoutSize() {
    final Path file = dir.resolve("disk");
    assertThatThrownBy(() -> FileTarget.open(Posix.linux(), file.toString(), 0))
        .isInstanceOf(BackingException.class)
        .hasMessage("backing store " + file + " does not exist; give --size to create it");
    assertThat(file).doesNotExist();
  }

  @Test
  void refusesSizeThatIsNotWholeSectors() throws IOException {
    final Path file = dir.resolve("disk");
    Files.write(file, new byte[1000]);
    assertThatThrownBy(() -> FileTarget.open(Posix.linux(), file.toString(), 0))
        .isInstanceOf(BackingException.class)
        .hasMessageContaining("1000 bytes: not a positive multiple of 512");
  }

  @Test
  void refusesAnotherSizeThanTheDiskHas() throws IOException {
    final Path file = dir.resolve("disk");
    Files.write(file, new byte[8192]);
    assertThatThrownBy(() -> FileTarget.open(Posix.linux(), file.toString(), 4096))
        .isInstanceOf(BackingException.class)
        .hasMessageContaining("has 8192 bytes, but --size says 4096");
    assertThat(Files.size(file)).isEqualTo(8192);
  }

  @Test
  void refusesDirectories() {
    assertThatThrownBy(() -> FileTarget.open(Posix.linux(), dir.toString(), 0))
        .isInstanceOf(BackingException.class)
        .hasMessageContaining(dir.toString());
  }

  /** Its server is ending, or udev looks at it. */
  @Test
  void waitsForOneThatIsAboutToBeFree() throws Exception {
    final Path file = dir.resolve("disk");
    final FileTarget first = FileTarget.open(Posix.linux(), file.toString(), 4096);
    final Thread closing =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    Thread.sleep(100);
                    first.close();
                  } catch (final InterruptedException | IOException e) {
                    throw new AssertionError(e);
                  }
                });
    FileTarget.open(Posix.linux(), file.toString(), 0, Duration.ofSeconds(20)).close();
    closing.join();
  }

  /** QEMU's locks (file-posix.c): byte 101 says that its holder writes. */
  @Test
  void refusesAnImageThatAVirtualMachineWritesTo() throws IOException {
    final Path file = Files.write(dir.resolve("disk"), new byte[4096]);
    try (FileChannel qemu = FileChannel.open(file, StandardOpenOption.READ)) {
      final FileLock lock = qemu.lock(101, 1, true);
      assertThatThrownBy(() -> FileTarget.open(Posix.linux(), file.toString(), 0))
          .isInstanceOf(BackingException.class)
          .hasMessageContaining("is in use: a virtual machine has it open");
      lock.release();
      FileTarget.open(Posix.linux(), file.toString(), 0).close();
    }
  }

  @Test
  void knowsWhatAFileSystemCanPunch() throws IOException {
    final Path file = dir.resolve("disk");
    try (FileTarget target = FileTarget.open(Posix.linux(), file.toString(), 4096)) {
      assertThat(target.geometry().zeroing()).isEqualTo(Zeroing.PUNCHED);
    }
    final Posix vfat = new NoPunching();
    try (FileTarget target = FileTarget.open(vfat, file.toString(), 0)) {
      assertThat(target.geometry().zeroing()).isEqualTo(Zeroing.WRITTEN);
      assertThat(Zeroing.WRITTEN.maxDiscardSectors()).isZero();
    }
  }

  private static final class NoPunching extends ForwardingPosix {
    NoPunching() {
      super(Posix.linux());
    }

    @Override
    public int fallocate(final int fd, final int mode, final long offset, final long length) {
      return -Linux.EOPNOTSUPP();
    }
  }

  @Test
  void refusesBackingThatIsInUse() throws IOException {
    final Path file = dir.resolve("disk");
    try (FileTarget first = FileTarget.open(Posix.linux(), file.toString(), 4096)) {
      assertThat(first.describe()).isEqualTo(file.toString());
      assertThatThrownBy(() -> FileTarget.open(Posix.linux(), file.toString(), 0))
          .isInstanceOf(BackingException.class)
          .hasMessageContaining("is in use by another process");
    }
    FileTarget.open(Posix.linux(), file.toString(), 0).close();
  }
}
