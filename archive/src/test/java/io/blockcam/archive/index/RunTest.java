package io.blockcam.archive.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.log.SegmentWriter;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.MemoryBytes;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentReader;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs against a model that goes through the records from the first to the last. */
final class RunTest {
  private static final UUID ID = UUID.fromString("0190f0e0-7b1c-7c3d-8e4f-102030405060");
  private static final int SEGMENTS = 20;
  private static final long WINDOW = WindowStack.WINDOW_BLOCKS;
  private static final long DISK_BLOCKS = 5 * WINDOW + 77;

  /** Where random histories write: within windows, over their bounds, at the end of the disk. */
  private static final long[] HOT = {0, WINDOW - 9, 3 * WINDOW - 9, DISK_BLOCKS - 20};

  @TempDir private Path directory;
  private final List<SegmentReader> segments = new ArrayList<>();
  private final WindowStack window = new WindowStack();
  private Sha256Digest previous = Sha256Digest.NONE;
  private long sequence;

  /** What is known of a block; of each sector segment and record, null when it is not written. */
  private static final class Block {
    private final String[] sectors = new String[8];
    private boolean doubt;

    /** Sectors that are known since the block came to be in doubt. */
    private int sure;

    @Override
    public String toString() {
      return Arrays.toString(sectors) + doubt;
    }
  }

