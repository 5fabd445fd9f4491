package io.blockcam.archive.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.faults.FaultyDisk;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.LittleEndian;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whatever instant the recorder dies at: what was whole comes back, and nothing else does. */
class SegmentRecoveryTest {
  private static final String OPEN = "0000000001.open";
  private static final String JOURNAL = "0000000001.journal";
  private static final String SEALED = "0000000001.seg";

  private static final List<Segments.Entry> ENTRIES =
      List.of(
          point(100, RecordKind.START),
          Segments.data(101, 1, Segments.filled(1)),
          Segments.data(102, 2, Segments.filled(1)),
          Segments.data(103, 3, Segments.filled(2)),
          point(104, RecordKind.FLUSH),
          Segments.data(105, 4, Segments.filled(3)));

  /** Where in the journal each entry ends: its record, and hashes when it owns a payload. */
  private static final List<Integer> ENTRY_ENDS = List.of(128, 256, 320, 448, 512, 640);

  /** In memory: thousands of recoveries, each with several syncs. */
  private final FaultyDisk disk = FaultyDisk.of(0);

  private final Path parent = disk.root();
  private Path directory = Path.of("unset");
  private byte[] open = new byte[0];
  private byte[] journal = new byte[0];

  private static Segments.Entry point(final long sequence, final RecordKind kind) {
    return new Segments.Entry(sequence, Segments.CREATED_NS + sequence, 0, 0, kind, 0, 0, 0, null);
  }

  @AfterEach
  void closeDisk() throws IOException {
    disk.close();
  }

  @BeforeEach
  void dieWithSixRecordsWritten() throws IOException {
    final Path crashed = Files.createDirectory(parent.resolve("crashed"));
    try (SegmentWriter writer =
        SegmentWriter.create(crashed, Segments.header(1), SegmentLimits.DEFAULT)) {
      for (final Segments.Entry entry : ENTRIES) {
        entry.appendTo(writer);
      }
      writer.write();
    }
    open = Files.readAllBytes(crashed.resolve(OPEN));
    journal = Files.readAllBytes(crashed.resolve(JOURNAL));
    directory = Files.createDirectory(parent.resolve("spool"));
  }

  @Test
  void bringsBackEverythingThatWasWritten() throws IOException {
    final Recovered recovered = recover(open, journal);

    assertThat(recovered.cutJournalBytes()).isZero();
    assertThat(recovered.cutReason()).isEmpty();
    assertSealed(recovered, 6);
  }

  @Test
  void keepsWholeEntriesWhereverTheJournalWasCut() throws IOException {
    for (int length = 64; length <= journal.length; length++) {
      final int cut = length;
      final int whole = (int) ENTRY_ENDS.stream().filter(end -> end <= cut).count();
      final int used = whole == 0 ? 64 : ENTRY_ENDS.get(whole - 1);
      final Recovered recovered = recover(open, Arrays.copyOf(journal, length));

      assertThat(recovered.cutJournalBytes()).as("cut to %d", length).isEqualTo(length - used);
      assertThat(recovered.cutReason().isEmpty()).isEqualTo(length == used);
      assertSealed(recovered, whole);
    }
  }

  @Test
  void keepsRecordsWhosePayloadIsWholeWhereverTheOpenFileWasCut() throws IOException {
    for (int length = 4096; length <= open.length; length += length % 4096 == 4095 ? 1 : 455) {
      final int payloads = (length - 4096) / 4096;
      final int whole = payloads == 0 ? 1 : payloads == 1 ? 3 : payloads == 2 ? 5 : 6;
      assertSealed(recover(Arrays.copyOf(open, length), journal), whole);
    }
  }

  @Test
  void stopsAtTheFirstEntryThatIsDamaged() throws IOException {
    for (int at = 64; at < journal.length; at++) {
      final int damagedAt = at;
      final byte[] damaged = journal.clone();
      damaged[at] ^= 0x04;
      final int whole = (int) ENTRY_ENDS.stream().filter(end -> end <= damagedAt).count();
      assertSealed(recover(open, damaged), whole);
    }
  }

  @Test
  void stopsAtThePayloadThatIsDamaged() throws IOException {
    final byte[] damaged = open.clone();
    damaged[2 * 4096 + 3000] ^= 0x40;
    final Recovered recovered = recover(damaged, journal);
    assertThat(recovered.cutReason()).isEqualTo("record 3: its payload has another CRC32C");
    assertSealed(recovered, 3);
  }

