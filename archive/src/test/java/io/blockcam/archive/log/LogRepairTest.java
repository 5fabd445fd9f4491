package io.blockcam.archive.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What was damaged in the spool is shipped, and says what is missing. */
final class LogRepairTest {
  private static final int RECORDS = 80;
  private static final int ROUNDS = 400;

  @TempDir private Path directory;

  private Path sealed(final List<Segments.Entry> entries) throws IOException {
    try (LogWriter writer = Segments.log(directory, entries)) {
      return writer.seal().path();
    }
  }

  private static RepairedLog repaired(final Path log, final List<Segments.Entry> entries)
      throws IOException {
    final RepairedLog repaired =
        LogRepair.repair(
            log,
            Segments.RECORDING,
            entries.getLast().sequence() + 1,
            entries.getLast().timestampNs());
    repaired.takeName();
    repaired.close();
    return repaired;
  }

  /** How many of the records are not what they were; none is ever something else. */
  private static int lost(final Path log, final List<Segments.Entry> entries) throws IOException {
    int lost = 0;
    try (DigestedBytes bytes = Segments.digested(SealedLog.open(log)).open()) {
      final SegmentReader reader = SegmentReader.open(bytes);
      final SegmentTables tables = reader.tables();
      final RecordTable table = tables.records();
      assertThat(table.count()).isEqualTo(entries.size());
      for (int i = 0; i < entries.size(); i++) {
        final Segments.Entry was = entries.get(i);
        assertThat(table.sequence(i)).isEqualTo(was.sequence());
        if (isSame(reader, tables, i, was)) {
          continue;
        }
        lost++;
        if (was.kind() == RecordKind.MARK && table.kind(i) == RecordKind.MARK) {
          assertThat(reader.markText(tables, i)).isEmpty();
        } else {
          assertThat(table.kind(i)).as("record %d", i).isEqualTo(RecordKind.GAP);
          final boolean isOfPayload = table.aux(i) == GapReason.PAYLOAD_LOST.code();
          assertThat(table.block(i)).isEqualTo(isOfPayload ? was.block() : 0);
          assertThat(table.runBlocks(i)).isEqualTo(isOfPayload ? 1 : Segments.DISK_BLOCKS);
        }
      }
    }
    return lost;
  }

  private static boolean isSame(
      final SegmentReader reader, final SegmentTables tables, final int i, final Segments.Entry was)
      throws IOException {
    final RecordTable table = tables.records();
    if (table.kind(i) != was.kind()
        || table.block(i) != was.block()
        || table.runBlocks(i) != was.runBlocks()
        || table.timestampNs(i) != was.timestampNs()
        || table.sectorMask(i) != was.sectorMask()
        || table.aux(i) != was.aux()
        || (table.flags(i) & ~RecordFlags.STORAGE) != was.flags()) {
      return false;
    }
    if (was.payload() == null) {
      return true;
    }
    final byte[] expected = was.payload().clone();
    for (int sector = 0; sector < 8; sector++) {
      if (was.kind() != RecordKind.MARK && (was.sectorMask() & 1 << sector) == 0) {
        Arrays.fill(expected, sector * 512, (sector + 1) * 512, (byte) 0);
      }
    }
    final ByteBuffer stored =
        table.hasFlag(i, RecordFlags.ALL_ZERO)
            ? ByteBuffer.allocate(4096)
            : reader.readPayload(tables, i);
    return stored.equals(ByteBuffer.wrap(expected));
  }

  @Test
  void restoresWhatIsSoundAndNamesTheRest() throws IOException {
    final long seed = Long.getLong("seed", System.nanoTime());
    final SplittableRandom random = new SplittableRandom(seed);
    int repairs = 0;
    for (int round = 0; round < ROUNDS; round++) {
      final List<Segments.Entry> entries = Segments.random(random, RECORDS);
      final Path log = sealed(entries);
      final String damage = "seed %d round %d: %s".formatted(seed, round, damage(log, random));
      final boolean noticed = isDamaged(log);
      if (noticed) {
        repairs++;
        final RepairedLog repaired = repaired(log, entries);
        assertThat(lost(log, entries))
            .as(damage)
            .isGreaterThanOrEqualTo(repaired.lostBlocks().size());
      } else {
        assertThat(lost(log, entries)).as(damage).isZero();
      }
      assertThat(directory).isDirectoryNotContaining(file -> !file.equals(log));
      Files.delete(log);
    }
    assertThat(repairs).isGreaterThan(ROUNDS / 2);
  }

