package io.blockcam.filesearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.Indexer;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random records of a small disk, against the bytes that the disk had after each of them. */
final class RandomSearchTest {
  private static final int ARCHIVES = 200;
  private static final int BLOCKS = 12;
  private static final int SECTORS = 8 * BLOCKS;
  private static final int RECORDS = 80;

  @TempDir private Path directory;

  /** A disk of which some may be unknown, and a file on it. */
  private static final class Model {
    private final byte[][] disk = new byte[SECTORS][512];
    private final boolean[] known = new boolean[SECTORS];
    private final byte[][] file;

    /** Where all of the file is, and since which record. */
    private final Map<Integer, Long> since = new TreeMap<>();

    /** Base, first record, and the record that ended it or -1. */
    private final List<List<Long>> spans = new ArrayList<>();

    Model(final byte[] content) {
      Arrays.fill(known, true);
      file = new byte[content.length / 512][];
      for (int s = 0; s < file.length; s++) {
        file[s] = Arrays.copyOfRange(content, 512 * s, 512 * s + 512);
      }
    }

    void look(final long sequence) {
      for (int base = 0; base + file.length <= SECTORS; base++) {
        boolean isThere = true;
        for (int s = 0; isThere && s < file.length; s++) {
          isThere = known[base + s] && Arrays.equals(disk[base + s], file[s]);
        }
        if (isThere) {
          since.putIfAbsent(base, sequence);
        } else if (since.containsKey(base)) {
          spans.add(List.of((long) base, since.remove(base), sequence));
        }
      }
    }

    List<List<Long>> spans() {
      final List<List<Long>> all = new ArrayList<>(spans);
      since.forEach((base, sequence) -> all.add(List.of((long) base, sequence, -1L)));
      return all;
    }
  }

  @Test
  void tellsWhereAFileWasAfterEveryRecord() throws IOException {
    int found = 0;
    int runs = 0;
    for (int seed = 0; seed < ARCHIVES; seed++) {
      final SplittableRandom random = new SplittableRandom(seed);
      final byte[] content = new byte[512 * (1 + random.nextInt(20))];
      random.nextBytes(content);
      if (random.nextBoolean() && content.length > 1024) { // a sector that proves nothing
        Arrays.fill(content, 512, 1024, (byte) random.nextInt(2));
      }
      final TestRecording recording =
          new TestRecording(directory.resolve("archive-" + seed), BLOCKS * 4096L);
      final Model model = record(recording, content, random);
      final TargetSet.Builder targets = new TargetSet.Builder();
      new FileHasher().read("f", new ByteArrayInputStream(content), targets);
      try (ObjectStore store = recording.store()) {
        final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
        final Sighting sighting = search(reader, targets.build(), /* useIndex= */ false);
        assertThat(spans(sighting))
            .as("seed %d", seed)
            .containsExactlyInAnyOrderElementsOf(model.spans());
        found += sighting.copies().size();
        assertThat(sighting.whole().isEmpty() || sighting.isProven()).as("seed %d", seed).isTrue();

        runs +=
            new Indexer(store, reader, directory, 2)
                .run(reader.find(), /* check= */ false)
                .catalogs();
        assertThat(search(reader, targets.build(), /* useIndex= */ true))
            .as("seed %d", seed)
            .isEqualTo(sighting);
      }
    }
    assertThat(found).as("there was something to find").isGreaterThan(ARCHIVES);
    assertThat(runs).as("there was an index").isGreaterThan(ARCHIVES);
  }

  private static Sighting search(
      final RecordingReader reader, final TargetSet targets, final boolean useIndex)
      throws IOException {
    return Searches.run(reader, targets, useIndex).sightings().getFirst();
  }

  private static List<List<Long>> spans(final Sighting sighting) {
    final List<List<Long>> all = new ArrayList<>();
    for (final Sighting.Copy copy : sighting.copies()) {
      for (final Presence.Span span : copy.spans()) {
        all.add(
            List.of(
                copy.diskSector(),
                span.first().sequence(),
                span.end().map(end -> end.sequence()).orElse(-1L)));
      }
    }
    return all;
  }

  private static Model record(
      final TestRecording recording, final byte[] content, final SplittableRandom random)
      throws IOException {
    final Model model = new Model(content);
    recording.point(RecordKind.START);
    for (int r = 0; r < RECORDS; r++) {
      switch (random.nextInt(12)) {
        case 0, 1, 2 -> {
          recording.seal();
          if (random.nextInt(9) == 0) {
            recording.nextEpoch();
            recording.point(RecordKind.START);
          }
        }
        case 3 -> run(recording, model, random);
        case 4 -> data(recording, model, random.nextInt(BLOCKS), TestRecording.filled(7), random);
        default -> copy(recording, model, content, random);
      }
    }
    recording.seal();
    return model;
  }

  /** A discard, zeroes or a gap. */
  private static void run(
      final TestRecording recording, final Model model, final SplittableRandom random)
      throws IOException {
    final int block = random.nextInt(BLOCKS);
    final int blocks = 1 + random.nextInt(Math.min(2, BLOCKS - block));
    final long sequence = recording.nextSequence();
    final boolean isLost = random.nextInt(4) == 0;
    // As a file system with blocks of 1 KiB does.
    final int mask = blocks == 1 && !isLost ? 1 + random.nextInt(255) : 0xff;
    if (isLost) {
      recording.gap(block, blocks, GapReason.NO_ROOM);
    } else {
      recording.append(
          block,
          blocks,
          random.nextBoolean() ? RecordKind.DISCARD : RecordKind.ZEROES,
          mask,
          0,
          null);
    }
    for (int s = 8 * block; s < 8 * (block + blocks); s++) {
      if ((mask & 1 << s % 8) != 0) {
        model.known[s] = !isLost;
        Arrays.fill(model.disk[s], (byte) 0);
      }
    }
    model.look(sequence);
  }

  /** Writes a part of the file, or all of it, to one of a few places. */
  private static void copy(
      final TestRecording recording,
      final Model model,
      final byte[] content,
      final SplittableRandom random)
      throws IOException {
    final int base = random.nextInt(3) * 17;
    final int sectors = content.length / 512;
    final int first = base / 8;
    final int last = (base + sectors - 1) / 8;
    final int from = random.nextInt(3) == 0 ? first + random.nextInt(last - first + 1) : first;
    for (int block = from; block <= last; block++) {
      final byte[] payload = TestRecording.filled(0x55);
      int mask = 0;
      for (int s = 0; s < 8; s++) {
        final int sector = 8 * block + s - base;
        if (sector >= 0 && sector < sectors) {
          mask |= 1 << s;
          System.arraycopy(content, 512 * sector, payload, 512 * s, 512);
        }
      }
      data(recording, model, block, payload, mask, random.nextInt(15) == 0);
    }
  }

  private static void data(
      final TestRecording recording,
      final Model model,
      final int block,
      final byte[] payload,
      final SplittableRandom random)
      throws IOException {
    data(recording, model, block, payload, 1 + random.nextInt(255), random.nextInt(5) == 0);
  }

  private static void data(
      final TestRecording recording,
      final Model model,
      final int block,
      final byte[] payload,
      final int mask,
      final boolean failed)
      throws IOException {
    final long sequence = recording.nextSequence();
    recording.data(block, mask, failed ? RecordFlags.FAILED : 0, payload);
    for (int s = 0; s < 8; s++) {
      if ((mask & 1 << s) != 0) {
        model.known[8 * block + s] = !failed;
        System.arraycopy(payload, 512 * s, model.disk[8 * block + s], 0, 512);
      }
    }
    model.look(sequence);
  }
}