  @Test
  void takesZeroesAtTheEndOfTheJournalForNothing() throws IOException {
    // What a power cut leaves when the length of the file was written, but not its bytes.
    assertSealed(recover(open, Arrays.copyOf(journal, journal.length + 1000)), 6);
    final byte[] zeroed = journal.clone();
    Arrays.fill(zeroed, 300, zeroed.length, (byte) 0);
    assertSealed(recover(open, zeroed), 2);
  }

  /** Of a segment that was shipped before, and whose files this one had. */
  @Test
  void takesNothingOfWhatTheJournalHeldBefore() throws IOException {
    final byte[] older = Arrays.copyOfRange(journal, 64, 320); // sequences that are not due
    final byte[] reused = Arrays.copyOf(journal, journal.length + 64 + older.length);
    System.arraycopy(older, 0, reused, journal.length + 64, older.length);
    final Recovered recovered = recover(open, reused);
    assertThat(recovered.cutReason()).isEmpty();
    assertThat(recovered.cutJournalBytes()).isZero();
    assertSealed(recovered, 6);
  }

  /** Zeroes end it, but not if something was written behind them. */
  @Test
  void tellsOfAHoleInTheJournal() throws IOException {
    final byte[] holed = journal.clone();
    Arrays.fill(holed, 448, 512, (byte) 0); // the flush
    final Recovered recovered = recover(open, holed);
    assertThat(recovered.cutReason()).startsWith("record 4: ");
    assertThat(recovered.cutJournalBytes()).isEqualTo(journal.length - 448);
    assertSealed(recovered, 4);
    final byte[] beginning = journal.clone();
    Arrays.fill(beginning, 64, 128, (byte) 0);
    assertThat(recover(open, beginning).cutReason()).startsWith("record 0: ");
  }

