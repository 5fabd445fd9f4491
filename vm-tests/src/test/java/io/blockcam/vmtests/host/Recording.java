package io.blockcam.vmtests.host;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blockcam.vmtests.record.PublishedRecording;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A disk, its recorder, and the archive it records into: everything below one directory. */
public final class Recording {

  private static final int CHUNK_BYTES = 1 << 20;

  /**
   * Every page that a process of a User-Mode Linux host touches can become a mapping of its own on
   * the machine, where a process has at most {@code vm.max_map_count} (65,530) of them. The default
   * ring of 256 MiB is 65,536 pages, all touched at start: a recorder that needs one more than it
   * can get faults on the same page for ever.
   */
  private static final String RING = "16M";

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
    return Blockcam.start(recordArguments(more));
  }

  /** The same, with more options for its JVM. */
  public LiveDisk recordWith(final String javaOptions, final Object... more) {
    return Blockcam.startWith(javaOptions, recordArguments(more));
  }

  /** A recorder that is expected to end by itself. */
  public Shell.Result recordInVain(final Object... more) {
    return Blockcam.run(recordArguments(more));
  }

  private Object[] recordArguments(final Object... more) {
    return arguments(
        "record", List.of("--backing", backing(), "--size", size, "--spool", spool()), more);
  }

  /** {@code COMMAND --archive URI --name NAME} and more, run to its end. */
  public Shell.Result run(final String command, final Object... more) {
    return Blockcam.run(arguments(command, List.of(), more));
  }

  /** The same in this JVM, for tests that need many. */
  public Shell.Result runHere(final String command, final Object... more) {
    return Blockcam.runHere(arguments(command, List.of(), more));
  }

  /** The arguments of a command on this recording. */
  public Object[] arguments(
      final String command, final List<Object> options, final Object... more) {
    final List<Object> all =
        new ArrayList<>(List.of(command, "--archive", archiveUri, "--name", name));
    all.addAll(options);
    if (command.equals("record")) {
      addUnlessGiven(all, "--seal-after", "1s", more);
      addUnlessGiven(all, "--ring-size", RING, more);
    }
    all.addAll(Arrays.asList(more));
    return all.toArray();
  }

  private static void addUnlessGiven(
      final List<Object> all, final String option, final String value, final Object... more) {
    if (!Arrays.asList(more).contains(option)) {
      all.addAll(List.of(option, value));
    }
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

  /** The published record without its payloads, read without the product's help. */
  public PublishedRecording publishedEvents() {
    return PublishedRecording.readEvents(folder());
  }

  /** The published record, read without the product's help. */
  public PublishedRecording published() {
    return PublishedRecording.read(folder());
  }

  /** Restores a moment into a new image file. */
  public Path replay(final String when) {
    final Path image = dir.resolve("%s-%d.image".formatted(name, images++));
    run("replay", "--at", when, "--to", image).shouldSucceed();
    delete(description(image));
    return image;
  }

  /** The same in this JVM, for tests that restore many moments. */
  public Path replayHere(final String when) {
    final Path image = dir.resolve("%s-%d.image".formatted(name, images++));
    Blockcam.runHere(arguments("replay", List.of("--at", when, "--to", image))).shouldSucceed();
    delete(description(image));
    return image;
  }

  /** Rule 1: with no I/O in flight, the latest moment is the disk. */
  public void latestShouldEqualTheDisk() {
    final Path image = replayHere("latest");
    isEqual(image, backing());
    delete(image);
  }

  /**
   * Every checksum and digest of the record holds.
   *
   * @return what is told of it
   */
  public String verifies() {
    return runHere("verify").shouldSucceed().out();
  }

  /** What its recorder tells of itself. */
  public JsonNode status() {
    final String json =
        Blockcam.runHere("status", name, "--spool", spool(), "--json").shouldSucceed().out();
    try {
      return new ObjectMapper().readTree(json);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until its recorder is in a state. */
  public JsonNode awaitState(final LiveDisk disk, final String state) {
    assertThat(Limits.await(Limits.seconds(60), () -> status().get("state").asText().equals(state)))
        .as("%s: %s", state, disk.describe())
        .isTrue();
    return status();
  }

  /** A copy of the disk as it is now. */
  public Path copyOfDisk() {
    final Path copy = dir.resolve("%s-%d.copy".formatted(name, images++));
    Shell.run("cp", "--sparse=always", backing().toString(), copy.toString());
    return copy;
  }

  /** Fails unless both files hold the same bytes; tells where they differ first. */
  public static void isEqual(final Path image, final Path disk) {
    try (FileChannel one = FileChannel.open(image);
        FileChannel other = FileChannel.open(disk)) {
      final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
      final ByteBuffer otherChunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
      assertThat(one.size()).as("size of %s, against %s", image, disk).isEqualTo(other.size());
      for (long at = 0; at < one.size(); at += CHUNK_BYTES) {
        fill(chunk, one, at);
        fill(otherChunk, other, at);
        holds(chunk, otherChunk, at, image);
      }
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Fails unless the file holds these bytes; tells where they differ first. */
  public static void holds(final Path image, final byte[] expected) {
    try (FileChannel file = FileChannel.open(image)) {
      final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
      assertThat(file.size()).as("size of %s", image).isEqualTo(expected.length);
      for (int at = 0; at < expected.length; at += CHUNK_BYTES) {
        fill(chunk, file, at);
        holds(chunk, ByteBuffer.wrap(expected, at, chunk.limit()), at, image);
      }
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void fill(final ByteBuffer chunk, final FileChannel file, final long at)
      throws IOException {
    chunk.clear().limit((int) Math.min(CHUNK_BYTES, file.size() - at));
    while (chunk.hasRemaining()) {
      if (file.read(chunk, at + chunk.position()) < 0) {
        throw new EOFException("file got shorter while it was read");
      }
    }
    chunk.flip();
  }

  private static void holds(
      final ByteBuffer chunk, final ByteBuffer expected, final long at, final Path image) {
    final int differs = chunk.mismatch(expected);
    if (differs >= 0) {
      throw new AssertionError(
          "%s: byte %d (in block %d) is not what it must be"
              .formatted(image, at + differs, (at + differs) / 4096));
    }
  }

  /** What stands beside an image, and would keep the next one from its place. */
  private static Path description(final Path image) {
    return image.resolveSibling(image.getFileName() + ".json");
  }

  private static void delete(final Path file) {
    try {
      Files.delete(file);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
