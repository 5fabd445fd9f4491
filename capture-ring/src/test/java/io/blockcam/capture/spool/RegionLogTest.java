package io.blockcam.capture.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.faults.FaultyDisk;
import io.blockcam.archive.record.GapReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** C4: what may differ after a power cut is known after it. */
final class RegionLogTest {

  private static final long MIB = 1L << 20;
  private static final long DISK_BYTES = 40 * MIB - 512;
  private static final Recording RECORDING = recording(new UUID(1, 2), DISK_BYTES);
  private static final int POWER_CUTS = 40;

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
  void isCleanOnlyWhenNothingWasEverWritten() throws IOException {
    assertThat(open(true).dirty().isEmpty()).isTrue();
    Files.delete(file());

    assertThat(open(false).dirtyBlocks().ranges()).isEqualTo(ranges(0, 10 * 1024));
  }

  @Test
  void namesTheBlocksOfDirtyRegions() throws IOException {
    final RegionLog log = open(true);
    log.makeDirty(array(0, 1, 9));
    assertThat(log.dirtyBlocks().ranges())
        .containsExactly(new Doubt.Range(0, 2 * 1024), new Doubt.Range(9 * 1024, 1024));
    log.makeClean(array(0, 9));
    assertThat(open(false).dirty()).isEqualTo(regions(1));
  }

  /** Whatever was not durable comes or goes; what was said to be dirty stays. */
  @Test
  void keepsWhatIsDirtyAcrossPowerCuts() throws IOException {
    final SplittableRandom random = new SplittableRandom(7);
    BitSet dirty = new BitSet();
    for (int cut = 0; cut < POWER_CUTS; cut++) {
      final RegionLog log = open(dirty.isEmpty());
      assertThat(contains(log.dirty(), dirty)).as("cut %d", cut).isTrue();
      dirty = log.dirty();
      for (int step = 0; step < 6; step++) {
        final BitSet some = regions(random.nextInt(10), random.nextInt(10));
        if (random.nextInt(3) == 0) {
          log.makeClean(some.stream().toArray());
          dirty.andNot(some);
        } else {
          if (random.nextInt(3) == 0) {
            disk.failSyncs(1);
            assertThatThrownBy(() -> log.makeDirty(some.stream().toArray()))
                .hasMessage("Input/output error");
          }
          log.makeDirty(some.stream().toArray());
          dirty.or(some);
        }
      }
      disk.cutPower();
    }
  }

  /** The next process reads what the one before has written, and no power cut takes it back. */
  @Test
  void doesNotTrustWhatAnotherProcessDidNotMakeDurable() throws IOException {
    for (int seed = 0; seed < POWER_CUTS; seed++) {
      unplug();
      disk = FaultyDisk.of(seed);
      final RegionLog log = open(true);
      disk.killAfter(1);
      assertThatThrownBy(() -> log.makeDirty(array(3))).hasMessage("the process was killed");
      disk.revive();
      final BitSet seen = open(false).dirty();
      disk.cutPower();

      assertThat(open(false).dirty()).as("seed %d", seed).isEqualTo(seen);
    }
  }

  @Test
  void remembersThatTheDiskIsNotToBeTrusted() throws IOException {
    final RegionLog log = open(true);
    log.makeDirty(array(4));
    log.distrust(GapReason.SYNC_FAILED);
    disk.cutPower();
    assertThat(open(false).isDistrusted()).isTrue();
    final RegionLog again = open(false);
    again.trust();
    disk.cutPower();
    assertThat(open(false).isDistrusted()).isFalse();
    assertThat(open(false).dirty()).isEqualTo(regions(4));
  }

  @Test
  void hasRegionsOfTheSameSizeOnALargeDisk() {
    assertThat(RegionLog.regionBytes(1, MIB)).isEqualTo(MIB);
    assertThat(RegionLog.regionBytes(100L << 40, MIB)).isEqualTo(MIB);
    assertThat(RegionLog.regionBytes(1L << 50, MIB)).as("a pebibyte").isEqualTo(8 * MIB);
  }

  /** Also when the power fails before that is in the log, but not before the spool says so. */
  @Test
  void isDirtyAndNotTrustedWhereTheDiskHasGrown() throws IOException {
    final long grown = DISK_BYTES + 5 * MIB;
    for (int seed = 0; seed < 4; seed++) {
      unplug();
      disk = FaultyDisk.of(seed);
      final RegionLog log = open(true);
      if (seed % 2 == 0) {
        log.growTo(grown);
      }
      disk.cutPower();
      final RegionLog again =
          RegionLog.open(disk.root(), RECORDING.id(), grown, 4 * MIB, /* fresh= */ false);
      assertThat(again.dirty()).isEqualTo(regions(9, 10, 11));
      assertThat(again.dirtyBlocks().ranges())
          .containsExactly(new Doubt.Range(9 * 1024, 2 * 1024 + 256));
      assertThat(again.distrustReason()).isEqualTo(GapReason.DISK_GROWN);
    }
  }

  @Test
  void growsAgainWhenThatHasFailed() throws IOException {
    final RegionLog log = open(true);
    disk.setRoom(0);
    assertThatThrownBy(() -> log.growTo(2 * DISK_BYTES)).hasMessage("No space left on device");
    disk.setRoom(Long.MAX_VALUE);
    log.growTo(2 * DISK_BYTES);
    disk.cutPower();

    final RegionLog again =
        RegionLog.open(disk.root(), RECORDING.id(), 2 * DISK_BYTES, 4 * MIB, /* fresh= */ false);
    assertThat(again.isDistrusted()).isTrue();
  }

