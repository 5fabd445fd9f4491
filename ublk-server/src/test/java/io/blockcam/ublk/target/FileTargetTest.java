package io.blockcam.ublk.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.nativebindings.Posix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
