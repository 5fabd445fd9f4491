package io.blockcam.archive.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SealedSegment;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SegmentRoundTripTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void readsBackEveryFieldAndPayload(final long seed) throws IOException {
    final SplittableRandom random = new SplittableRandom(seed);
    final List<Segments.Entry> entries = Segments.random(random, 1 + random.nextInt(1500));

    final SealedSegment sealed = Segments.write(directory, seed, entries);

    try (FileBytes bytes = FileBytes.open(sealed.path())) {
      final SegmentReader reader = SegmentReader.open(bytes);
      assertThat(reader.trailer()).isEqualTo(sealed.trailer());
      assertThat(reader.header()).isEqualTo(Segments.header(seed));
      final SegmentTables tables = reader.tables();
      assertSame(entries, reader, tables.records());
      assertSectorHashes(reader, tables);
      assertThat(reader.recordsOnly().checksum(new Crc32c()))
          .isEqualTo(tables.records().checksum(new Crc32c()));
    }
  }

  private static void assertSame(
      final List<Segments.Entry> entries, final SegmentReader reader, final RecordTable table)
      throws IOException {
    final Crc32c crc = new Crc32c();
    assertThat(table.count()).isEqualTo(entries.size());
    for (int i = 0; i < entries.size(); i++) {
      final Segments.Entry entry = entries.get(i);
      final byte[] payload = entry.payload() == null ? null : payload(reader, table, i);
      assertThat(
              new Segments.Entry(
                  table.sequence(i),
                  table.timestampNs(i),
                  table.block(i),
                  table.runBlocks(i),
                  table.kind(i),
                  table.sectorMask(i),
                  table.flags(i) & ~RecordFlags.STORAGE,
                  table.aux(i),
                  entry.payload()))
          .isEqualTo(entry);
      assertThat(payload).isEqualTo(entry.payload());
      assertThat(table.payloadCrc32c(i)).isEqualTo(payload == null ? 0 : crc.of(payload, 0, 4096));
    }
  }

  private static byte[] payload(
      final SegmentReader reader, final RecordTable table, final int record) throws IOException {
    return table.payloadIndex(record) == RecordDescriptor.NO_PAYLOAD
        ? new byte[4096]
        : reader.readPayload(reader.tables(), record).array();
  }

  private static void assertSectorHashes(final SegmentReader reader, final SegmentTables tables)
      throws IOException {
    for (int i = 0; i < tables.records().count(); i++) {
      if (!tables.records().ownsPayload(i)) {
        continue;
      }
      final int index = tables.records().payloadIndex(i);
      final byte[] payload = reader.readPayload(tables, i).array();
      for (int sector = 0; sector < 8; sector++) {
        assertThat(tables.sectorHash(index, sector))
            .isEqualTo(SectorHash.of(payload, sector * 512));
      }
    }
  }

  @Test
  void storesAnEqualPayloadOnceWhetherPendingOrWritten() throws IOException {
    try (LogWriter writer =
        LogWriter.create(directory, Segments.header(1), SegmentLimits.DEFAULT)) {
      Segments.data(100, 7, Segments.filled(1)).appendTo(writer);
      Segments.data(101, 8, Segments.filled(1)).appendTo(writer);
      writer.write();
      Segments.data(102, 9, Segments.filled(1)).appendTo(writer);
      Segments.data(103, 9, Segments.filled(2)).appendTo(writer);
      Segments.data(104, 9, Segments.filled(0)).appendTo(writer);
      final DigestedSegment sealed = Segments.digested(writer.seal());

      assertThat(sealed.trailer().payloadCount()).isEqualTo(2);
      try (DigestedBytes bytes = sealed.open()) {
        final RecordTable table = SegmentReader.open(bytes).records();
        assertThat(Stream.of(0, 1, 2, 3, 4).map(table::payloadIndex))
            .containsExactly(0, 0, 0, 1, RecordDescriptor.NO_PAYLOAD);
        assertThat(Stream.of(0, 1, 2, 3, 4).map(i -> table.flags(i) & RecordFlags.STORAGE))
            .containsExactly(0, RecordFlags.SHARED, RecordFlags.SHARED, 0, RecordFlags.ALL_ZERO);
      }
    }
  }

  @Test
  void zeroesWhatLiesOutsideTheSectorMask() throws IOException {
    final byte[] expected = new byte[4096];
    Arrays.fill(expected, 512, 1024, (byte) 9);
    final Segments.Entry entry =
        new Segments.Entry(
            100, Segments.CREATED_NS, 1, 1, RecordKind.DATA, 0b10, 0, 0, Segments.filled(9));

    final SealedSegment sealed = Segments.write(directory, 1, List.of(entry));

    try (FileBytes bytes = FileBytes.open(sealed.path())) {
      final SegmentReader reader = SegmentReader.open(bytes);
      assertThat(reader.readPayload(reader.tables(), 0).array()).isEqualTo(expected);
    }
  }

  @Test
  void takesPayloadsFromAnywhereInNativeMemory() throws IOException {
    try (Arena arena = Arena.ofConfined();
        SegmentWriter writer =
            SegmentWriter.create(directory, Segments.header(1), SegmentLimits.DEFAULT)) {
      final MemorySegment slab = arena.allocate(3 * 4096);
      slab.asSlice(4096, 4096).fill((byte) 5);
      writer.append(
          RecordView.allocate().put(100, 1, 1, RecordKind.DATA, 0xff, 0), 1, 0, slab, 4096);
      final SealedSegment sealed = writer.seal(Segments.PREVIOUS);
      assertThat(Arrays.copyOfRange(Files.readAllBytes(sealed.path()), 4096, 8192))
          .isEqualTo(slab.asSlice(4096, 4096).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  @Test
  void leavesOnlyTheSealedFile() throws IOException {
    final SealedSegment sealed =
        Segments.write(directory, 4, List.of(Segments.data(100, 0, Segments.filled(1))));

    assertThat(sealed.path()).isEqualTo(directory.resolve("0000000004.seg"));
    assertThat(sealed.bytes()).isEqualTo(Files.size(sealed.path()));
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactly(sealed.path());
    }
  }

  @Test
  void letsNobodyElseReadTheDisk() throws IOException {
    final SealedSegment sealed =
        Segments.write(directory, 4, List.of(Segments.data(100, 0, Segments.filled(1))));

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(sealed.path())))
        .isEqualTo("rw-------");
  }

  @Test
  void saysBeforehandWhenItIsFull() throws IOException {
    // 16 KiB: header, two payloads with hash and record, trailer.
    try (SegmentWriter writer =
        SegmentWriter.create(directory, Segments.header(1), new SegmentLimits(16 << 10, 100))) {
      assertThat(writer.hasRoom(2)).isTrue();
      assertThat(writer.hasRoom(3)).isFalse();
      Segments.data(100, 0, Segments.filled(1)).appendTo(writer);
      Segments.data(101, 0, Segments.filled(2)).appendTo(writer);
      assertThat(writer.hasRoom(1)).isFalse();
      assertThatThrownBy(() -> Segments.data(102, 0, Segments.filled(0)).appendTo(writer))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("full");
      assertThat(writer.seal(Segments.PREVIOUS).bytes()).isLessThanOrEqualTo(16 << 10);
    }
  }

  @Test
  void refusesASequenceOutOfOrderAndATimestampThatDecreases() throws IOException {
    try (SegmentWriter writer =
        SegmentWriter.create(directory, Segments.header(1), SegmentLimits.DEFAULT)) {
      Segments.data(100, 0, Segments.filled(1)).appendTo(writer);
      assertThatThrownBy(() -> Segments.data(102, 0, Segments.filled(1)).appendTo(writer))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("the next record has sequence 101, not 102");
      assertThatThrownBy(
              () ->
                  writer.append(
                      RecordView.allocate().put(101, 0, 0, RecordKind.FLUSH, 0, 0), 5, 0, null, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("lies before");
    }
  }

  @Test
  void refusesBlocksBeyondTheDisk() throws IOException {
    try (SegmentWriter writer =
        SegmentWriter.create(directory, Segments.header(1), SegmentLimits.DEFAULT)) {
      assertThatThrownBy(
              () ->
                  writer.append(
                      RecordView.allocate().put(100, 999, 2, RecordKind.DISCARD, 0xff, 0),
                      0,
                      0,
                      null,
                      0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("blocks 999 + 2 lie beyond the disk of 1000 blocks");
    }
  }

  @Test
  void refusesARunOrMaskThatDoesNotFitItsField() {
    assertThatThrownBy(() -> RecordView.allocate().put(0, 0, 1L << 32, RecordKind.DISCARD, 0xff, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("4294967296 blocks");
    assertThatThrownBy(() -> RecordView.allocate().put(0, 0, 1, RecordKind.DATA, 0x100, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("mask 0x100");
  }

  @Test
  void refusesANumberThatIsTaken() throws IOException {
    Segments.write(directory, 4, List.of(Segments.data(100, 0, Segments.filled(1))));
    assertThatThrownBy(
            () -> SegmentWriter.create(directory, Segments.header(4), SegmentLimits.DEFAULT))
        .isInstanceOf(FileAlreadyExistsException.class);
  }

  @Test
  void removesASegmentThatIsGivenUp() throws IOException {
    final LogWriter writer = LogWriter.create(directory, Segments.header(1), SegmentLimits.DEFAULT);
    writer.discard();
    assertThat(directory).isEmptyDirectory();
  }
}