  /** A gap begins where the file system is full: the file is large, what is said of it small. */
  @Test
  void needsNoRoomToSayThatItIsNotToBeTrusted() throws IOException {
    final RegionLog log = open(true);
    disk.setRoom(
        RegionLogDescriptor.FIRST_PAGE_OFFSET); // the simulated disk counts what is written over
    log.distrust(GapReason.NO_ROOM);
    disk.setRoom(Long.MAX_VALUE);
    disk.cutPower();
    assertThat(open(false).distrustReason()).isEqualTo(GapReason.NO_ROOM);
  }

  @Test
  void needsOneHeaderOfTheTwo() throws IOException {
    for (int header = 0; header < RegionLogDescriptor.HEADERS; header++) {
      unplug();
      disk = FaultyDisk.of(header);
      final RegionLog log = open(true);
      log.makeDirty(array(4));
      log.distrust(GapReason.SYNC_FAILED);
      damage(header);
      final RegionLog again = open(false);
      assertThat(again.distrustReason()).isEqualTo(GapReason.SYNC_FAILED);
      assertThat(again.dirty()).isEqualTo(regions(4));
      again.trust();
      damage(header);
      assertThat(open(false).isDistrusted()).isFalse();
    }
  }

  private void damage(final int header) throws IOException {
    final byte[] content = Files.readAllBytes(file());
    content[header * RegionLogDescriptor.HEADER_BYTES + RegionLogDescriptor.DISTRUST_OFFSET] ^= 1;
    Files.write(file(), content);
  }

  /** While the header is being written: what was said before holds, or what is being said. */
  @Test
  void keepsOneHeaderWhereverThePowerGoes() throws IOException {
    for (int seed = 0; seed < POWER_CUTS; seed++) {
      unplug();
      disk = FaultyDisk.of(seed);
      final RegionLog log = open(true);
      log.distrust(GapReason.SYNC_FAILED);
      disk.setShortWrites(true);
      disk.killAfter(seed % 6);
      try {
        log.trust();
        assertThat(disk.isDead()).isFalse();
      } catch (final IOException e) {
        assertThat(e).hasMessage("the process was killed");
      }
      disk.revive();
      disk.cutPower();
      open(false);
    }
  }

  // --- bad input: one line, nothing overwritten ---

  @Test
  void refusesWhatIsNoLogOfThisDisk() throws IOException {
    open(true).makeDirty(array(2));
    refused(recording(new UUID(9, 9), DISK_BYTES), "belongs to a disk of");
    refused(recording(RECORDING.id(), DISK_BYTES - 512), "belongs to a disk of");

    final byte[] whole = Files.readAllBytes(file());
    final byte[] flipped = whole.clone();
    flipped[33] ^= 1;
    flipped[RegionLogDescriptor.HEADER_BYTES + 33] ^= 1;
    Files.write(file(), flipped);
    refused(RECORDING, "is damaged, or no log of regions; move it away, then all of the disk");
    Files.write(file(), new byte[100]);
    refused(RECORDING, "has 100 bytes, less than its headers");
  }

  /** Regions that are read for nothing do no harm. */
  @Test
  void takesAFlippedBitForDirtInAllOfItsPage() throws IOException {
    final long large = 10_000 * 4 * MIB;
    try (RegionLog log = RegionLog.open(disk.root(), RECORDING.id(), large, 4 * MIB, true)) {
      log.makeDirty(array(2, 9_000));
    }
    final byte[] flipped = Files.readAllBytes(file());
    assertThat(flipped).hasSize(RegionLogDescriptor.FIRST_PAGE_OFFSET + 3 * 512);
    flipped[RegionLogDescriptor.FIRST_PAGE_OFFSET] = 0; // 2 would be clean
    Files.write(file(), flipped);

    try (RegionLog log = RegionLog.open(disk.root(), RECORDING.id(), large, 4 * MIB, false)) {
      final BitSet page = new BitSet();
      page.set(0, RegionLogDescriptor.PAGE_REGIONS);
      page.set(9_000);
      assertThat(log.dirty()).isEqualTo(page);
      log.makeClean(page.stream().toArray());
    }
    try (RegionLog log = RegionLog.open(disk.root(), RECORDING.id(), large, 4 * MIB, false)) {
      assertThat(log.dirty().isEmpty()).isTrue();
    }
  }

  private void refused(final Recording recording, final String reason) throws IOException {
    final byte[] before = Files.readAllBytes(file());
    assertThatThrownBy(
            () ->
                RegionLog.open(disk.root(), recording.id(), recording.diskBytes(), 4 * MIB, false))
        .isInstanceOf(SpoolException.class)
        .hasMessageContaining(reason);
    assertThat(Files.readAllBytes(file())).isEqualTo(before);
  }

  private RegionLog open(final boolean fresh) throws IOException {
    return RegionLog.open(disk.root(), RECORDING.id(), RECORDING.diskBytes(), 4 * MIB, fresh);
  }

  private Path file() {
    return disk.root().resolve(RegionLog.FILE_NAME);
  }

  private static boolean contains(final BitSet all, final BitSet some) {
    final BitSet missing = (BitSet) some.clone();
    missing.andNot(all);
    return missing.isEmpty();
  }

  private static List<Doubt.Range> ranges(final long block, final long blocks) {
    return List.of(new Doubt.Range(block, blocks));
  }

  private static int[] array(final int... regions) {
    return regions;
  }

  private static BitSet regions(final int... regions) {
    final BitSet set = new BitSet();
    for (final int region : regions) {
      set.set(region);
    }
    return set;
  }

  private static Recording recording(final UUID id, final long diskBytes) {
    return new Recording(id, "disk", diskBytes, Instant.EPOCH, "host", "", Baseline.EMPTY);
  }
}
