package io.blockcam.vmtests.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.record.PublishedRecording;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A disk, its recorder, and the archive it records into: everything below one directory. */
public final class Recording {

  private final Path dir;
  private final String archiveUri;
  private final String name;
  private final String size;
  private int images;

  private Recording(final Path dir, final String archiveUri, final String name, final String size) {
    this.dir = dir;
    this.archiveUri = archiveUri;
    this.name = name;
    this.size = size;
  }

  /** A recording that is kept in a directory, too. */
  public static Recording inDirectory(final Path dir, final String name, final String size) {
    return new Recording(dir, dir.resolve("archive").toUri().toString(), name, size);
  }

  /** A recording that is kept where the URI says. */
  public static Recording at(
      final String archiveUri, final Path dir, final String name, final String size) {
    return new Recording(dir, archiveUri, name, size);
  }

  /** Starts the recorder; seals soon, so that tests need not wait. */
  public LiveDisk record(final Object... more) {
    return Blockcam.start(
        arguments(
            "record", List.of("--backing", backing(), "--size", size, "--spool", spool()), more));
  }

  /** {@code COMMAND --archive URI --name NAME} and more, run to its end. */
  public Shell.Result run(final String command, final Object... more) {
    return Blockcam.run(arguments(command, List.of(), more));
  }

  /** The arguments of a command on this recording. */
  public Object[] arguments(
      final String command, final List<Object> options, final Object... more) {
    final List<Object> all =
        new ArrayList<>(List.of(command, "--archive", archiveUri, "--name", name));
    all.addAll(options);
    if (command.equals("record") && !Arrays.asList(more).contains("--seal-after")) {
      all.addAll(List.of("--seal-after", "1s"));
    }
    all.addAll(Arrays.asList(more));
    return all.toArray();
  }

  public String archiveUri() {
    return archiveUri;
  }

  public String name() {
    return name;
  }

  /** The disk itself. */
  public Path backing() {
    return dir.resolve(name + ".disk");
  }

  /** Where segments wait for the archive. */
  public Path spool() {
    return dir.resolve(name + ".spool");
  }

  /** The recording's folder, if the archive is a directory. */
  public Path folder() {
    return dir.resolve("archive").resolve(name);
  }

  /** The published record, read without the product's help. */
  public PublishedRecording published() {
    return PublishedRecording.read(folder());
  }

  /** Restores a moment into a new image file. */
  public Path replay(final String when) {
    final Path image = dir.resolve("%s-%d.image".formatted(name, images++));
    run("replay", "--at", when, "--to", image).shouldSucceed();
    return image;
  }

  /** Rule 1: with no I/O in flight, the latest moment is the disk. */
  public void latestShouldEqualTheDisk() {
    final Path image = replay("latest");
    shouldBeEqual(image, backing());
    delete(image);
  }

  /** Every checksum and digest of the record holds. */
  public void shouldVerify() {
    run("verify").shouldSucceed();
  }

  /** A copy of the disk as it is now. */
  public Path copyOfDisk() {
    final Path copy = dir.resolve("%s-%d.copy".formatted(name, images++));
    Shell.run("cp", "--sparse=always", backing().toString(), copy.toString());
    return copy;
  }

  /** Fails unless both files hold the same bytes; tells where they differ first. */
  public static void shouldBeEqual(final Path image, final Path disk) {
    try {
      final long at = Files.mismatch(image, disk);
      assertThat(at)
          .as(
              "first byte that differs (block %d) between %s of %d bytes and %s of %d bytes",
              at / 4096, image, Files.size(image), disk, Files.size(disk))
          .isEqualTo(-1);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Fails unless the file holds these bytes; tells where they differ first. */
  public static void shouldHold(final Path image, final byte[] expected) {
    try {
      final byte[] actual = Files.readAllBytes(image);
      final int at = Arrays.mismatch(actual, expected);
      assertThat(at)
          .as(
              "first byte that differs (block %d) in %s of %d bytes from the expected %d bytes",
              at / 4096, image, actual.length, expected.length)
          .isEqualTo(-1);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(final Path file) {
    try {
      Files.delete(file);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