  @BeforeEach
  void chainBeginsSomewhere() {
    previous = Sha256Digest.ofHex("ab".repeat(32));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void runsSayWhatTheRecordsSay(final long seed) throws IOException {
    final SplittableRandom random = new SplittableRandom(seed);
    for (int s = 0; s < SEGMENTS; s++) {
      write(random);
    }
    final List<RunReader> small = new ArrayList<>();
    for (int s = 0; s < SEGMENTS; s += 4) {
      small.add(build(s, s + 4));
    }
    final RunReader all = build(0, SEGMENTS);
    final RunReader merged = merge(small);
    final RunReader mergedTwice =
        merge(List.of(merge(small.subList(0, 2)), merge(small.subList(2, 5))));
    final String expected = model(SEGMENTS).toString();

    assertThat(read(List.of(all))).isEqualTo(expected);
    assertThat(read(small)).isEqualTo(expected);
    assertThat(read(List.of(merged))).isEqualTo(expected);
    assertThat(read(List.of(mergedTwice))).isEqualTo(expected);
    assertThat(read(small.subList(0, 3))).isEqualTo(model(12).toString());
    assertThat(merged.cover()).isEqualTo(all.cover());
    assertThat(merged.events()).isEqualTo(all.events()).isNotEmpty();
    for (int s = 0; s < SEGMENTS; s++) {
      assertThat(merged.digest(s)).isEqualTo(segments.get(s).trailer().digest());
    }
  }

  @Test
  void recordsBehindTheMomentDoNotCount() throws IOException {
    final SplittableRandom random = new SplittableRandom(7);
    write(random);
    write(random);
    final long last = segments.get(1).trailer().firstSequence() + 20;
    final RunBuilder builder = new RunBuilder(window);
    for (final SegmentReader segment : segments) {
      builder.add(segment.trailer(), segment.records(), -1, last);
    }

    assertThat(read(List.of(written(builder)))).isEqualTo(model(2, last).toString());
  }

  @Test
  void aDiskThatIsAllZeroIsOneRange() throws IOException {
    try (SegmentWriter writer = begin()) {
      append(writer, RecordKind.DISCARD, 0, DISK_BLOCKS, 0xff, 0);
      seal(writer);
    }
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final RunBuilder builder = new RunBuilder(window);
    builder.add(segments.get(0).trailer(), segments.get(0).records());
    builder.write(out);

    assertThat(out.size()).isLessThan(500);
    assertThat(read(List.of(open(out)))).isEqualTo(model(1).toString());
  }

  @Test
  void damageIsNoticedWhereverItIs() throws IOException {
    final SplittableRandom random = new SplittableRandom(9);
    write(random);
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final RunBuilder builder = new RunBuilder(window);
    builder.add(segments.get(0).trailer(), segments.get(0).records());
    builder.write(out);
    final byte[] sound = out.toByteArray();
    final String expected = model(1).toString();
    for (int i = 0; i < sound.length; i++) {
      final byte[] damaged = sound.clone();
      damaged[i] ^= 1;
      try {
        final RunReader run = RunReader.open(new MemoryBytes("damaged", damaged));
        run.events();
        if (read(List.of(run)).equals(expected)) {
          assertThat(run.digest(0)).as("byte %d", i).isNotEqualTo(previous);
        }
      } catch (final IndexException e) {
        assertThat(e).hasMessageStartingWith("damaged: ");
      }
    }
    for (int length = 0; length < sound.length; length += 7) {
      final byte[] cut = Arrays.copyOf(sound, length);
      assertThatThrownBy(() -> RunReader.open(new MemoryBytes("cut", cut)))
          .isInstanceOf(IndexException.class);
    }
  }

  private RunReader build(final int from, final int to) throws IOException {
    final RunBuilder builder = new RunBuilder(window);
    for (final SegmentReader segment : segments.subList(from, to)) {
      builder.add(segment.trailer(), segment.records());
    }
    return written(builder);
  }

  private static RunReader written(final RunBuilder builder) throws IOException {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    builder.write(out);
    return open(out);
  }

  private RunReader merge(final List<RunReader> runs) throws IOException {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    RunBuilder.merge(runs, window, out);
    return open(out);
  }

  private static RunReader open(final ByteArrayOutputStream out) throws IOException {
    return RunReader.open(new MemoryBytes("run", out.toByteArray()));
  }

  /** What runs say of all the disk, in the words of the model. */
  private String read(final List<RunReader> runs) throws IOException {
    final Map<Long, Block> disk = new TreeMap<>();
    for (long at = RunBuilder.next(runs, 0);
        at != Long.MAX_VALUE;
        at = RunBuilder.next(runs, window.end())) {
      window.begin(at);
      for (final RunReader run : runs.reversed()) {
        run.feed(window, run.cover().firstSegment());
      }
      window.forEachPiece(
          (block, mask, ref) ->
              put(
                  disk,
                  block,
                  mask,
                  RecordRef.isZero(ref)
                      ? "0"
                      : RecordRef.segment(ref) + ":" + RecordRef.record(ref)));
      window.forEachZero(
          (from, to) -> {
            for (long b = from; b < to; b++) {
              put(disk, b, missing(disk, b), "0");
            }
          });
      window.forEachDoubt(
          (from, to) -> {
            for (long b = from; b < to; b++) {
              disk.computeIfAbsent(b, any -> new Block()).doubt = true;
            }
          });
    }
    return disk.toString();
  }

  private static int missing(final Map<Long, Block> disk, final long block) {
    final Block known = disk.getOrDefault(block, new Block());
    int mask = 0;
    for (int i = 0; i < 8; i++) {
      mask |= known.sectors[i] == null ? 1 << i : 0;
    }
    return mask;
  }

  private static void put(
      final Map<Long, Block> disk, final long block, final int mask, final String content) {
    final Block known = disk.computeIfAbsent(block, any -> new Block());
    for (int i = 0; i < 8; i++) {
      if ((mask & 1 << i) != 0) {
        assertThat(known.sectors[i]).as("block %d sector %d", block, i).isNull();
        known.sectors[i] = content;
      }
    }
  }

  private Map<Long, Block> model(final int count) throws IOException {
    return model(count, Long.MAX_VALUE);
  }

  private Map<Long, Block> model(final int count, final long last) throws IOException {
    final Map<Long, Block> disk = new TreeMap<>();
    for (int s = 0; s < count; s++) {
      final RecordTable records = segments.get(s).records();
      for (int r = 0; r < records.count() && records.sequence(r) <= last; r++) {
        final RecordKind kind = records.kind(r);
        final int mask = records.sectorMask(r);
        final boolean failed = records.hasFlag(r, RecordFlags.FAILED);
        final boolean doubtful =
            failed || kind == RecordKind.GAP || records.hasFlag(r, RecordFlags.UNKNOWN_OUTCOME);
        final boolean zero = kind.isRun() || records.hasFlag(r, RecordFlags.ALL_ZERO);
        for (long b = records.block(r);
            kind.hasBlocks() && b < records.block(r) + records.runBlocks(r);
            b++) {
          final Block block = disk.computeIfAbsent(b, any -> new Block());
          if (kind.setsContent() && !failed) {
            for (int i = 0; i < 8; i++) {
              if ((mask & 1 << i) != 0) {
                block.sectors[i] = zero ? "0" : s + ":" + r;
              }
            }
            block.sure |= mask;
            block.doubt &= block.sure != 0xff;
          }
          if (doubtful) {
            block.doubt = true;
            block.sure = 0;
          }
        }
      }
    }
    return disk;
  }

  /** What is not possible is refused before there is memory for it. */
  @Test
  void saysOfPagesWhetherTheyCanBe() {
    assertThat(page(1, 100, 8, 0, 0).isPossible()).isTrue();
    assertThat(page(1, 100, 9, 0, 0).isPossible()).as("a block has eight sectors").isFalse();
    assertThat(page(4, 100, 0, 4, 4).isPossible()).isTrue();
    assertThat(page(4, 100, 0, 5, 0).isPossible()).as("ranges of nothing").isFalse();
    assertThat(page(4, 100, 0, 0, 5).isPossible()).as("ranges of nothing").isFalse();
    assertThat(page(0, 100, 1, 0, 0).isPossible()).isFalse();
    final int many = 1 << 17;
    assertThat(page(1L << 32, 48, many, 0, 0).isPossible()).as("1.5 MiB of 48 bytes").isTrue();
    assertThat(page(1L << 32, 40, many, 0, 0).isPossible()).as("of 40").isFalse();
    assertThat(page(1L << 32, 1 << 20, Page.MOST + 1, 0, 0).isPossible()).isFalse();
  }

  /** Of 512-byte writes all over a disk: memory is that of a window, whatever there is of them. */
  @Test
  void holdsADenseDiskInPagesOfBoundedSize() throws IOException {
    try (SegmentWriter writer = begin()) {
      append(writer, RecordKind.START, 0, 0, 0, 0);
      seal(writer);
    }
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final RunWriter writer = new RunWriter(out);
    final int windows = 3;
    for (int w = 0; w < windows; w++) {
      window.begin(w * WINDOW);
      for (long block = window.first(); block < window.end(); block++) {
        for (int sector = 0; sector < 8; sector++) {
          window.piece(
              block,
              1 << sector,
              RecordRef.of(0, (int) (block - window.first()) * 8 + sector, false));
        }
      }
      writer.add(window);
    }
    writer.finish(
        RunCover.of(segments.getFirst().trailer()),
        sink -> sink.take(ByteBuffer.wrap(segments.getFirst().trailer().digest().toByteArray())),
        sink -> {});
    final RunReader run = open(out);
    run.readAll();
    window.begin(WINDOW);
    run.feed(window, 0);
    assertThat(window.pieces()).isEqualTo(8 * WindowStack.WINDOW_BLOCKS).isLessThan(Page.MOST);
    assertThat(run.pieces()).isEqualTo((long) windows * window.pieces());
  }

  /** A recording of a year: its digests and events alone are more than a heap has. */
  @Test
  void joinsRunsOfMillionsOfSegmentsInLittleMemory() throws IOException {
    final long count = 1 << 20;
    final Path file = directory.resolve("joined");
    final List<RunReader> runs = new ArrayList<>();
    final List<FileBytes> open = new ArrayList<>();
    try {
      for (long first = 0; first < 2 * count; first += count) {
        final FileBytes run = FileBytes.open(runOf(first, count));
        open.add(run);
        runs.add(RunReader.open(run));
      }
      final long before = allocated();
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
        RunBuilder.merge(runs, window, out);
      }
      try (FileBytes joined = FileBytes.open(file)) {
        final RunReader run = RunReader.open(joined);
        new RunComparison().check(run, runs);
        assertThat(allocated() - before).isLessThan(16 << 20);
        assertThat(run.cover().segments()).isEqualTo(2 * count);
        assertThat(run.digest(count + 5)).isEqualTo(digestOf(count + 5));
        assertThat(run.events()).hasSize(8).last().extracting(Event::segment).isEqualTo(count + 3);
      }
    } finally {
      for (final FileBytes run : open) {
        run.close();
      }
    }
  }

