package io.blockcam.archive.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.faults.FaultyDisk;
import io.blockcam.archive.faults.Seeds;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentReader;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Whenever the power goes, and whatever the disk has done by then: what a segment said was forced
 * is there afterwards, in order, without a hole.
 */
final class LogPowerCutTest {

  private static final int RECORDS = 40;

  @Test
  void bringsBackWhatWasForcedWheneverThePowerGoes() {
    Seeds.forEach(LogPowerCutTest::live);
  }

  /** One segment's life: written until the power goes, at whatever step; found again. */
  private static void live(final RandomGenerator random) throws IOException {
    final List<Segments.Entry> entries = Segments.random(random, RECORDS);
    try (FaultyDisk disk = new FaultyDisk(random)) {
      disk.setShortWrites(random.nextBoolean());
      final int forced = write(disk, entries, random);
      disk.setRoom(Long.MAX_VALUE);
      disk.cutPower();
      int cuts = random.nextInt(3); // the recovery may be cut short, too
      while (cuts-- > 0) {
        disk.setRoom(random.nextInt(100_000));
        recovered(disk.root());
        disk.setRoom(Long.MAX_VALUE);
        disk.cutPower();
      }
      final @Nullable SealedLog sealed = recovered(disk.root());
      assertThat(sealed == null ? 0 : sealed.recordCount()).isGreaterThanOrEqualTo(forced);
      if (sealed != null) {
        assertPrefix(sealed, entries);
      }
    }
  }

  /** Appends, writes and forces until something ends it; returns how many records were forced. */
  private static int write(
      final FaultyDisk disk, final List<Segments.Entry> entries, final RandomGenerator random)
      throws IOException {
    int forced = 0;
    final int until = random.nextInt(entries.size() + 1);
    final LogWriter writer =
        LogWriter.create(disk.root(), Segments.header(1), SegmentLimits.DEFAULT);
    try (writer) {
      if (random.nextInt(4) == 0) {
        disk.setRoom(random.nextInt(100_000));
      }
      for (int i = 0; i < until; i++) {
        entries.get(i).appendTo(writer);
        final int choice = random.nextInt(4);
        if (choice == 0) {
          writer.write();
        } else if (choice == 1) {
          writer.force();
          forced = i + 1;
        }
      }
      if (until > 0 && random.nextBoolean()) {
        writer.seal();
        forced = until;
      }
    } catch (final IOException e) {
      assertThat(e).hasMessage("No space left on device");
    }
    return forced;
  }

  private static @Nullable SealedLog recovered(final Path directory) throws IOException {
    try {
      return LogWriter.recover(directory, Segments.chain(1)).log().orElse(null);
    } catch (final NoSuchFileException e) {
      return null; // nothing of it was ever durable
    } catch (final SegmentException e) {
      throw e;
    } catch (final IOException e) {
      assertThat(e).hasMessage("No space left on device");
      return null;
    }
  }

  private static void assertPrefix(final SealedLog sealed, final List<Segments.Entry> entries)
      throws IOException {
    try (DigestedBytes bytes = Segments.digested(sealed).open()) {
      final RecordTable table = SegmentReader.open(bytes).records();
      for (int i = 0; i < table.count(); i++) {
        assertThat(table.sequence(i)).isEqualTo(entries.get(i).sequence());
        assertThat(table.block(i)).isEqualTo(entries.get(i).block());
        assertThat(table.aux(i)).isEqualTo(entries.get(i).aux());
      }
    }
  }
}
