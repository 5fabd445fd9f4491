package io.blockcam.capture.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.faults.FaultyDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What was in doubt is remembered until somebody says that it is not. */
final class DoubtLogTest {

  private static final UUID RECORDING = new UUID(1, 2);
  private static final long DISK_BLOCKS = 1L << 34;
  private static final int POWER_CUTS = 60;

  private FaultyDisk disk = FaultyDisk.of(0);

  @BeforeEach
  void plugIn() {
    disk = FaultyDisk.of(1);
  }

  @AfterEach
  void unplug() throws IOException {
    disk.close();
  }

  @Test
  void readsBackWhatItWrote() throws IOException {
    final List<Doubt.Range> many = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      many.add(new Doubt.Range(10 * i, 1 + i % 3));
    }
    final Doubt doubt = new Doubt(many).plus(doubt(1L << 33, 1L << 33));
    open().add(doubt);

    assertThat(open().doubt()).isEqualTo(doubt);
  }

  /** Nothing of what was said is missing, nothing that was never said is there. */
  @Test
  void keepsWhatIsInDoubtAcrossPowerCuts() throws IOException {
    for (int seed = 0; seed < POWER_CUTS; seed++) {
      unplug();
      disk = FaultyDisk.of(seed);
      final SplittableRandom random = new SplittableRandom(seed);
      Doubt said = Doubt.NONE;
      for (int life = 0; life < 5; life++) {
        final DoubtLog log = open();
        assertThat(log.doubt()).as("seed %d, life %d", seed, life).isEqualTo(said);
        for (int step = random.nextInt(8); step > 0; step--) {
          if (random.nextInt(5) == 0) {
            said = said.without(random.nextInt(20));
            log.keep(said);
          } else {
            final Doubt more = doubt(random.nextInt(1000), random.nextInt(1, 9));
            if (random.nextInt(3) == 0) {
              disk.failSyncs(1);
              assertFailsOrNeedsNone(log, more);
              disk.failSyncs(0);
            }
            log.add(more);
            said = said.plus(more);
          }
        }
        disk.cutPower();
      }
    }
  }

  private static void assertFailsOrNeedsNone(final DoubtLog log, final Doubt more) {
    try {
      log.add(more);
    } catch (final IOException e) {
      assertThat(e).hasMessage("Input/output error");
    }
  }

  /** The power fails while something is appended: before the sync, so nobody was told of it. */
  @Test
  void opensWhereverAnAppendWasCut() throws IOException {
    final List<Doubt.Range> many = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      many.add(new Doubt.Range(100 + 2 * i, 1));
    }
    for (int seed = 0; seed < POWER_CUTS; seed++) {
      unplug();
      disk = FaultyDisk.of(seed);
      final DoubtLog log = open();
      log.add(doubt(7, 3));
      disk.failSyncs(1);
      assertThatThrownBy(() -> log.add(new Doubt(many))).hasMessage("Input/output error");
      disk.cutPower();
      assertThat(open().doubt().ranges()).as("seed %d", seed).contains(new Doubt.Range(7, 3));
    }
  }

  /** A disk that fails for days. */
  @Test
  void doesNotGrowForEver() throws IOException {
    final DoubtLog log = open();
    for (int i = 0; i < 4_500; i++) {
      log.add(doubt(i, 1));
      log.add(doubt(1_000_000 + i % 2_000 * 2L, 1));
    }
    assertThat(Files.size(file())).isLessThanOrEqualTo(4 << 20);
    assertThat(open().doubt()).isEqualTo(log.doubt());
  }

  /** What is joined covers more than the file says: then the file has to say it, too. */
  @Test
  void remembersWhatItsJoinedRangesCover() throws IOException {
    final DoubtLog log = open();
    final List<Doubt.Range> many = new ArrayList<>();
    for (int i = 0; i < Doubt.MOST_RANGES; i++) {
      many.add(new Doubt.Range(4L * i, 1));
    }
    log.add(new Doubt(many));
    log.add(doubt(4L * Doubt.MOST_RANGES + 100, 1));
    log.add(doubt(2, 1));

    assertThat(open().doubt().plus(doubt(2, 1))).isEqualTo(open().doubt());
  }

  @Test
  void isGoneOnceNothingIsInDoubt() throws IOException {
    final DoubtLog log = open();
    log.add(doubt(3, 4));
    log.keep(Doubt.NONE);
    disk.cutPower();
    assertThat(file()).doesNotExist();
    log.close();
    assertThat(open().doubt()).isEqualTo(Doubt.NONE);
  }

  /** Not what a power cut leaves: the second was begun when the first was durable. */
  @Test
  void refusesAHoleInWhatWasDurable() throws IOException {
    final DoubtLog log = open();
    log.add(doubt(1, 1));
    log.add(doubt(10, 1));
    log.add(doubt(20, 1));
    final byte[] whole = Files.readAllBytes(file());
    for (int sector = 0; sector < 2; sector++) {
      final byte[] holed = whole.clone();
      Arrays.fill(holed, 512 * sector, 512 * (sector + 1), (byte) 0);
      Files.write(file(), holed);
      refused(RECORDING, DISK_BLOCKS, "is damaged: byte %d is missing".formatted(512 * sector));
    }
  }

  // --- bad input: one line, nothing overwritten ---

  @Test
  void refusesWhatIsNoDoubtOfThisDisk() throws IOException {
    open().add(doubt(DISK_BLOCKS - 1, 1));
    final byte[] whole = Files.readAllBytes(file());
    refused(RECORDING, DISK_BLOCKS - 1, "names 1 blocks from %d on".formatted(DISK_BLOCKS - 1));
    refused(new UUID(9, 9), DISK_BLOCKS, "belongs to recording");
    for (int bit = 0; bit < 8 * whole.length; bit += 7) {
      final byte[] flipped = whole.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(file(), flipped);
      refused(RECORDING, DISK_BLOCKS, "is damaged at byte 0");
    }
    Files.write(file(), new byte[9 << 20]);
    refused(RECORDING, DISK_BLOCKS, "has 9437184 bytes, too many");
  }

  private void refused(final UUID recording, final long blocks, final String reason)
      throws IOException {
    final byte[] before = Files.readAllBytes(file());
    assertThatThrownBy(() -> DoubtLog.open(disk.root(), recording, blocks))
        .isInstanceOf(SpoolException.class)
        .hasMessageContaining(reason)
        .hasMessageContaining("--rebind");
    assertThat(Arrays.equals(Files.readAllBytes(file()), before)).isTrue();
  }

  private DoubtLog open() throws IOException {
    return DoubtLog.open(disk.root(), RECORDING, DISK_BLOCKS);
  }

  private Path file() {
    return disk.root().resolve(DoubtLog.FILE_NAME);
  }

  private static Doubt doubt(final long block, final long blocks) {
    return new Doubt(List.of(new Doubt.Range(block, blocks)));
  }
}