  /** A run without content, with an event in each of its first four segments. */
  private Path runOf(final long first, final long count) throws IOException {
    final Path file = directory.resolve("run-" + first);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      new RunWriter(out)
          .finish(
              new RunCover(
                  ID,
                  4096,
                  first,
                  first + count - 1,
                  first,
                  first + count - 1,
                  0,
                  first,
                  digestOf(first - 1),
                  digestOf(first + count - 1)),
              sink -> {
                for (long segment = first; segment < first + count; segment++) {
                  sink.take(ByteBuffer.wrap(digestOf(segment).toByteArray()));
                }
              },
              sink -> {
                for (int i = 0; i < 4; i++) {
                  sink.take(
                      ByteBuffer.allocate(RunDescriptor.EVENT_BYTES)
                          .order(ByteOrder.LITTLE_ENDIAN)
                          .putLong(
                              (long) RecordKind.MARK.code() << RunDescriptor.EVENT_KIND_SHIFT
                                  | RecordRef.of(i, 0, false))
                          .rewind());
                }
              });
    }
    return file;
  }

  private static Sha256Digest digestOf(final long segment) {
    return Sha256Digest.of(ByteBuffer.allocate(Sha256Digest.BYTES).putLong(segment).array());
  }

  private static long allocated() {
    return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean())
        .getCurrentThreadAllocatedBytes();
  }

  /** Each discards the same disk of 16 TiB again. */
  @Test
  void holdsEachRangeOnceHoweverLargeItIs() {
    final DatedRanges ranges = new DatedRanges();
    for (int i = 0; i < 100_000; i++) {
      ranges.add(i % 7, 1L << 32, i);
    }
    final DatedRanges newest = ranges.newest();
    assertThat(newest.count()).isLessThan(8);
    assertThat(newest.from(0)).isZero();
    assertThat(newest.to(newest.count() - 1)).isEqualTo(1L << 32);
  }

  @Test
  void showsOfRangesTheNewest() {
    final SplittableRandom random = new SplittableRandom(3);
    for (int round = 0; round < 500; round++) {
      final DatedRanges ranges = new DatedRanges();
      final long[] expected = new long[64];
      Arrays.fill(expected, -1);
      for (int age = 0; age < random.nextInt(1, 12); age++) {
        final int from = random.nextInt(60);
        final int to = from + random.nextInt(1, 64 - from);
        ranges.add(from, to, age);
        Arrays.fill(expected, from, to, age);
      }
      final DatedRanges newest = ranges.newest();
      final long[] seen = new long[64];
      Arrays.fill(seen, -1);
      for (int i = 0; i < newest.count(); i++) {
        assertThat(newest.from(i)).isGreaterThanOrEqualTo(i == 0 ? 0 : newest.to(i - 1));
        Arrays.fill(seen, (int) newest.from(i), (int) newest.to(i), newest.age(i));
      }
      assertThat(seen).as("round %d", round).isEqualTo(expected);
    }
  }

  private static Page.Entry page(
      final long blocks, final int bytes, final int pieces, final int zeroes, final int doubts) {
    return new Page.Entry(7, 7 + blocks, 0, bytes, 0, pieces, 0, zeroes, doubts);
  }

  private SegmentWriter begin() throws IOException {
    return SegmentWriter.create(
        directory,
        new SegmentHeader(ID, 3, segments.size(), sequence, 1000, DISK_BLOCKS * 4096 - 512),
        SegmentLimits.DEFAULT);
  }

  private void seal(final SegmentWriter writer) throws IOException {
    try (FileBytes bytes = FileBytes.open(writer.seal(previous).path())) {
      final byte[] all = new byte[(int) bytes.length()];
      bytes.read(0, ByteBuffer.wrap(all));
      segments.add(SegmentReader.open(new MemoryBytes("segment", all)));
      previous = segments.getLast().trailer().digest();
    }
  }

  private void append(
      final SegmentWriter writer,
      final RecordKind kind,
      final long block,
      final long blocks,
      final int mask,
      final int flags)
      throws IOException {
    final byte[] payload = new byte[4096];
    payload[7] = (byte) (sequence % 3);
    writer.append(
        RecordView.allocate().put(sequence, block, blocks, kind, mask, 0),
        1000 + sequence,
        flags,
        kind.hasPayload() ? MemorySegment.ofArray(payload) : null,
        0);
    sequence++;
  }

  /** Ranges that hold whole windows, some from the first block of one to the last. */
  private void appendOverWindows(
      final SegmentWriter writer, final SplittableRandom random, final int flags)
      throws IOException {
    final long edge = random.nextInt(3) == 0 ? 0 : random.nextLong(WINDOW);
    final long first = random.nextLong(3) * WINDOW + edge;
    final long blocks = random.nextLong(1, 3) * WINDOW - (random.nextBoolean() ? edge : 0);
    final boolean isGap = random.nextInt(3) == 0;
    append(
        writer,
        isGap ? RecordKind.GAP : RecordKind.DISCARD,
        first,
        Math.min(blocks, DISK_BLOCKS - first),
        0xff,
        isGap ? 0 : flags);
  }

  private void write(final SplittableRandom random) throws IOException {
    try (SegmentWriter writer = begin()) {
      append(writer, RecordKind.START, 0, 0, 0, 0);
      for (int i = 0; i < 100; i++) {
        final long block = HOT[random.nextInt(HOT.length)] + random.nextInt(18);
        final int mask = random.nextInt(3) == 0 ? random.nextInt(1, 0x100) : 0xff;
        final int flags =
            switch (random.nextInt(12)) {
              case 0 -> RecordFlags.FAILED;
              case 1 -> RecordFlags.UNKNOWN_OUTCOME;
              default -> 0;
            };
        switch (random.nextInt(20)) {
          case 0 -> append(writer, RecordKind.MARK, 0, 0, 0, 0);
          case 1 -> append(writer, RecordKind.GAP, block, random.nextInt(1, 3), 0xff, 0);
          case 2 -> append(writer, RecordKind.DISCARD, block, random.nextInt(1, 3), 0xff, flags);
          case 3 -> append(writer, RecordKind.ZEROES, block, 1, mask, flags);
          case 4 -> append(writer, RecordKind.DISCARD, WINDOW - 40, 60, 0xff, flags);
          case 5 -> {
            if (random.nextInt(5) == 0) {
              appendOverWindows(writer, random, flags);
            }
          }
          default -> append(writer, RecordKind.DATA, block, 1, mask, flags);
        }
      }
      seal(writer);
    }
  }
}
