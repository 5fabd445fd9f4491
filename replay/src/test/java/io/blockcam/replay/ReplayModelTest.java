package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Replay equals disk: random histories against a disk in memory that is written sector by sector in
 * the order of the record and knows nothing of block maps.
 */
class ReplayModelTest {
  private static final int SECTOR = 512;
  private static final int MOMENTS = 20;

  @TempDir private Path directory;

  /** What one record does to the disk, in sectors. */
  private record Step(int firstSector, int sectors, int mask, byte[] payload, boolean applies) {}

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void restoresEveryMomentAsTheDiskWas(final long seed) throws IOException {
    final SplittableRandom random = new SplittableRandom(seed);
    final int diskSectors = 8 * (1 + random.nextInt(150)) + random.nextInt(8);
    final TestRecording recording =
        new TestRecording(directory.resolve("archive"), (long) diskSectors * SECTOR);
    final List<Step> steps = record(random, recording, diskSectors);
    try (ObjectStore store = recording.store()) {
      assertRestores(store, recording, steps, steps.size() - 1);
      for (int i = 0; i < MOMENTS; i++) {
        assertRestores(store, recording, steps, random.nextInt(steps.size()));
      }
      assertThat(findings(store)).isEmpty();
    }
  }

  private void assertRestores(
      final ObjectStore store,
      final TestRecording recording,
      final List<Step> steps,
      final int sequence)
      throws IOException {
    final byte[] expected = model(steps, sequence, (int) recording.diskBytes());
    final Path file = directory.resolve("first.img");
    final When when = new When.Sequence(sequence);
    final ImageWriter.Image image = Restore.image(store, when, file);
    final ByteArrayOutputStream stream = new ByteArrayOutputStream();
    final ImageWriter.Image streamed;
    try (PastDisk disk = Restore.disk(store, when, true)) {
      assertReadsAnywhere(disk, expected);
      streamed =
          new ImageWriter(disk, 0, EnumSet.allOf(FlatHash.class), (what, done, total) -> {})
              .write(stream);
    }

    assertThat(Files.readAllBytes(file)).as("seq:%d", sequence).isEqualTo(expected);
    assertThat(image.hashes().get(FlatHash.SHA256)).isEqualTo(Sha256.of(expected).toString());
    assertThat(stream.toByteArray()).as("stream of seq:%d", sequence).isEqualTo(expected);
    assertThat(streamed.hashes().get(FlatHash.SHA256))
        .isEqualTo(image.hashes().get(FlatHash.SHA256));
    assertThat(streamed.tree()).as("tree of seq:%d", sequence).isEqualTo(image.tree());
    assertThat(streamed.dataBytes()).isEqualTo(image.dataBytes());
    assertThat(replayedWithoutOurCode(store, sequence, expected.length))
        .as("log of seq:%d", sequence)
        .isEqualTo(expected);
  }

  private static void assertReadsAnywhere(final PastDisk disk, final byte[] expected)
      throws IOException {
    final SplittableRandom random = new SplittableRandom(expected.length);
    for (int i = 0; i < 10; i++) {
      final int from = random.nextInt(expected.length / SECTOR);
      final int to = random.nextInt(from + 1, Math.min(expected.length / SECTOR, from + 40) + 1);
      final ByteBuffer read = ByteBuffer.allocate((to - from) * SECTOR);
      disk.read((long) from * SECTOR, read);
      assertThat(read.array())
          .as("sectors %d to %d", from, to)
          .isEqualTo(Arrays.copyOfRange(expected, from * SECTOR, to * SECTOR));
    }
  }

  private byte[] replayedWithoutOurCode(
      final ObjectStore store, final int sequence, final int diskBytes) throws IOException {
    final Path log = directory.resolve("log");
    Files.deleteIfExists(log);
    final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
    new LogWritesWriter().write(log, reader, reader.find(), 0, sequence, (done, total) -> {});
    return new LogWritesReader(log).replay(diskBytes);
  }

  private static List<String> findings(final ObjectStore store) throws IOException {
    final List<String> findings = new ArrayList<>();
    new Verifier(RecordingReader.open(store, TestRecording.NAME))
        .run(findings::add, (done, total) -> {});
    return findings;
  }

