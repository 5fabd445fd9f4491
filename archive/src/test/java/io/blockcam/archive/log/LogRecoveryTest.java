package io.blockcam.archive.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.faults.FaultyDisk;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentCheck;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whatever instant the recorder dies at: what was whole comes back, and nothing else does. */
class LogRecoveryTest {
  private static final String OPEN = "0000000001.open";
  private static final String FRESH = "0000000001.open.new";
  private static final String SEALED = "0000000001.log";

  private static final List<Segments.Entry> ENTRIES =
      List.of(
          point(100, RecordKind.START),
          Segments.data(101, 1, Segments.filled(1)),
          Segments.data(102, 2, Segments.filled(1)),
          Segments.data(103, 3, Segments.filled(2)),
          point(104, RecordKind.FLUSH),
          Segments.data(105, 4, Segments.filled(3)));

  /** Where each entry ends: a record, and hashes and payload when it owns one. */
  private static final List<Integer> ENTRY_ENDS = List.of(4160, 8384, 8448, 12672, 12736, 16960);

  /** In memory: thousands of recoveries, each with several syncs. */
  private final FaultyDisk disk = FaultyDisk.of(0);

  private final Path parent = disk.root();
  private Path directory = Path.of("unset");
  private byte[] open = new byte[0];

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
    Segments.log(crashed, ENTRIES).close();
    open = Files.readAllBytes(crashed.resolve(OPEN));
    directory = Files.createDirectory(parent.resolve("spool"));
  }

  @Test
  void bringsBackEverythingThatWasWritten() throws IOException {
    assertThat(open).hasSize(ENTRY_ENDS.getLast());
    final Recovered recovered = recover(open);
    assertThat(recovered.cutBytes()).isZero();
    assertThat(recovered.cutReason()).isEmpty();
    assertSealed(recovered, 6);
  }

  @Test
  void keepsWholeEntriesWhereverTheLogWasCut() throws IOException {
    for (int length = 4096; length <= open.length; length += length % 64 == 63 ? 1 : 21) {
      final int cut = length;
      final int whole = (int) ENTRY_ENDS.stream().filter(end -> end <= cut).count();
      final int used = whole == 0 ? 4096 : ENTRY_ENDS.get(whole - 1);
      final Recovered recovered = recover(Arrays.copyOf(open, length));
      assertThat(recovered.cutBytes()).as("cut to %d", length).isEqualTo(length - used);
      assertThat(recovered.cutReason().isEmpty()).isEqualTo(length == used);
      assertSealed(recovered, whole);
    }
  }

  @Test
  void stopsAtTheFirstEntryThatIsDamaged() throws IOException {
    for (int at = 4096; at < open.length; at += at % 4224 < 200 ? 1 : 97) {
      final int damagedAt = at;
      final byte[] damaged = open.clone();
      damaged[at] ^= 0x04;
      final int whole = (int) ENTRY_ENDS.stream().filter(end -> end <= damagedAt).count();
      final Recovered recovered = recover(damaged);
      assertThat(recovered.cutReason()).as("damaged at %d", at).startsWith("record " + whole);
      assertSealed(recovered, whole);
    }
  }

  @Test
  void saysWhatIsWrongWithAPayload() throws IOException {
    final byte[] damaged = open.clone();
    damaged[ENTRY_ENDS.get(2) + 128 + 3000] ^= 0x40;
    assertThat(recover(damaged).cutReason()).isEqualTo("record 3: its payload has another CRC32C");
    damaged[ENTRY_ENDS.get(2) + 128 + 3000] ^= 0x40;
    damaged[ENTRY_ENDS.get(2) + 64] ^= 0x40;
    assertThat(recover(damaged).cutReason())
        .isEqualTo("record 3: the hash of sector 0 is not that of the payload");
  }

  @Test
  void takesZeroesAtTheEndForNothing() throws IOException {
    // What a power cut leaves when the length of the file was written, but not its bytes.
    final Recovered longer = recover(Arrays.copyOf(open, open.length + 1000));
    assertThat(longer.cutReason()).isEmpty();
    assertSealed(longer, 6);
    final byte[] zeroed = open.clone();
    Arrays.fill(zeroed, 8400, zeroed.length, (byte) 0);
    assertSealed(recover(zeroed), 2);
  }

  /** Of a log that was shipped before, and whose file this one has. */
  @Test
  void takesNothingOfWhatTheFileHeldBefore() throws IOException {
    // It ends where, by chance, the older one had an entry that is due now.
    final Path other = Files.createDirectory(parent.resolve("older"));
    Segments.log(other, ENTRIES).close();
    final byte[] reused = Files.readAllBytes(other.resolve(OPEN));
    System.arraycopy(open, 0, reused, 0, ENTRY_ENDS.get(3));
    assertSealed(recover(reused), 4);
    // As the writer leaves it: zeroes end it, whatever follows.
    Arrays.fill(reused, ENTRY_ENDS.get(3), ENTRY_ENDS.get(3) + 64, (byte) 0);
    final Recovered recovered = recover(reused);
    assertThat(recovered.cutReason()).isEmpty();
    assertThat(recovered.cutBytes()).isZero();
    assertSealed(recovered, 4);
  }

  /** A guest may write what looks like a record; it does not know the salt. */
  @Test
  void takesNoPayloadForARecord() throws IOException {
    final byte[] forged = open.clone();
    final MemorySegment memory = MemorySegment.ofArray(forged);
    final int at = ENTRY_ENDS.get(4);
    final int salt = memory.get(LittleEndian.U32, LogDescriptor.SALT_OFFSET);
    final int stored = memory.get(LittleEndian.U32, at + 60);
    memory.set(LittleEndian.U32, at + 60, stored ^ salt); // a sound record, by itself
    assertSealed(recover(forged), 5);
  }

  /** Zeroes end it, but not if something was written behind them. */
  @Test
  void tellsOfAHole() throws IOException {
    final byte[] holed = open.clone();
    Arrays.fill(holed, ENTRY_ENDS.get(3), ENTRY_ENDS.get(4), (byte) 0); // the flush
    final Recovered recovered = recover(holed);
    assertThat(recovered.cutReason()).isEqualTo("record 4: nothing stands there");
    assertThat(recovered.cutBytes()).isBetween(128L, 64L + 4224);
    assertSealed(recovered, 4);
    final byte[] beginning = open.clone();
    Arrays.fill(beginning, 4096, 4160, (byte) 0);
    assertThat(recover(beginning).cutReason()).startsWith("record 0: ");
  }

  @Test
  void doesNotTakeEntriesOfAnotherPlaceInTheOrder() throws IOException {
    // The flush is repeated: a valid record, but not the one that is due.
    final byte[] repeated = open.clone();
    System.arraycopy(open, ENTRY_ENDS.get(3), repeated, ENTRY_ENDS.get(4), 64);
    final Recovered recovered = recover(repeated);
    assertThat(recovered.cutReason()).isEqualTo("record 5: sequence is 104, 105 is due");
    assertSealed(recovered, 5);
  }

  @Test
  void finishesASealThatWasInterrupted() throws IOException {
    final Path reference = Files.createDirectory(parent.resolve("reference"));
    final byte[] sealed;
    try (LogWriter writer = Segments.log(reference, ENTRIES)) {
      sealed = Files.readAllBytes(writer.seal().path());
    }
    assertThat(sealed).hasSize(open.length + 64);
    for (int length = open.length; length <= sealed.length; length++) {
      // The end mark was written so far, the file was not renamed yet.
      assertSealed(recover(Arrays.copyOf(sealed, length)), 6);
    }
    // It was not cut behind it.
    assertSealed(recover(Arrays.copyOf(sealed, sealed.length + 5000)), 6);
  }

  @Test
  void refusesAnEndMarkOfAnotherNumberOfRecords() throws IOException {
    final Path reference = Files.createDirectory(parent.resolve("reference"));
    final byte[] sealed;
    try (LogWriter writer = Segments.log(reference, ENTRIES)) {
      sealed = Files.readAllBytes(writer.seal().path());
    }
    final byte[] early = Arrays.copyOf(sealed, ENTRY_ENDS.get(4) + 64);
    System.arraycopy(sealed, open.length, early, ENTRY_ENDS.get(4), 64);
    assertThat(recover(early).cutReason()).contains("end mark").contains("not behind so many");
  }

  @Test
  void findsASealedLog() throws IOException {
    final SealedLog sealed;
    try (LogWriter writer = Segments.log(directory, ENTRIES)) {
      sealed = writer.seal();
    }
    final Recovered recovered = LogWriter.recover(directory, Segments.chain(1));
    assertThat(recovered.log()).contains(sealed);
    assertThat(sealed.recovered()).isFalse();
    assertThat(sealed.bytes()).isEqualTo(Files.size(sealed.path()));
  }

  @Test
  void givesTheSameAgainWhenItIsRepeated() throws IOException {
    final Recovered first = recover(open);
    assertThat(LogWriter.recover(directory, Segments.chain(1))).isEqualTo(first);
    final byte[] segment = published(first.log().orElseThrow());
    assertThat(published(recover(open).log().orElseThrow())).isEqualTo(segment);
  }

  private static byte[] published(final SealedLog log) throws IOException {
    return Segments.digested(log).newInputStream().readAllBytes();
  }

  @Test
  void removesALogThatWasNeverBegun() throws IOException {
    assertThat(recover(Arrays.copyOf(open, 4096)).log()).isEmpty();
    assertThat(directory).isEmptyDirectory();
    for (final int length : new int[] {0, 100, 4096}) { // it had no name yet
      Files.write(directory.resolve(FRESH), Arrays.copyOf(open, length));
      assertThat(recover().log()).isEmpty();
      assertThat(directory).isEmptyDirectory();
    }
  }

  @Test
  void removesALogWithoutAWholeRecord() throws IOException {
    final Recovered recovered = recover(Arrays.copyOf(open, 4132));
    assertThat(recovered.log()).isEmpty();
    assertThat(recovered.cutBytes()).isEqualTo(36);
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void sealsInPlaceWhereThereIsNoRoomForACopy() throws IOException {
    Files.write(directory.resolve(OPEN), Arrays.copyOf(open, open.length - 50));
    disk.setRoom(9000); // for a copy there should be 17,000
    final Recovered recovered = recover();
    disk.setRoom(Long.MAX_VALUE);
    assertSealed(recovered, 5);
    assertThat(recovered.log().orElseThrow()).isEqualTo(SealedLog.open(directory.resolve(SEALED)));
  }

  @Test
  void endsWhatItBeganWhereverItWasKilled() throws IOException {
    final byte[] nothingWhole = open.clone();
    nothingWhole[4096] ^= 0x04;
    endsWhatItBegan(open, 6);
    endsWhatItBegan(nothingWhole, 0);
  }

  private void endsWhatItBegan(final byte[] openBytes, final int whole) throws IOException {
    boolean killed = true;
    for (int calls = 0; killed; calls++) {
      try (FaultyDisk faulty = new FaultyDisk(new SplittableRandom(calls))) {
        directory = faulty.root();
        Files.write(directory.resolve(OPEN), openBytes);
        faulty.killAfter(calls);
        assertThat(whole(faulty)).isIn(-1, whole);
        killed = faulty.isDead();
        faulty.revive();
        assertThat(whole(faulty)).as("after %d calls", calls).isIn(whole, whole == 0 ? -1 : whole);
        assertThat(directory.resolve(OPEN)).doesNotExist();
        assertThat(directory.resolve(FRESH)).doesNotExist();
      }
    }
  }

  /** Records brought back; -1 when it was killed, or when there is nothing any more. */
  private int whole(final FaultyDisk faulty) throws IOException {
    try {
      return recover().log().map(SealedLog::recordCount).orElse(0);
    } catch (final NoSuchFileException e) {
      return -1;
    } catch (final IOException e) {
      if (faulty.isDead()) {
        return -1;
      }
      throw e;
    }
  }

  @Test
  void refusesWhatNoCrashLeavesBehind() throws IOException {
    Files.write(directory.resolve(OPEN), Arrays.copyOf(open, 4000));
    assertThatThrownBy(this::recover)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("0000000001.open: the log of a segment has at least 4096 bytes");
    assertThat(Files.size(directory.resolve(OPEN))).isEqualTo(4000);
  }

  @Test
  void refusesWhenTheSegmentIsAlsoThereSealed() throws IOException {
    recover(open);
    Files.write(directory.resolve(OPEN), open);
    assertThatThrownBy(this::recover).hasMessageContaining("also there sealed");
  }

  @Test
  void readsTheCopyOfADamagedHeader() throws IOException {
    for (int at = 0; at < 4096; at += at < 100 ? 1 : 211) {
      final byte[] damaged = open.clone();
      damaged[at] ^= 1;
      final SealedLog sealed = recover(damaged).log().orElseThrow();
      assertThat(sealed.header()).as("damaged at %d", at).isEqualTo(Segments.header(1));
      assertThat(sealed.recordCount()).isEqualTo(ENTRIES.size());
      Files.delete(sealed.path());
    }
  }

  @Test
  void refusesAHeaderThatIsDamagedTwice() {
    for (int at = 0; at < 80; at++) {
      final byte[] damaged = open.clone();
      damaged[at] ^= 1;
      damaged[LogDescriptor.COPY_OFFSET + at] ^= 1;
      assertThatThrownBy(() -> recover(damaged))
          .as("damaged at %d", at)
          .isInstanceOf(SegmentException.class);
    }
  }

  @Test
  void refusesDamagedEndMarks() throws IOException {
    final Path file;
    try (LogWriter writer = Segments.log(directory, ENTRIES)) {
      file = writer.seal().path();
    }
    final byte[] sealed = Files.readAllBytes(file);
    for (int at = sealed.length - 64; at < sealed.length; at++) {
      final byte[] damaged = sealed.clone();
      damaged[at] ^= 1;
      Files.write(file, damaged);
      assertThatThrownBy(this::recover).isInstanceOf(SegmentException.class);
    }
    Files.write(file, Arrays.copyOf(sealed, sealed.length - 64));
    assertThatThrownBy(this::recover).hasMessageContaining("no end mark");
    Files.write(file, Arrays.copyOf(sealed, 4100));
    assertThatThrownBy(this::recover).hasMessageContaining("has no end mark, only 4100 bytes");
    final byte[] longer = Arrays.copyOf(sealed, sealed.length + 64);
    System.arraycopy(sealed, sealed.length - 64, longer, sealed.length, 64);
    Files.write(file, longer);
    assertThatThrownBy(this::recover).hasMessageContaining("tells of 6 records and 3 payloads");
  }

  @Test
  void refusesAnotherRecording() throws IOException {
    Files.write(directory.resolve(OPEN), open);
    final UUID other = UUID.fromString("00000000-0000-4000-8000-000000000000");
    final SegmentChain chain =
        new SegmentChain(
            other, Segments.DISK_BLOCKS * 4096, 1, 100, 3, 0, Segments.PREVIOUS, Optional.empty());
    assertThatThrownBy(() -> LogWriter.recover(directory, chain))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining(
            "0000000001.open: belongs to recording %s, this is recording %s"
                .formatted(Segments.RECORDING, other));
  }

  @Test
  void refusesAnUnknownVersion() {
    final byte[] newer = open.clone();
    newer[LogDescriptor.VERSION_OFFSET] = 2;
    newer[LogDescriptor.COPY_OFFSET + LogDescriptor.VERSION_OFFSET] = 2;
    assertThatThrownBy(() -> recover(newer))
        .hasMessageContaining("format version 2 is unknown, this program reads version 1");
  }

  @Test
  void refusesANumberThatIsNotThere() {
    assertThatThrownBy(this::recover).isInstanceOf(NoSuchFileException.class);
  }

  private Recovered recover(final byte[] openBytes) throws IOException {
    Files.deleteIfExists(directory.resolve(SEALED));
    Files.write(directory.resolve(OPEN), openBytes);
    return recover();
  }

  private Recovered recover() throws IOException {
    return LogWriter.recover(directory, Segments.chain(1));
  }

  private void assertSealed(final Recovered recovered, final int records) throws IOException {
    if (records == 0) {
      assertThat(recovered.log()).isEmpty();
      assertThat(directory).isEmptyDirectory();
      return;
    }
    final SealedLog sealed = recovered.log().orElseThrow();
    assertThat(sealed.recovered()).isTrue();
    assertThat(sealed.recordCount()).isEqualTo(records);
    assertThat(directory).isDirectoryNotContaining(path -> !path.equals(sealed.path()));
    final List<String> findings = new ArrayList<>();
    try (DigestedBytes bytes = Segments.digested(sealed).open()) {
      SegmentCheck.run(bytes, finding -> findings.add(finding.getMessage()));
      final SegmentReader reader = SegmentReader.open(bytes);
      assertThat(reader.trailer().recovered()).isTrue();
      final RecordTable table = reader.records();
      for (int i = 0; i < records; i++) {
        assertThat(table.kind(i)).isEqualTo(ENTRIES.get(i).kind());
        assertThat(table.block(i)).isEqualTo(ENTRIES.get(i).block());
      }
    }
    assertThat(findings).isEmpty();
  }
}
