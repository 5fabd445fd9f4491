package io.blockcam.capture.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.faults.FaultyDisk;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.log.LogName;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.support.TestRecord;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class SpoolTest {
  private static final long LIMIT = 1 << 20;
  private static final SegmentLimits SMALL = new SegmentLimits(64 << 10, 1000);
  private static final Recording DISK = recording(new UUID(1, 2), "disk", 1 << 30);

  @TempDir Path parent;
  private Path directory;
  private long nextSequence;
  private final Random random = new Random(1);

  /** Whoever seals. */
  private Executor sealer = Runnable::run;

  @BeforeEach
  void place() {
    directory = parent.resolve("spool");
  }

  // --- whose it is ---

  @Test
  void leavesNoDirectoriesWhenItCannotMakeItsOwn() {
    final Path above = Path.of("/dev/shm", "blockcam-spool-" + UUID.randomUUID());

    assertThatThrownBy(
            () -> Spool.open(above.resolve("a").resolve("x".repeat(300)), DISK, 1L << 30))
        .isInstanceOf(IOException.class);

    assertThat(above).doesNotExist();
  }

  @Test
  void makesAPrivateDirectory() throws IOException {
    try (Spool spool = open()) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)))
          .isEqualTo("rwx------");
      assertThat(spool.state()).isEqualTo(SpoolState.initial(DISK));
      assertThat(spool.shipped())
          .isEqualTo(new Shipped(DISK.id(), 0, Sha256.of(spool.recordingJson())));
      assertThat(Spool.recordingOf(directory)).contains(DISK);
      assertThat(spool.sealed()).isEmpty();
    }
  }

  @Test
  void refusesTheSpoolOfAnotherRecordingAndTouchesNothing() throws IOException {
    open().close();
    final List<String> before = files();
    final Recording other = recording(new UUID(3, 4), "other", 1 << 30);
    assertThatThrownBy(() -> Spool.open(directory, other, LIMIT))
        .isInstanceOf(SpoolException.class)
        .hasMessage(
            ("spool %s: belongs to recording 'disk' (%s), not 'other' (%s);"
                    + " choose another --spool")
                .formatted(directory, DISK.id(), other.id()));
    assertThat(files()).isEqualTo(before);
  }

  @Test
  void refusesTheSpoolOfADiskOfAnotherSize() throws IOException {
    open().close();
    final Recording grown = recording(DISK.id(), "disk", 1 << 21);
    assertThatThrownBy(() -> Spool.open(directory, grown, LIMIT))
        .hasMessageContaining("belongs to a disk of 1073741824 bytes, not 2097152");
  }

  @Test
  void refusesADirectoryOfSomethingElse() throws IOException {
    Files.createDirectory(directory);
    Files.writeString(directory.resolve("letters.txt"), "dear");
    assertThatThrownBy(this::open)
        .hasMessageContaining("is not empty and not a spool (it has letters.txt)");
    assertThat(files()).containsExactly("letters.txt");
  }

  @Test
  void refusesASpoolThatIsInUse() throws IOException {
    try (Spool spool = open()) {
      assertThatThrownBy(this::open).hasMessageContaining("in use by another recorder");
      assertThat(spool.backlog()).isZero();
    }
    open().close();
  }

  @Test
  void refusesAStateThatIsNoState() throws IOException {
    open().close();
    Files.writeString(directory.resolve("spool.json"), "{\"formatVersion\":2}");
    assertThatThrownBy(this::open).hasMessageContaining("recordingId is missing");
    Files.writeString(directory.resolve("spool.json"), "{\"formatVersion\":1}");
    assertThatThrownBy(this::open).hasMessageContaining("format version 1 is unknown");
    Files.writeString(directory.resolve("spool.json"), "{");
    assertThatThrownBy(this::open).hasMessageContaining("is no JSON");
  }

  @Test
  void refusesWhatIsShippedAndNoState() throws IOException {
    open().close();
    final Path shipped = directory.resolve("shipped.json");
    Files.writeString(shipped, "{\"formatVersion\":1}");
    assertThatThrownBy(this::open).hasMessageContaining("recordingId is missing");
    Files.write(shipped, new Shipped(new UUID(0, 1), 0, TestRecord.ANY_DIGEST).toJson());
    assertThatThrownBy(this::open).hasMessageContaining("belongs to recording 00000000-0000");
    Files.write(shipped, new Shipped(DISK.id(), 3, TestRecord.ANY_DIGEST).toJson());
    assertThatThrownBy(this::open)
        .hasMessageContaining("spool.json: is older than shipped.json: segment 2 is shipped");
    assertThat(files()).as("nothing was touched").contains("shipped.json", "spool.json");
  }

  @Test
  void takesUpADirectoryWhoseMakingWasInterrupted() throws IOException {
    Files.createDirectory(directory);
    Files.writeString(directory.resolve("recording.json.new"), "{");
    Files.createFile(directory.resolve("lock"));
    try (Spool spool = open()) {
      assertThat(spool.recording()).isEqualTo(DISK);
      assertThat(files()).containsExactly("lock", "recording.json", "spool.json");
    }
  }

  // --- going on ---

  @Test
  void goesOnWithTheNextEpochSequenceAndSegment() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 3);
      writer.seal();
    }
    try (Spool spool = open()) {
      assertThat(spool.beginEpoch()).isEqualTo(1);
      assertThat(spool.state().nextSegment()).isEqualTo(1);
      assertThat(spool.state().nextSequence()).isEqualTo(3);
      assertThat(spool.backlog()).isEqualTo(1);
      final SpoolWriter writer = writer(spool, 1);
      append(writer, 2);
      writer.seal();
      assertThat(TestRecord.ofSegments(spool.sealed()))
          .extracting(TestRecord::sequence)
          .containsExactly(0L, 1L, 2L, 3L, 4L);
    }
  }

  @Test
  void remembersWhereItStandsWhenEverythingWasShipped() throws IOException {
    final SpoolState state;
    final Shipped shipped;
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 3);
      writer.seal();
      spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
      state = spool.state();
      shipped = spool.shipped();
      assertThat(shipped).isEqualTo(new Shipped(DISK.id(), 1, TestRecord.ANY_DIGEST));
    }
    try (Spool spool = open()) {
      assertThat(spool.state()).isEqualTo(state);
      assertThat(spool.shipped()).isEqualTo(shipped);
      assertThat(spool.bytes()).isZero();
    }
  }

  @Test
  void finishesASegmentThatACrashLeftOpen() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 5);
      writer.write();
      append(writer, 2); // never handed to the kernel
      writer.close();
    }
    try (Spool spool = open()) {
      assertThat(spool.state().nextSequence()).isEqualTo(5);
      assertThat(spool.state().nextSegment()).isEqualTo(1);
      assertThat(spool.backlog()).isEqualTo(1);
      assertThat(spool.recovered()).hasSize(1);
      assertThat(files()).containsExactly("0000000000.log", "lock", "recording.json", "spool.json");
      assertThat(TestRecord.ofSegments(spool.sealed())).hasSize(5);
    }
  }

  @Test
  void removesASegmentThatHadNoRecord() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      writer.admit(1);
      writer.close();
    }
    try (Spool spool = open()) {
      assertThat(spool.state().nextSegment()).isZero();
      assertThat(files()).containsExactly("lock", "recording.json", "spool.json");
    }
  }

  @Test
  void findsASegmentThatWasSealedButNotYetListed() throws IOException {
    final byte[] stateBefore;
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 1);
      writer.seal();
      stateBefore = Files.readAllBytes(directory.resolve("spool.json"));
      append(writer, 4);
      writer.seal();
    }
    Files.write(directory.resolve("spool.json"), stateBefore);
    try (Spool spool = open()) {
      assertThat(spool.state().nextSequence()).isEqualTo(5);
      assertThat(spool.backlog()).isEqualTo(2);
    }
  }

  @Test
  void removesALogThatAPowerCutBroughtBack() throws IOException {
    final byte[] log;
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 1);
      writer.seal();
      log = Files.readAllBytes(directory.resolve(LogName.sealed(0)));
      spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
    }
    Files.write(directory.resolve(LogName.sealed(0)), log);
    try (Spool spool = open()) {
      assertThat(spool.state().nextSegment()).isEqualTo(1);
      assertThat(files()).containsExactly("lock", "recording.json", "shipped.json", "spool.json");
    }
  }

  @Test
  void refusesToGoOnWithASegmentMissing() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      for (int i = 0; i < 3; i++) {
        append(writer, 1);
        writer.seal();
      }
    }
    for (final int number : new int[] {1, 2, 0}) {
      final Path log = directory.resolve(LogName.sealed(number));
      final Path away = directory.resolveSibling("away");
      Files.move(log, away);
      assertThatThrownBy(this::open)
          .hasMessageContaining("segment %d is missing, which is not shipped yet", number);
      Files.move(away, log);
    }
    open().close();
  }

  @Test
  void refusesASegmentThatDoesNotFit() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 1);
      writer.seal();
    }
    Files.copy(directory.resolve(LogName.sealed(0)), directory.resolve(LogName.sealed(5)));
    assertThatThrownBy(this::open)
        .hasMessageContaining("segment 5 does not fit, segment 1 is next");
  }

  // --- the limit ---

  @Test
  void blocksAtTheLimitAndGoesOnWithHysteresis() throws IOException {
    try (Spool spool = Spool.open(directory, DISK, 200 << 10)) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      fill(writer);
      assertThat(spool.isBlocked()).isTrue();
      assertThat(spool.bytes()).isBetween(190L << 10, 200L << 10);
      final AtomicInteger told = new AtomicInteger();
      spool.onRemoved(told::incrementAndGet);
      spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
      assertThat(told).hasValue(1);
      assertThat(writer.admit(1)).isTrue();
      assertThat(spool.isBlocked()).isFalse();
      writer.close();
    }
  }

  @Test
  void goesOnWhenTheLimitIsRaisedAndWaitsWhenItIsLowered() throws IOException {
    try (Spool spool = Spool.open(directory, DISK, 200 << 10)) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      fill(writer);
      spool.setLimitBytes(400 << 10);
      assertThat(writer.admit(1)).isTrue();
      assertThat(spool.isBlocked()).isFalse();
      appendAdmitted(writer);
      writer.write();
      spool.setLimitBytes(100 << 10);
      assertThat(writer.admit(1)).isFalse();
      assertThat(spool.bytes()).as("nothing of it goes").isGreaterThan(190 << 10);
      writer.close();
    }
  }

  /** Within one cycle of the consumer, too: what was taken counts before it is written. */
  @Test
  void keepsItsLimitBetweenTwoWrites() throws IOException {
    try (Spool spool = Spool.open(directory, DISK, 200 << 10)) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      while (writer.admit(1)) {
        appendAdmitted(writer);
      }
      writer.write();
      assertThat(spool.bytes()).isBetween(190L << 10, 200L << 10);
      writer.close();
    }
  }

  @Test
  void countsWhatRecordsTakeAndNotWhatTheyMightTake() throws IOException {
    try (Spool spool = Spool.open(directory, DISK, 60 << 10)) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      for (int i = 0; i < 100; i++) {
        assertThat(writer.admit(1)).as("flush %d", i).isTrue();
        writer.append(
            RecordView.allocate().put(nextSequence++, 0, 0, RecordKind.FLUSH, 0, 0),
            2_000,
            RecordFlags.FIRST,
            null,
            0);
      }
      writer.close();
    }
  }

  @Test
  void sealsWhatIsOpenWhenNothingElseCouldMakeRoom() throws IOException {
    try (Spool spool = Spool.open(directory, DISK, 30 << 10)) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      fill(writer);
      assertThat(spool.backlog()).isEqualTo(1);
      spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
      assertThat(writer.admit(1)).isTrue();
      writer.close();
    }
  }

  @Test
  void admitsEverythingAtTheEnd() throws IOException {
    try (Spool spool = Spool.open(directory, DISK, 30 << 10)) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      writer.ignoreLimit();
      for (int i = 0; i < 50; i++) {
        append(writer, 1);
      }
      writer.seal();
      assertThat(spool.bytes()).isGreaterThan(200 << 10);
    }
  }

  // --- writing ---

  @Test
  void sealsWhenFullWithoutCuttingAWrite() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      for (int i = 0; i < 10; i++) {
        append(writer, 4);
      }
      writer.seal();
      for (final Path segment : spool.sealed()) {
        assertThat(Files.size(segment)).isLessThanOrEqualTo(64 << 10);
        assertThat(TestRecord.ofSegment(segment).getFirst().has(RecordFlags.FIRST)).isTrue();
      }
      assertThat(spool.sealed()).hasSizeGreaterThan(2);
    }
  }

  @Test
  void isDueForSealingWhenOldAndNotWhenEmpty() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      assertThat(writer.sealDueNs()).isEqualTo(Long.MAX_VALUE);
      append(writer, 1);
      assertThat(writer.sealDueNs() - System.nanoTime())
          .isBetween(Duration.ofSeconds(50).toNanos(), Duration.ofSeconds(60).toNanos());
      writer.seal();
      assertThat(writer.sealDueNs()).isEqualTo(Long.MAX_VALUE);
    }
  }

  @Test
  void beginsASegmentAgainThatCouldNotBeBegun() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      Files.createFile(directory.resolve("0000000000.open.new")); // as a full disk leaves it
      append(writer, 1);
      writer.seal();
      assertThat(spool.backlog()).isEqualTo(1);
    }
  }

  // --- shipping ---

  @Test
  void isEmptiedFromTheOldEndOnly() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 1);
      writer.seal();
      append(writer, 1);
      writer.seal();
      final Path second = spool.sealed().get(1);
      assertThatThrownBy(() -> spool.remove(second, TestRecord.ANY_DIGEST))
          .isInstanceOf(IllegalArgumentException.class);
      spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
      assertThat(spool.sealed()).startsWith(second);
      spool.remove(second, TestRecord.ANY_DIGEST);
      assertThat(spool.sealed()).isEmpty();
      assertThat(spool.bytes()).isZero();
    }
  }

  @Test
  @Timeout(60)
  void wakesWhoeverWaitsForASealedSegment() throws Exception {
    try (Spool spool = open()) {
      spool.awaitSealed(Duration.ofMillis(1));
      final Thread shipper =
          new Thread(
              () -> {
                try {
                  spool.awaitSealed(Duration.ofDays(1));
                } catch (final InterruptedException e) {
                  throw new AssertionError(e);
                }
              });
      shipper.start();
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 1);
      writer.seal();
      shipper.join();
      assertThat(spool.sealed()).isNotEmpty();
    }
  }

  /** Else it would wait for the next write before it is shipped. */
  @Test
  void isDueAgainWhenASealedSegmentCouldNotBeListed() throws IOException {
    try (FaultyDisk disk = new FaultyDisk(random)) {
      directory = disk.root().resolve("spool");
      try (Spool spool = open()) {
        final SpoolWriter writer = writer(spool, spool.beginEpoch());
        append(writer, 1);
        final long dueNs = writer.sealDueNs();
        // Of its log, its end mark, its name, and then of spool.json.
        disk.failSyncs(3, 1);
        assertThatThrownBy(writer::seal).isInstanceOf(IOException.class);
        assertThat(spool.sealed()).isEmpty();
        assertThat(writer.sealDueNs()).isEqualTo(dueNs);
        writer.seal();
        assertThat(spool.sealed()).hasSize(1);
        assertThat(writer.sealDueNs()).isEqualTo(Long.MAX_VALUE);
      }
    }
  }

  /** Whatever it is that fails: its digest is not lost, and the next one is not held up. */
  @Test
  void goesOnWithTheNextSegmentWhenARemovalHasFailed() throws IOException {
    for (int sound = 0; sound < 2; sound++) {
      try (FaultyDisk disk = new FaultyDisk(random)) {
        directory = disk.root().resolve("spool");
        try (Spool spool = open()) {
          final SpoolWriter writer = writer(spool, spool.beginEpoch());
          append(writer, 1);
          writer.seal();
          append(writer, 1);
          writer.seal();
          final List<Path> both = spool.sealed();
          disk.failSyncs(sound, 1);
          assertThatThrownBy(() -> spool.remove(both.getFirst(), TestRecord.ANY_DIGEST))
              .isInstanceOf(IOException.class);
          assertThat(spool.sealed()).isEqualTo(both);
          spool.remove(both.getFirst(), TestRecord.ANY_DIGEST);
          spool.remove(both.getLast(), TestRecord.ANY_DIGEST);
          assertThat(spool.bytes()).isZero();
          assertThat(spool.shipped().segments()).isEqualTo(2);
        }
      }
    }
  }

  /** A file that cannot be removed, or be put aside, holds nothing up. */
  @Test
  void forgetsAFileThatItCannotRemove() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      for (int i = 0; i < 2; i++) {
        append(writer, 4);
        writer.seal();
      }
      for (final Path log : spool.sealed()) {
        Files.delete(log);
        Files.createDirectories(
            log.resolve("in-the-way")); // rename(2) puts it aside, unlink cannot
        spool.remove(log, TestRecord.ANY_DIGEST);
      }
      assertThat(spool.spares().bytes()).isPositive();
      spool.setLimitBytes(spool.bytes() + 10 * SpoolWriter.RECORD_FOOTPRINT_BYTES);
      append(writer, 1);
      assertThat(spool.spares().bytes()).isZero();
      append(writer, 4);
      writer.seal();
      assertThat(spool.isBlocked()).isFalse();
      writer.close();
    }
  }

  /** The rename was done, and is not durable yet: nothing more may go into that segment. */
  @Test
  void finishesASealThatFailedHalfWayBeforeItTakesMore() throws IOException {
    try (FaultyDisk disk = new FaultyDisk(random)) {
      directory = disk.root().resolve("spool");
      try (Spool spool = open()) {
        final SpoolWriter writer = writer(spool, spool.beginEpoch());
        append(writer, 1);
        writer.write();
        disk.failSyncs(2, 2); // of its log and its end mark, but not of its name
        assertThatThrownBy(writer::seal).isInstanceOf(IOException.class);
        assertThat(files()).contains("0000000000.log");
        assertThatThrownBy(writer::write).as("it still fails").isInstanceOf(IOException.class);

        writer.write();
        append(writer, 1);
        writer.seal();
        assertThat(spool.sealed()).hasSize(2);
        writer.close();
      }
    }
  }

  // --- files that are written over ---

  /** What a shorter or a longer segment leaves of the one before must not be taken for its own. */
  @Test
  void writesOverTheFilesOfSegmentsThatWereShipped() throws IOException {
    final List<Object> files = new ArrayList<>();
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      for (final int blocks : new int[] {4, 4, 1, 3, 4, 2}) {
        append(writer, blocks);
        writer.seal();
        final Path sealed = spool.sealed().getFirst();
        assertThat(TestRecord.ofSegments(List.of(sealed))).hasSize(blocks);
        files.add(Files.readAttributes(sealed, BasicFileAttributes.class).fileKey());
        spool.remove(sealed, TestRecord.ANY_DIGEST);
      }
      assertThat(Set.copyOf(files)).as("the file of each is the next one's").hasSize(1);
      writer.close();
    }
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).noneMatch(file -> file.toString().endsWith(".spare"));
    }
  }

  /** Killed at once, before and behind its first records. */
  @Test
  void bringsBackNothingOfTheFilesThatAreWrittenOver() throws IOException {
    for (int blocks = 0; blocks < 4; blocks++) {
      final SpoolWriter writer;
      final long next;
      try (Spool spool = open()) {
        writer = writer(spool, spool.beginEpoch());
        for (int i = 0; i < 2; i++) {
          append(writer, 4);
          writer.seal();
          spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
        }
        assertThat(writer.admit(4)).isTrue();
        for (int i = 0; i < blocks; i++) {
          append(writer, RecordFlags.FIRST, i);
        }
        writer.write();
        next = nextSequence;
        writer.close();
      }
      try (Spool spool = open()) {
        assertThat(spool.state().nextSequence()).isEqualTo(next);
        assertThat(spool.recovered()).hasSize(1);
        assertThat(spool.recovered().getFirst().cutReason()).isEmpty();
        assertThat(TestRecord.ofSegments(spool.sealed())).hasSize(blocks);
        for (final Path sealed : spool.sealed()) {
          spool.remove(sealed, TestRecord.ANY_DIGEST);
        }
      }
    }
  }

  @Test
  void keepsNoFileForWhichThereIsNoRoom() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 4);
      writer.seal();
      append(writer, 1); // in a file of its own
      spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
      final long spareBytes = spool.spares().bytes();
      assertThat(spareBytes).isPositive();
      spool.setLimitBytes(spool.bytes() + spareBytes + 3 * SpoolWriter.RECORD_FOOTPRINT_BYTES);
      append(writer, 1);
      assertThat(spool.spares().bytes()).isEqualTo(spareBytes);
      append(writer, 4);
      assertThat(spool.spares().bytes()).isZero();
      writer.seal();
      spool.setLimitBytes(spool.bytes() - 1);
      spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
      assertThat(spool.spares().bytes()).isZero();
      writer.close();
    }
  }

  // --- sealed by somebody else ---

  /** Nobody waits for a seal; and what is forced meanwhile is there after a crash, in its order. */
  @Test
  void takesRecordsWhileTheSegmentBeforeIsSealed() throws IOException {
    final Queue<Runnable> seals = new ArrayDeque<>();
    sealer = seals::add;
    final long bytes;
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 2);
      writer.seal();
      assertThat(spool.sealed()).isEmpty();
      assertThat(writer.sealDueNs()).isEqualTo(Long.MAX_VALUE);
      append(writer, 3);
      writer.force();
      writer.write();
      bytes = spool.bytes();
      writer.close();
    }
    seals.remove().run(); // too late: it does nothing
    try (Spool spool = open()) {
      assertThat(spool.sealed()).hasSize(2);
      assertThat(spool.state().nextSequence()).isEqualTo(nextSequence);
      assertThat(spool.recovered()).hasSize(2);
      assertThat(spool.bytes()).isEqualTo(bytes);
    }
  }

  @Test
  void sealsItselfWhatItCanNotWaitFor() throws IOException {
    final Queue<Runnable> seals = new ArrayDeque<>();
    sealer = seals::add;
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 1);
      writer.seal();
      append(writer, 1);
      writer.seal();
      assertThat(spool.sealed()).hasSize(1);
      writer.finish();
      assertThat(spool.sealed()).hasSize(2);
      seals.forEach(Runnable::run);
      assertThat(spool.sealed()).hasSize(2);
      writer.close();
    }
  }

  /** The sealer has nobody to tell it to. */
  @Test
  void goesOnWithASealThatFailedElsewhere() throws IOException {
    try (FaultyDisk disk = new FaultyDisk(random)) {
      directory = disk.root().resolve("spool");
      final Queue<Runnable> seals = new ArrayDeque<>();
      sealer = seals::add;
      try (Spool spool = open()) {
        final SpoolWriter writer = writer(spool, spool.beginEpoch());
        append(writer, 1);
        final long dueNs = writer.sealDueNs();
        writer.seal();
        append(writer, 1);
        disk.failSyncs(1);
        seals.remove().run();
        assertThatThrownBy(writer::settle).isInstanceOf(IOException.class);
        assertThat(spool.sealed()).isEmpty();
        assertThat(writer.sealDueNs()).as("of the open one").isGreaterThanOrEqualTo(dueNs);
        writer.settle();
        assertThat(spool.sealed()).hasSize(1);
        writer.finish();
        assertThat(spool.sealed()).hasSize(2);
        assertThat(spool.state().nextSequence()).isEqualTo(nextSequence);
      }
    }
  }

  /**
   * A quiet disk and an archive that is away: one segment that grows, not one every few seconds.
   */
  @Test
  void isNotDueForItsAgeWhileOthersWaitToBeShipped() throws IOException {
    try (Spool spool = open()) {
      nextSequence = spool.state().nextSequence();
      final SpoolWriter writer =
          new SpoolWriter(
              spool,
              spool.beginEpoch(),
              new SealRules(SMALL, Duration.ofNanos(1), 2, sealer),
              new WallClock(WallClock.Source.system()),
              spool::addDoubt);
      for (int i = 0; i < 2; i++) {
        append(writer, 1);
        assertThat(writer.sealDueNs()).isLessThanOrEqualTo(System.nanoTime());
        writer.seal();
      }
      append(writer, 1);
      assertThat(writer.sealDueNs()).isEqualTo(Long.MAX_VALUE);
      spool.remove(spool.sealed().getFirst(), TestRecord.ANY_DIGEST);
      assertThat(writer.sealDueNs()).isLessThanOrEqualTo(System.nanoTime());
    }
  }

  private static void flip(final Path log, final int at) throws IOException {
    final byte[] bytes = Files.readAllBytes(log);
    bytes[at] ^= 1;
    Files.write(log, bytes);
  }

  /** A bit of a segment that waits: what is lost is read back from the disk. */
  @Test
  void makesADamagedSegmentAnewOnceSomebodyCanReadBack() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      append(writer, 3);
      writer.seal();
      append(writer, 1);
      writer.finish();
      writer.close();
      final Path first = spool.sealed().getFirst();
      final long bytes = spool.bytes();
      flip(first, 4096 + 128);
      final byte[] damaged = Files.readAllBytes(first);

      assertThatThrownBy(() -> spool.repair(first))
          .isInstanceOf(SpoolException.class)
          .hasMessageContaining("1 blocks are read back, when the disk is recorded");
      assertThat(first).hasBinaryContent(damaged);

      final List<Doubt> lost = new ArrayList<>();
      spool.onLoss(
          more -> {
            assertThat(first).as("a crash must not forget them").hasBinaryContent(damaged);
            lost.add(more);
          });
      assertThat(spool.repair(first)).isEqualTo("1 payloads and 0 records are lost");
      assertThat(lost).hasSize(1);
      assertThat(lost.getFirst().blocks()).isEqualTo(1);
      final List<TestRecord> records = TestRecord.ofSegment(first);
      assertThat(records).hasSize(3);
      assertThat(records.getFirst().kind()).isEqualTo(RecordKind.GAP);
      assertThat(spool.bytes()).isEqualTo(bytes - 4096 - 64);
      assertThat(spool.sealed()).hasSize(2);

      spool.remove(first, TestRecord.ANY_DIGEST);
      assertThat(spool.bytes()).isEqualTo(Files.size(spool.sealed().getFirst()));
    }
    try (Spool again = open()) {
      assertThat(again.sealed()).hasSize(1);
    }
  }

  @Test
  void makesAnewSegmentsThatAreDamagedSideBySide() throws IOException {
    try (Spool spool = open()) {
      final SpoolWriter writer = writer(spool, spool.beginEpoch());
      for (int i = 0; i < 3; i++) {
        append(writer, 2);
        writer.seal();
      }
      writer.finish();
      writer.close();
      final List<Doubt> lost = new ArrayList<>();
      spool.onLoss(lost::add);
      for (final Path log : spool.sealed()) {
        flip(log, 4096 + 5); // its first record
        flip(log, (int) Files.size(log) - 60); // its end mark
      }
      for (final Path log : spool.sealed()) {
        spool.repair(log);
        assertThat(TestRecord.ofSegment(log)).hasSize(2);
        spool.remove(log, TestRecord.ANY_DIGEST);
      }
      assertThat(lost).hasSize(3).allMatch(doubt -> doubt.blocks() == DISK.diskBytes() / 4096);
    }
  }

  private Spool open() throws IOException {
    return Spool.open(directory, DISK, LIMIT);
  }

  private SpoolWriter writer(final Spool spool, final long epoch) {
    nextSequence = spool.state().nextSequence();
    return new SpoolWriter(
        spool,
        epoch,
        new SealRules(SMALL, Duration.ofSeconds(60), 1, sealer),
        new WallClock(WallClock.Source.system()),
        spool::addDoubt);
  }

  /** One write of so many blocks. */
  private void append(final SpoolWriter writer, final int blocks) throws IOException {
    assertThat(writer.admit(blocks)).isTrue();
    for (int i = 0; i < blocks; i++) {
      append(writer, i == 0 ? RecordFlags.FIRST : 0, i);
    }
  }

  /** Up to the limit. */
  private void fill(final SpoolWriter writer) throws IOException {
    while (writer.admit(1)) {
      appendAdmitted(writer);
      writer.write();
    }
  }

  private void appendAdmitted(final SpoolWriter writer) throws IOException {
    append(writer, RecordFlags.FIRST, 0);
  }

  private void append(final SpoolWriter writer, final int flags, final long block)
      throws IOException {
    final byte[] payload = new byte[4096];
    random.nextBytes(payload);
    writer.append(
        RecordView.allocate().put(nextSequence++, block, 1, RecordKind.DATA, 0xff, 0),
        2_000,
        flags,
        MemorySegment.ofArray(payload),
        0);
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static Recording recording(final UUID id, final String name, final long diskBytes) {
    return new Recording(id, name, diskBytes, Instant.EPOCH, "host", "", Baseline.EMPTY);
  }
}
