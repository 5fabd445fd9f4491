package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blockcam.archive.Nanos;
import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.head.HeadJson;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.Indexer;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingInfo;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import io.blockcam.history.TestPacks;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * Something happens to one file of an archive, whatever and wherever: no command dies of it or
 * takes long, what is restored is either right or named as uncertain, and nothing is called whole
 * that is not. {@code -Ddamages=1000} for more, {@code -Dseed=N} for the same again.
 */
final class RandomDamageTest {
  private static final int DAMAGES = Integer.getInteger("damages", 25);
  private static final long SEED = Long.getLong("seed", System.nanoTime());
  private static final int BLOCK = 4096;
  private static final int BLOCKS = 1500;
  private static final int SEGMENTS = 68;
  private static final String RECORDING_JSON = TestRecording.NAME + "/recording.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path directory;
  private final SplittableRandom random = new SplittableRandom(SEED);

  private final List<Write> writes = new ArrayList<>();

  /** By the record's time. */
  private Instant ends = TestRecording.CREATED;

  /** What a record sets: sectors of blocks, to bytes of one value. */
  private record Write(long sequence, int block, int blocks, int mask, int value) {}

  /** What a command has done. */
  private record Run(int exit, String out, String err) {}

  @BeforeEach
  void record() throws IOException {
    final TestRecording recording =
        new TestRecording(directory.resolve("sound"), (long) BLOCKS * BLOCK);
    recording.point(RecordKind.START);
    for (int segment = 0; segment < SEGMENTS; segment++) {
      for (int i = 0; i < 1 + random.nextInt(24); i++) {
        recording.passTime(1_000_000);
        add(recording);
      }
      if (segment == SEGMENTS / 2) {
        recording.nextEpoch();
        recording.point(RecordKind.START);
      }
      recording.seal();
    }
    ends = recording.now();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      new Indexer(store, reader, directory, 1).run(reader.find(), false);
      publishHead(reader);
      assertThat(TestPacks.make(store, reader, directory).made()).isEqualTo(1);
    }
  }

  private void add(final TestRecording recording) throws IOException {
    final int block = random.nextInt(BLOCKS - 40);
    final int value = 1 + random.nextInt(100);
    switch (random.nextInt(12)) {
      case 0 -> run(recording, RecordKind.DISCARD, block);
      case 1 -> run(recording, RecordKind.ZEROES, block);
      case 2 -> {
        switch (random.nextInt(6)) {
          case 0 -> recording.clockBackBy(random.nextInt(100_000_000));
          case 1 -> recording.clockAheadBy(random.nextInt(100_000_000));
          default -> recording.point(RecordKind.FLUSH);
        }
      }
      case 3 -> {
        if (random.nextInt(10) == 0) {
          recording.gap(block, 1 + random.nextInt(4), GapReason.NO_ROOM);
        }
      }
      default -> {
        final int mask = random.nextBoolean() ? 0xff : 1 + random.nextInt(255);
        writes.add(new Write(recording.nextSequence(), block, 1, mask, value));
        recording.data(block, mask, 0, TestRecording.filled(value));
      }
    }
  }

  private void run(final TestRecording recording, final RecordKind kind, final int block)
      throws IOException {
    final int blocks = 1 + random.nextInt(40);
    writes.add(new Write(recording.nextSequence(), block, blocks, 0xff, 0));
    recording.run(kind, block, blocks, 0);
  }

  private void publishHead(final RecordingReader reader) throws IOException {
    final Segments segments = reader.find();
    final SegmentTrailer last = segments.trailer(segments.end() - 1);
    final RecordingHead head =
        new RecordingHead(
            TestRecording.ID,
            last.segmentNumber(),
            last.digest(),
            RecordingInfo.read(reader, Progress.NONE).summary());
    final Path file =
        directory
            .resolve("sound")
            .resolve(new RecordingPaths(TestRecording.NAME).head(head.fileName()));
    Files.createDirectories(file.getParent());
    Files.write(file, HeadJson.write(head));
  }

  @Test
  @Timeout(value = 20, unit = TimeUnit.MINUTES)
  void costsWhatItTouchesAndNothingElse() throws IOException {
    for (int i = 0; i < DAMAGES; i++) {
      final Path archive = directory.resolve("archive");
      copy(directory.resolve("sound"), archive);
      final String damage = damage(archive) + ", seed " + SEED;
      final long beganNs = System.nanoTime();
      check(archive, damage);
      assertThat((System.nanoTime() - beganNs) / 1_000_000_000)
          .as("seconds, %s", damage)
          .isLessThan(60); // of all commands, on a slow machine
      delete(archive);
    }
  }

  private void check(final Path archive, final String damage) throws IOException {
    final Run verified = blockcam(archive, "verify", damage);
    if (isOfTheRecord(archive)) {
      assertThat(verified.exit).as("verify, %s", damage).isEqualTo(ExitCode.NO);
      assertThat(verified.out + verified.err)
          .as("verify, %s", damage)
          .isNotBlank()
          .doesNotContain("the record is whole");
    }
    for (final String command : List.of("info", "info --gaps", "log", "diff --from seq:3")) {
      blockcam(archive, command, damage);
    }
    final Path image = directory.resolve("image");
    final Run strict = blockcam(archive, "replay --hash none --json --to " + image, damage);
    if (strict.exit == ExitCode.DONE) {
      checkImage(image, JSON.readTree(strict.out), "replay, " + damage);
    }
    delete(image);
    replayWhatIsLeft(archive, "", damage);
    final long since = random.nextLong(Nanos.of(ends) - Nanos.of(TestRecording.CREATED));
    replayWhatIsLeft(archive, "--at " + TestRecording.CREATED.plusNanos(since) + " ", damage);
  }

  private void replayWhatIsLeft(final Path archive, final String at, final String damage)
      throws IOException {
    final Path image = directory.resolve("image");
    final String command = "replay " + at + "--allow-holes --hash none --json --to " + image;
    final Run tolerant = blockcam(archive, command, damage);
    if (isSame(archive, RECORDING_JSON)) {
      assertThat(tolerant.exit).as("%s, %s: %s", command, damage, tolerant.err).isZero();
    }
    if (tolerant.exit == ExitCode.DONE) {
      checkImage(image, JSON.readTree(tolerant.out), command + ", " + damage);
    }
    delete(image);
  }

  /** Whether something that the digests vouch for is not as it was. */
  private boolean isOfTheRecord(final Path archive) throws IOException {
    final Path sound = directory.resolve("sound");
    try (Stream<Path> all = Files.walk(sound)) {
      for (final Path file : all.filter(Files::isRegularFile).toList()) {
        final String name = sound.relativize(file).toString();
        final boolean isOfTheRecord =
            name.equals(RECORDING_JSON) || name.endsWith(".seg") || name.endsWith(".pack");
        if (isOfTheRecord && !isSame(archive, name)) {
          return true;
        }
      }
    }
    return false;
  }

  private boolean isSame(final Path archive, final String name) throws IOException {
    final Path now = archive.resolve(name);
    return Files.exists(now) && Files.mismatch(directory.resolve("sound").resolve(name), now) == -1;
  }

  private void checkImage(final Path image, final JsonNode facts, final String damage)
      throws IOException {
    final byte[] expected = model(facts.get("moment").get("sequence").asLong());
    final byte[] restored = Files.readAllBytes(image);
    final BitSet named = new BitSet();
    for (final String field : List.of("uncertain", "holes")) {
      for (final JsonNode range : facts.path(field)) {
        final int from = (int) (range.get("offset").asLong() / BLOCK);
        named.set(from, from + (int) ((range.get("bytes").asLong() + BLOCK - 1) / BLOCK));
      }
    }
    assertThat(restored).hasSameSizeAs(expected);
    for (int block = 0; block < BLOCKS; block++) {
      final int at = block * BLOCK;
      if (!named.get(block)) {
        assertThat(Arrays.mismatch(restored, at, at + BLOCK, expected, at, at + BLOCK))
            .as("first byte that differs in block %d, which is not named; %s", block, damage)
            .isEqualTo(-1);
      }
    }
  }

  private byte[] model(final long sequence) {
    final byte[] disk = new byte[BLOCKS * BLOCK];
    for (final Write write : writes) {
      for (int sector = 0; sector < 8 && write.sequence <= sequence; sector++) {
        if ((write.mask & 1 << sector) != 0) {
          for (int block = write.block; block < write.block + write.blocks; block++) {
            final int at = block * BLOCK + sector * 512;
            Arrays.fill(disk, at, at + 512, (byte) write.value);
          }
        }
      }
    }
    return disk;
  }

  /** Does something to a file, and tells what. */
  private String damage(final Path archive) throws IOException {
    final List<Path> files;
    try (Stream<Path> all = Files.walk(archive)) {
      files = all.filter(Files::isRegularFile).sorted().toList();
    }
    final Path file = files.get(random.nextInt(files.size()));
    final Path other = files.get(random.nextInt(files.size()));
    final byte[] bytes = Files.readAllBytes(file);
    final String name = file.toString();
    return switch (random.nextInt(5)) {
      case 0 -> {
        final int at = random.nextInt(bytes.length);
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, bytes);
        yield "byte %d of %s flipped".formatted(at, name);
      }
      case 1 -> {
        final int length = random.nextInt(bytes.length);
        Files.write(file, Arrays.copyOf(bytes, length));
        yield "%s cut to %d".formatted(name, length);
      }
      case 2 -> {
        final byte[] theirs = Files.readAllBytes(other);
        Files.write(other, bytes);
        Files.write(file, theirs);
        yield "%s and %s swapped".formatted(name, other);
      }
      case 3 -> {
        Files.delete(file);
        yield name + " deleted";
      }
      default -> {
        Files.copy(file, other, StandardCopyOption.REPLACE_EXISTING);
        yield "%s written over %s".formatted(file.getFileName(), other);
      }
    };
  }

  private Run blockcam(final Path archive, final String command, final String damage) {
    final List<String> arguments = new ArrayList<>(List.of(command.split(" ")));
    arguments.addAll(
        List.of("--archive", archive.toUri().toString(), "--name", TestRecording.NAME));
    final StringWriter out = new StringWriter();
    final StringWriter err = new StringWriter();
    final CommandLine commandLine = Blockcam.commandLine();
    commandLine.setOut(new PrintWriter(out, true));
    commandLine.setErr(new PrintWriter(err, true));
    final int exit = Blockcam.execute(commandLine, arguments.toArray(String[]::new));
    assertThat(exit).as("%s, %s: %s", command, damage, err).isIn(ExitCode.DONE, ExitCode.NO);
    if (exit == ExitCode.NO && !command.equals("verify")) {
      assertThat(err.toString()).as("%s, %s", command, damage).startsWith("blockcam: ");
    }
    return new Run(exit, out.toString(), err.toString());
  }

  private static void copy(final Path from, final Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (final Path file : all.toList()) {
        Files.copy(file, to.resolve(from.relativize(file).toString()));
      }
    }
  }

  private static void delete(final Path tree) throws IOException {
    if (Files.exists(tree)) {
      try (Stream<Path> all = Files.walk(tree)) {
        for (final Path file : all.toList().reversed()) {
          Files.delete(file);
        }
      }
    }
    Files.deleteIfExists(tree.resolveSibling(tree.getFileName() + ".json"));
  }
}