  /** Its files had their names, but not their headers, or one had none yet. */
  @Test
  void removesWhatWasNeverBegunInFilesOfAnother() throws IOException {
    final byte[] olderOpen = Segments.header(0).encode();
    final byte[] emptyJournal = Arrays.copyOf(Arrays.copyOf(journal, 64), journal.length);
    System.arraycopy(journal, 128, emptyJournal, 128, journal.length - 128);
    final byte[] reused = Arrays.copyOf(open, open.length);
    System.arraycopy(olderOpen, 0, reused, 0, olderOpen.length);
    // The sequences that the file held before are not due any more.
    final SegmentChain later = Segments.chain(1, 200);
    for (final byte[] openFile : new byte[][] {reused, open, new byte[0]}) {
      Files.write(directory.resolve(OPEN), openFile);
      Files.write(directory.resolve(JOURNAL), emptyJournal);
      assertThat(SegmentWriter.recover(directory, later).segment()).isEmpty();
      assertThat(directory).isEmptyDirectory();
    }
    Files.write(directory.resolve(JOURNAL), emptyJournal);
    assertThat(SegmentWriter.recover(directory, later).segment()).isEmpty();
    Files.write(directory.resolve(OPEN), reused);
    assertThat(SegmentWriter.recover(directory, later).segment()).isEmpty();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void doesNotTakeEntriesOfAnotherPlaceInTheOrder() throws IOException {
    // The flush is repeated: a valid record, but not the one that is due.
    final byte[] repeated = Arrays.copyOf(journal, 640);
    System.arraycopy(journal, 448, repeated, 512, 64);
    final Recovered recovered = recover(open, repeated);
    assertThat(recovered.cutReason()).isEqualTo("record 5: sequence is 104, 105 is due");
    assertSealed(recovered, 5);
  }

  @Test
  void finishesASealThatWasInterrupted() throws IOException {
    final Path reference = Files.createDirectory(parent.resolve("reference"));
    final byte[] sealed = Files.readAllBytes(Segments.write(reference, 1, ENTRIES).path());
    for (int length = open.length; length <= sealed.length; length += 61) {
      // Tables and trailer were written so far, the file was not renamed yet.
      assertSealed(recover(Arrays.copyOf(sealed, length), journal), 6);
    }
    assertSealed(recover(sealed, journal), 6);
  }

  @Test
  void findsASealedSegmentAndRemovesItsJournal() throws IOException {
    final SealedSegment sealed = Segments.write(directory, 1, ENTRIES);
    Files.write(directory.resolve(JOURNAL), journal);

    final Recovered recovered = SegmentWriter.recover(directory, Segments.chain(1));

    assertThat(recovered.segment()).contains(sealed);
    assertThat(recovered.segment().orElseThrow().trailer().recovered()).isFalse();
    assertThat(Files.exists(directory.resolve(JOURNAL))).isFalse();
  }

  @Test
  void givesTheSameAgainWhenItIsRepeated() throws IOException {
    final Recovered first = recover(open, journal);
    final byte[] bytes = Files.readAllBytes(directory.resolve(SEALED));
    // It died after sealing, before the journal was gone; or in the middle, once more.
    Files.write(directory.resolve(JOURNAL), journal);
    assertThat(SegmentWriter.recover(directory, Segments.chain(1))).isEqualTo(first);
    recover(Arrays.copyOf(bytes, bytes.length - 100), journal);
    assertThat(Files.readAllBytes(directory.resolve(SEALED))).isEqualTo(bytes);
  }

  @Test
  void removesASegmentThatWasNeverBegun() throws IOException {
    for (final int openLength : new int[] {0, 100, 4096}) {
      for (final int journalLength : new int[] {0, 10, 64}) {
        final Recovered recovered =
            recover(Arrays.copyOf(open, openLength), Arrays.copyOf(journal, journalLength));
        assertThat(recovered.segment()).isEmpty();
        assertThat(directory).isEmptyDirectory();
      }
    }
    Files.write(directory.resolve(OPEN), Arrays.copyOf(open, 4096));
    assertThat(recover().segment()).isEmpty();
    Files.write(directory.resolve(JOURNAL), Arrays.copyOf(journal, 64));
    assertThat(recover().segment()).isEmpty();
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void removesASegmentWithoutAWholeRecord() throws IOException {
    final Recovered recovered = recover(open, Arrays.copyOf(journal, 100));
    assertThat(recovered.segment()).isEmpty();
    assertThat(recovered.cutJournalBytes()).isEqualTo(36);
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void endsWhatItBeganWhereverItWasKilled() throws IOException {
    final byte[] nothingWhole = journal.clone();
    nothingWhole[64] ^= 0x04;
    endsWhatItBegan(journal, 6);
    endsWhatItBegan(nothingWhole, 0);
  }

  private void endsWhatItBegan(final byte[] journalBytes, final int whole) throws IOException {
    boolean killed = true;
    for (int calls = 0; killed; calls++) {
      try (FaultyDisk disk = new FaultyDisk(new SplittableRandom(calls))) {
        directory = disk.root();
        Files.write(directory.resolve(OPEN), open);
        Files.write(directory.resolve(JOURNAL), journalBytes);
        disk.killAfter(calls);
        assertThat(whole(disk)).isIn(-1, whole);
        killed = disk.isDead();
        disk.revive();
        assertThat(whole(disk)).as("after %d calls", calls).isIn(whole, whole == 0 ? -1 : whole);
        assertThat(directory.resolve(OPEN)).doesNotExist();
        assertThat(directory.resolve(JOURNAL)).doesNotExist();
      }
    }
  }

  /** Records brought back; -1 when it was killed, or when there is nothing any more. */
  private int whole(final FaultyDisk disk) throws IOException {
    try {
      return recover().segment().map(segment -> segment.trailer().recordCount()).orElse(0);
    } catch (final NoSuchFileException e) {
      return -1;
    } catch (final IOException e) {
      if (disk.isDead()) {
        return -1;
      }
      throw e;
    }
  }

  @Test
  void refusesFilesThatNoCrashLeavesBehind() throws IOException {
    Files.write(directory.resolve(OPEN), open);
    assertThatThrownBy(this::recover)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000001.journal: is missing though 0000000001.open is there");
    Files.write(directory.resolve(JOURNAL), Arrays.copyOf(journal, 20));
    assertThatThrownBy(this::recover).hasMessageContaining("a journal has at least 64 bytes");
    Files.delete(directory.resolve(OPEN));
    Files.write(directory.resolve(JOURNAL), journal);
    assertThatThrownBy(this::recover)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000001.open: is missing");
    Files.write(directory.resolve(OPEN), Arrays.copyOf(open, 4000));
    assertThatThrownBy(this::recover).hasMessageContaining("less than a header");
    assertThat(Files.readAllBytes(directory.resolve(JOURNAL))).isEqualTo(journal);
  }

  @Test
  void refusesWhenTheSegmentIsAlsoThereSealed() throws IOException {
    Segments.write(directory, 1, ENTRIES);
    Files.write(directory.resolve(OPEN), open);
    assertThatThrownBy(this::recover).hasMessageContaining("also there sealed");
  }

  @Test
  void refusesDamagedHeaders() {
    for (int at = 0; at < 4096; at += at < 100 ? 1 : 211) {
      final byte[] damaged = open.clone();
      damaged[at] ^= 1;
      assertThatThrownBy(() -> recover(damaged, journal)).isInstanceOf(SegmentException.class);
    }
    for (int at = 0; at < 64; at++) {
      final byte[] damaged = journal.clone();
      damaged[at] ^= 1;
      assertThatThrownBy(() -> recover(open, damaged)).isInstanceOf(SegmentException.class);
    }
  }

  @Test
  void refusesAnotherRecording() throws IOException {
    Files.write(directory.resolve(OPEN), open);
    Files.write(directory.resolve(JOURNAL), journal);
    final UUID other = UUID.fromString("00000000-0000-4000-8000-000000000000");
    final SegmentChain chain =
        new SegmentChain(
            other, Segments.DISK_BLOCKS * 4096, 1, 100, 3, 0, Segments.PREVIOUS, Sha256Digest.NONE);
    assertThatThrownBy(() -> SegmentWriter.recover(directory, chain))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining(
            "0000000001.open: belongs to recording %s, this is recording %s"
                .formatted(Segments.RECORDING, other));
  }

  @Test
  void refusesAJournalOfAnotherSegment() {
    final byte[] otherEpoch = journal.clone();
    final MemorySegment memory = MemorySegment.ofArray(otherEpoch);
    memory.set(LittleEndian.U64, JournalDescriptor.EPOCH_OFFSET, 4);
    memory.set(LittleEndian.U32, 60, new Crc32c().of(otherEpoch, 0, 60));
    assertThatThrownBy(() -> recover(open, otherEpoch))
        .hasMessageContaining("belongs to epoch 4, the segment to epoch 3");
    memory.set(LittleEndian.U64, JournalDescriptor.SEGMENT_NUMBER_OFFSET, 9);
    memory.set(LittleEndian.U32, 60, new Crc32c().of(otherEpoch, 0, 60));
    assertThatThrownBy(() -> recover(open, otherEpoch))
        .hasMessageContaining("is segment 9, renamed");
  }

  @Test
  void refusesAnUnknownVersion() {
    final byte[] newer = journal.clone();
    newer[JournalDescriptor.VERSION_OFFSET] = 2;
    assertThatThrownBy(() -> recover(open, newer))
        .hasMessageContaining("format version 2 is unknown, this program reads version 1");
  }

  @Test
  void refusesANumberThatIsNotThere() {
    assertThatThrownBy(this::recover).isInstanceOf(NoSuchFileException.class);
  }

  private Recovered recover(final byte[] openBytes, final byte[] journalBytes) throws IOException {
    Files.deleteIfExists(directory.resolve(SEALED));
    Files.write(directory.resolve(OPEN), openBytes);
    Files.write(directory.resolve(JOURNAL), journalBytes);
    return recover();
  }

  private Recovered recover() throws IOException {
    return SegmentWriter.recover(directory, Segments.chain(1));
  }

  private void assertSealed(final Recovered recovered, final int records) throws IOException {
    if (records == 0) {
      assertThat(recovered.segment()).isEmpty();
      assertThat(directory).isEmptyDirectory();
      return;
    }
    final SealedSegment sealed = recovered.segment().orElseThrow();
    assertThat(sealed.trailer().recovered()).isTrue();
    assertThat(sealed.trailer().recordCount()).isEqualTo(records);
    assertThat(directory).isDirectoryNotContaining(path -> !path.equals(sealed.path()));
    final List<String> findings = new ArrayList<>();
    try (FileBytes bytes = FileBytes.open(sealed.path())) {
      SegmentCheck.run(bytes, finding -> findings.add(finding.getMessage()));
      final RecordTable table = SegmentReader.open(bytes).records();
      for (int i = 0; i < records; i++) {
        assertThat(table.kind(i)).isEqualTo(ENTRIES.get(i).kind());
        assertThat(table.block(i)).isEqualTo(ENTRIES.get(i).block());
      }
    }
    assertThat(findings).isEmpty();
  }
}
