package io.blockcam.replay;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentWriter;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * A recording of random writes in a directory, and what the disk really was after each of them: an
 * array of bytes that every write was applied to, with none of the code under test.
 */
final class RecordedDisk {

  static final String NAME = "model";
  static final long START_NS = 1_763_805_600_000_000_000L;

  final Path root;
  final Recording recording;
  final List<Long> sequences = new ArrayList<>();
  private final List<byte[]> states = new ArrayList<>();
  private final List<Long> times = new ArrayList<>();

  private final byte[] disk;
  private final RandomGenerator random;
  private long sequence;
  private long segment;
  private long timeNs = START_NS;
  private Sha256Digest previous = Sha256Digest.NONE;

  RecordedDisk(final Path root, final int diskBytes, final long seed) throws IOException {
    this.root = root;
    this.disk = new byte[diskBytes];
    this.random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    this.recording =
        new Recording(
            new UUID(seed, 1),
            NAME,
            diskBytes,
            Nanos.toInstant(START_NS - 1_000),
            "host",
            "",
            Baseline.EMPTY);
    Files.createDirectories(segments());
    Files.write(root.resolve(NAME).resolve("recording.json"), RecordingJson.write(recording));
  }

  Path segments() {
    return root.resolve(NAME).resolve("segments");
  }

  static Instant now() {
    return Nanos.toInstant(START_NS).plusSeconds(86_400);
  }

  long lastSequence() {
    return sequence - 1;
  }

  /** The disk after a record. */
  byte[] stateAt(final long at) {
    return states.get((int) at);
  }

  /** The timestamp of a record. */
  long timeOf(final long at) {
    return times.get((int) at);
  }

  byte[] latest() {
    return stateAt(lastSequence());
  }

  /** Records one run of the recorder: some segments of random writes. */
  RecordedDisk epoch(final long epoch, final int segments, final int recordsEach)
      throws IOException {
    for (int s = 0; s < segments; s++) {
      final SegmentHeader header =
          new SegmentHeader(
              recording.id(), epoch, segment++, sequence, timeNs, recording.diskBytes());
      try (SegmentWriter writer = SegmentWriter.create(segments(), header, SegmentLimits.DEFAULT)) {
        if (s == 0) {
          point(writer, RecordKind.START);
        }
        for (int i = 0; i < recordsEach; i++) {
          randomRecord(writer);
        }
        if (s == segments - 1) {
          point(writer, RecordKind.STOP);
        }
        previous = writer.seal(previous).digest();
      }
    }
    return this;
  }

  private void randomRecord(final SegmentWriter writer) throws IOException {
    final int blocks = (disk.length + 4095) / 4096;
    final int block = random.nextInt(blocks);
    switch (random.nextInt(12)) {
      case 0 -> point(writer, RecordKind.FLUSH);
      case 1 -> {
        final int run = 1 + random.nextInt(blocks - block);
        Arrays.fill(disk, block * 4096, Math.min(disk.length, (block + run) * 4096), (byte) 0);
        append(writer, RecordKind.DISCARD, block, run, 0xff, null, 0);
      }
      case 2 -> {
        final int mask = 1 + random.nextInt(255);
        apply(block, mask, new byte[4096]);
        append(writer, RecordKind.ZEROES, block, 1, mask, null, 0);
      }
      case 3 -> // failed on the disk: in the record, not on the disk
          append(writer, RecordKind.DATA, block, 1, 0xff, payload(0xff), RecordFlags.FAILED);
      case 4 -> {
        final byte[] zero = new byte[4096];
        apply(block, 0xff, zero);
        append(writer, RecordKind.DATA, block, 1, 0xff, zero, 0);
      }
      case 5, 6, 7 -> {
        final int mask = 1 + random.nextInt(255);
        final byte[] data = payload(mask);
        apply(block, mask, data);
        append(writer, RecordKind.DATA, block, 1, mask, data, RecordFlags.FIRST);
      }
      default -> {
        final byte[] data = payload(0xff);
        apply(block, 0xff, data);
        append(writer, RecordKind.DATA, block, 1, 0xff, data, RecordFlags.FIRST);
      }
    }
  }

  /** Random sectors, a few values only so that payloads repeat; zero outside the mask. */
  private byte[] payload(final int mask) {
    final byte[] data = new byte[4096];
    final boolean repeated = random.nextBoolean();
    for (int sector = 0; sector < 8; sector++) {
      if ((mask & 1 << sector) != 0) {
        final byte[] bytes = new byte[512];
        if (repeated) {
          Arrays.fill(bytes, (byte) (1 + random.nextInt(2)));
        } else {
          random.nextBytes(bytes);
        }
        System.arraycopy(bytes, 0, data, sector * 512, 512);
      }
    }
    return data;
  }

  private void apply(final int block, final int mask, final byte[] data) {
    for (int sector = 0; sector < 8; sector++) {
      final int at = block * 4096 + sector * 512;
      if ((mask & 1 << sector) != 0 && at < disk.length) {
        System.arraycopy(data, sector * 512, disk, at, 512);
      }
    }
  }

  private void point(final SegmentWriter writer, final RecordKind kind) throws IOException {
    append(writer, kind, 0, 0, 0, null, 0);
  }

  private void append(
      final SegmentWriter writer,
      final RecordKind kind,
      final long block,
      final long run,
      final int mask,
      final byte @org.jspecify.annotations.Nullable [] data,
      final int flags)
      throws IOException {
    timeNs += random.nextInt(3); // sometimes the same nanosecond
    writer.append(
        sequence,
        timeNs,
        block,
        run,
        kind,
        mask,
        flags,
        0,
        data == null ? null : MemorySegment.ofArray(data),
        0);
    states.add(disk.clone());
    times.add(timeNs);
    sequences.add(sequence);
    sequence++;
  }
}