  private static byte[] model(final List<Step> steps, final int sequence, final int diskBytes) {
    final byte[] disk = new byte[diskBytes];
    for (final Step step : steps.subList(0, sequence + 1)) {
      for (int i = 0; step.applies && i < step.sectors; i++) {
        final int at = (step.firstSector + i) * SECTOR;
        if ((step.mask & 1 << i % 8) != 0 && at < diskBytes) {
          System.arraycopy(step.payload, i % 8 * SECTOR, disk, at, SECTOR);
        }
      }
    }
    return disk;
  }

  private static List<Step> record(
      final SplittableRandom random, final TestRecording recording, final int diskSectors)
      throws IOException {
    final int blocks = (diskSectors + 7) / 8;
    final List<Step> steps = new ArrayList<>();
    final List<byte[]> payloads = new ArrayList<>();
    final int count = 200 + random.nextInt(1200);
    point(recording, steps, RecordKind.START);
    while (steps.size() < count) {
      recording.passTime(random.nextInt(4));
      if (random.nextInt(150) == 0) {
        recording.seal();
      }
      if (random.nextInt(250) == 0) {
        if (random.nextBoolean()) {
          point(recording, steps, RecordKind.STOP);
        }
        recording.nextEpoch();
        point(recording, steps, RecordKind.START);
      }
      step(random, recording, steps, payloads, blocks);
    }
    recording.seal();
    return steps;
  }

  private static void step(
      final SplittableRandom random,
      final TestRecording recording,
      final List<Step> steps,
      final List<byte[]> payloads,
      final int blocks)
      throws IOException {
    final int flags = random.nextInt(8) == 0 ? RecordFlags.FAILED : 0;
    final int block = random.nextInt(blocks);
    final int mask = random.nextInt(3) == 0 ? random.nextInt(1, 0x100) : 0xff;
    switch (random.nextInt(12)) {
      case 0 -> point(recording, steps, RecordKind.FLUSH);
      case 1 -> {
        final RecordKind kind = random.nextBoolean() ? RecordKind.ZEROES : RecordKind.DISCARD;
        final int run = random.nextInt(1, blocks - block + 1);
        final int runMask = run == 1 ? mask : 0xff;
        recording.append(block, run, kind, runMask, flags, null);
        steps.add(new Step(block * 8, run * 8, runMask, new byte[4096], flags == 0));
      }
      case 2 -> {
        recording.append(block, 1, RecordKind.GAP, 0xff, 0, null);
        steps.add(new Step(0, 0, 0, new byte[0], false));
      }
      case 3 -> {
        recording.append(0, 0, RecordKind.MARK, 0, 0, TestRecording.filled('m'));
        steps.add(new Step(0, 0, 0, new byte[0], false));
      }
      default -> {
        final RecordKind kind =
            switch (random.nextInt(12)) {
              case 0 -> RecordKind.BASELINE;
              case 1 -> RecordKind.RESYNC;
              default -> RecordKind.DATA;
            };
        final byte[] payload = payload(random, payloads);
        final int unknown = random.nextInt(9) == 0 ? RecordFlags.UNKNOWN_OUTCOME : 0;
        recording.append(block, 1, kind, mask, flags | unknown, payload);
        steps.add(new Step(block * 8, 8, mask, payload, flags == 0));
      }
    }
  }

  private static void point(
      final TestRecording recording, final List<Step> steps, final RecordKind kind)
      throws IOException {
    recording.point(kind);
    steps.add(new Step(0, 0, 0, new byte[0], false));
  }

  private static byte[] payload(final SplittableRandom random, final List<byte[]> earlier) {
    switch (random.nextInt(6)) {
      case 0:
        return new byte[4096];
      case 1, 2:
        if (!earlier.isEmpty()) {
          return earlier.get(random.nextInt(earlier.size()));
        }
        break;
      case 3:
        // Zero in some sectors only.
        final byte[] partly = TestRecording.filled(random.nextInt(1, 256));
        Arrays.fill(partly, 512 * random.nextInt(8), 4096, (byte) 0);
        return partly;
      default:
        break;
    }
    final byte[] payload = new byte[4096];
    random.nextBytes(payload);
    earlier.add(payload);
    return payload;
  }
}
