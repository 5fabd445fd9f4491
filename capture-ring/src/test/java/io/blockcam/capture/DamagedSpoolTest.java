package io.blockcam.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.capture.support.RingBench;
import io.blockcam.capture.support.TestRecord;
import io.blockcam.ublk.tap.QueueTap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a killed recorder has left, damaged: a start goes on, or says in one line what is wrong and
 * removes nothing.
 */
final class DamagedSpoolTest {

  private static final int TRIES_PER_FILE = 60;

  private final Backing disk = Backing.unwritten((data, offset) -> data.fill((byte) 7));
  private final SplittableRandom random =
      new SplittableRandom(Long.getLong("seed", System.nanoTime()));

  @TempDir private Path left;
  @TempDir private Path copies;

  @BeforeEach
  void kill() throws IOException {
    try (Spool spool = open(left)) {
      final DrivenCapture capture = start(spool, left);
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      for (int i = 0; i < 24; i++) {
        final long ticket = queue.offerWrite(8 * i, 8, RingBench.data(new byte[4096]), 512, false);
        queue.complete(ticket, i == 20 ? -5 : 4096);
        capture.doWork();
      }
      queue.offerWrite(800, 8, RingBench.data(new byte[4096]), 512, false); // in flight
      spool.addDoubt(new Doubt(List.of(new Doubt.Range(9, 3))));
      capture.kill();
    }
    assertThat(files(left))
        .extracting(file -> file.getFileName().toString())
        .contains("recording.json", "spool.json", "doubt", "regions")
        .anyMatch(name -> name.endsWith(".log"))
        .anyMatch(name -> name.endsWith(".open"));
  }

  @Test
  void isTakenUpOrRefusedButNeverThrownAway() throws IOException {
    int refused = 0;
    int tries = 0;
    for (final Path file : files(left)) {
      for (int i = 0; i < TRIES_PER_FILE && Files.size(file) > 0; i++) {
        final Path copy = Files.createDirectory(copies.resolve("copy" + tries++));
        copyAll(left, copy);
        final String damage = damage(copy.resolve(left.relativize(file)));
        final SortedSet<String> before = names(copy.resolve("spool"));
        final @Nullable Exception refusal = startAndStop(copy);
        if (refusal != null) {
          refused++;
          assertThat(refusal).as(damage).isInstanceOf(IOException.class);
          assertThat(refusal.getMessage()).as(damage).isNotBlank().doesNotContain("\n");
          assertThat(names(copy.resolve("spool")))
              .as("%s: %s", damage, refusal.getMessage())
              .containsAll(before);
        } else if (!file.toString().endsWith(".log")) {
          assertThat(sequences(copy)).as(damage).isEqualTo(upTo(sequences(copy).size()));
        }
        deleteAll(copy);
      }
    }
    assertThat(refused).as("of %d", tries).isBetween(1, tries - 1);
  }

  private static List<Long> sequences(final Path directory) throws IOException {
    try (Spool spool = open(directory)) {
      return TestRecord.ofSegments(spool.sealed()).stream().map(TestRecord::sequence).toList();
    }
  }

  private static List<Long> upTo(final int end) {
    return LongStream.range(0, end).boxed().toList();
  }

  private @Nullable Exception startAndStop(final Path directory) {
    try (Spool spool = open(directory)) {
      final DrivenCapture capture = start(spool, directory);
      for (int i = 0; !capture.tryStop(); i++) {
        assertThat(i).isLessThan(1000);
      }
      return null;
    } catch (final IOException | RuntimeException e) {
      return e;
    }
  }

  /** One bit, some bytes, the end or the whole of a file; says which. */
  private String damage(final Path file) throws IOException {
    final byte[] bytes = Files.readAllBytes(file);
    // Most of what matters lies at the beginning.
    final int at =
        random.nextInt(random.nextBoolean() ? Math.min(bytes.length, 256) : bytes.length);
    switch (random.nextInt(6)) {
      case 0 -> {
        Files.delete(file);
        return file + " deleted";
      }
      case 1 -> {
        Files.write(file, Arrays.copyOf(bytes, at));
        return file + " cut at " + at;
      }
      case 2 -> {
        final int end = Math.min(bytes.length, at + 1 + random.nextInt(64));
        for (int i = at; i < end; i++) {
          bytes[i] = (byte) random.nextInt();
        }
        Files.write(file, bytes);
        return "%s overwritten from %d to %d".formatted(file, at, end);
      }
      default -> {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, bytes);
        return "%s flipped at %d".formatted(file, at);
      }
    }
  }

  private DrivenCapture start(final Spool spool, final Path directory) throws IOException {
    return DrivenCapture.start(
        spool,
        new CaptureOptions(
            directory.resolve("ring"),
            16,
            8,
            SealRules.inTurn(new SegmentLimits(256 << 10, 10), Duration.ofSeconds(60)),
            OnFull.BLOCK,
            4 << 20),
        disk,
        WallClock.Source.system());
  }

  private static Spool open(final Path directory) throws IOException {
    return Spool.open(
        directory.resolve("spool"),
        new Recording(new UUID(0, 1), "disk", 64 << 20, Instant.EPOCH, "h", "", Baseline.EMPTY),
        64 << 20);
  }

  private static List<Path> files(final Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static SortedSet<String> names(final Path directory) throws IOException {
    final SortedSet<String> names = new TreeSet<>();
    for (final Path file : files(directory)) {
      final String name = file.getFileName().toString();
      names.add(name.replace(".open", ".log")); // one that was open is finished
    }
    return names;
  }

  private static void copyAll(final Path from, final Path to) throws IOException {
    for (final Path file : files(from)) {
      final Path copy = to.resolve(from.relativize(file));
      Files.createDirectories(copy.resolveSibling("."));
      Files.copy(file, copy, StandardCopyOption.COPY_ATTRIBUTES);
    }
  }

  private static void deleteAll(final Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (final Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