  private static boolean isDamaged(final Path log) throws IOException {
    try {
      Segments.digested(SealedLog.open(log));
      return false;
    } catch (final SegmentException e) {
      return true;
    }
  }

  private static String damage(final Path log, final SplittableRandom random) throws IOException {
    final byte[] bytes = Files.readAllBytes(log);
    final int at = random.nextInt(bytes.length);
    switch (random.nextInt(5)) {
      case 0 -> {
        final int length = 4096 + random.nextInt(bytes.length - 4096);
        Files.write(log, Arrays.copyOf(bytes, length));
        return "cut at " + length;
      }
      case 1 -> {
        final int from = 4096 + random.nextInt(bytes.length - 4096);
        final int to = Math.min(bytes.length, from + random.nextInt(10_000));
        Arrays.fill(bytes, from, to, (byte) 0);
        Files.write(log, bytes);
        return "zero from %d to %d".formatted(from, to);
      }
      default -> {
        bytes[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(log, bytes);
        return "flipped at " + at;
      }
    }
  }

  @Test
  void costsAPayloadItsBlockAndARecordAllOfTheDisk() throws IOException {
    final List<Segments.Entry> entries =
        List.of(
            Segments.data(100, 1, Segments.filled(1)),
            Segments.data(101, 2, Segments.filled(2)),
            Segments.data(102, 3, Segments.filled(3)),
            Segments.data(103, 4, Segments.filled(1)));
    final Path log = sealed(entries);
    final byte[] sound = Files.readAllBytes(log);
    final byte[] bytes = sound.clone();
    bytes[4096 + 4224 + 128 + 7] ^= 1; // of the second payload
    Files.write(log, bytes);
    RepairedLog repaired = repaired(log, entries);
    assertThat(repaired.lostBlocks()).containsExactly(2L);
    assertThat(repaired.lostRecords()).isZero();
    assertThat(lost(log, entries)).isEqualTo(1);

    Files.write(log, sound);
    sound[4096 + 5] ^= 1; // the first record: its payload is lost, too, which the fourth shares
    Files.write(log, sound);
    repaired = repaired(log, entries);
    assertThat(repaired.lostBlocks()).containsExactly(4L);
    assertThat(repaired.lostRecords()).isEqualTo(1);
    assertThat(lost(log, entries)).isEqualTo(2);
  }

  /** Header and copy are hit: whose log it is, nobody knows. */
  @Test
  void refusesWhatIsNoLogOfThisSegment() throws IOException {
    final List<Segments.Entry> entries = List.of(Segments.data(100, 1, Segments.filled(1)));
    final Path log = sealed(entries);
    final byte[] bytes = Files.readAllBytes(log);
    final UUID other = new UUID(1, 2);
    assertThatThrownBy(() -> LogRepair.repair(log, other, 101, Long.MAX_VALUE))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining(other.toString());
    assertThatThrownBy(() -> LogRepair.repair(log, Segments.RECORDING, 100, Long.MAX_VALUE))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("begins with sequence 100, and the segment behind it with 100");
    bytes[3] ^= 1;
    Files.write(log, bytes);
    assertThat(lost(log, entries)).as("the header's copy is there").isZero();
    bytes[2048 + 3] ^= 1;
    Files.write(log, bytes);
    assertThatThrownBy(() -> repaired(log, entries)).isInstanceOf(SegmentException.class);
    assertThat(Files.readAllBytes(log)).isEqualTo(bytes);
    assertThat(directory).isDirectoryNotContaining(file -> !file.equals(log));
  }
}
