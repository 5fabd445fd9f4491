package io.blockcam.archive.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.log.LittleEndian;
import io.blockcam.archive.log.Segments;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** No damage goes unnoticed, and none makes the reader take memory or time it should not. */
class SegmentDamageTest {
  private static final int PAYLOADS = 3;
  private static final int RECORDS = 6;
  private static final int TABLES = 4096 * (1 + PAYLOADS);
  private static final int HASHES = TABLES + 32;
  private static final int TABLE = HASHES + 64 * PAYLOADS;
  private static final int TRAILER = TABLE + 64 * RECORDS;

  @TempDir private Path directory;
  private byte[] whole = new byte[0];

  @BeforeEach
  void seal() throws IOException {
    final SealedSegment sealed =
        Segments.write(
            directory,
            1,
            List.of(
                Segments.data(100, 1, Segments.filled(1)),
                Segments.data(101, 2, Segments.filled(2)),
                Segments.data(102, 3, Segments.filled(1)),
                new Segments.Entry(
                    103,
                    Segments.CREATED_NS + 103,
                    1,
                    1,
                    RecordKind.DATA,
                    0b110,
                    RecordFlags.FUA,
                    0,
                    Segments.filled(3)),
                new Segments.Entry(
                    104, Segments.CREATED_NS + 104, 10, 90, RecordKind.DISCARD, 0xff, 0, 0, null),
                Segments.data(105, 2, Segments.filled(0))));
    whole = Files.readAllBytes(sealed.path());
  }

  @Test
  void findsNothingInAWholeSegment() throws IOException {
    assertThat(whole).hasSize(TRAILER + 512);
    assertThat(findings(whole)).isEmpty();
  }

  /** Every byte of header, hashes, records and trailer, and some of each payload. */
  static IntStream positions() {
    return IntStream.range(0, TRAILER + 512)
        .filter(at -> at < 100 || at % 101 == 0 || at >= TABLES || (at >= 4088 && at < 4104));
  }

  @Test
  void findsEveryFlippedBit() throws IOException {
    for (final int at : positions().toArray()) {
      final byte[] damaged = whole.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      assertThat(findings(damaged)).as("bit flipped in byte %d", at).isNotEmpty();
    }
  }

  @Test
  void refusesToReadATableWithAFlippedBit() {
    for (int at = TABLE; at < TRAILER + 512; at++) {
      final byte[] damaged = whole.clone();
      damaged[at] ^= 0x10;
      assertThatThrownBy(() -> SegmentReader.open(bytes(damaged)).records())
          .as("bit flipped in byte %d", at)
          .isInstanceOf(SegmentException.class)
          .hasMessageStartingWith("test.seg: ");
    }
  }

  @Test
  void refusesOtherTablesWithAFlippedBit() {
    for (int at = TABLES; at < TABLE; at++) {
      final byte[] damaged = whole.clone();
      damaged[at] ^= 0x01;
      assertThatThrownBy(() -> SegmentReader.open(bytes(damaged)).tables())
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("SHA-256 of the tables");
    }
  }

  @Test
  void namesFileRecordAndOffsetOfADamagedPayload() throws IOException {
    final byte[] damaged = whole.clone();
    damaged[4096 + 4096 + 17] ^= 1;
    assertThat(findings(damaged))
        .anySatisfy(
            message ->
                assertThat(message)
                    .startsWith(
                        "test.seg: record 1 (offset %d): payload 1 has CRC32C"
                            .formatted(TABLE + 64)));
  }

  @Test
  void refusesEveryTruncation() {
    for (final int length :
        IntStream.range(0, whole.length)
            .filter(n -> n < 200 || n > TABLES - 2 || n % 509 == 0)
            .toArray()) {
      assertThatThrownBy(() -> SegmentReader.open(bytes(Arrays.copyOf(whole, length))))
          .as("cut to %d bytes", length)
          .isInstanceOf(SegmentException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 64, 512, 4096})
  void refusesBytesThatAreTooMany(final int more) {
    final byte[] atEnd = Arrays.copyOf(whole, whole.length + more);
    assertThatThrownBy(() -> SegmentReader.open(bytes(atEnd)))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("magic");
    final byte[] atStart = new byte[whole.length + more];
    System.arraycopy(whole, 0, atStart, more, whole.length);
    assertThatThrownBy(() -> SegmentReader.open(bytes(atStart)))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("its trailer describes one of %d".formatted(whole.length));
  }

  @Test
  void refusesAFileLargerThanAnySegmentWithoutReadingIt() {
    final RandomAccessBytes huge = new ArrayBytes(whole, 1L << 40);
    assertThatThrownBy(() -> SegmentReader.open(huge))
        .isInstanceOf(SegmentException.class)
        .hasMessage("test.seg: has 1099511627776 bytes, the largest segment has 134283264");
  }

  static Stream<Arguments> absurdTrailers() {
    return Stream.of(
        Arguments.of(SegmentTrailerDescriptor.RECORD_COUNT_OFFSET, 0L, "0 records"),
        Arguments.of(SegmentTrailerDescriptor.RECORD_COUNT_OFFSET, -1L, "records"),
        Arguments.of(SegmentTrailerDescriptor.RECORD_COUNT_OFFSET, 1L << 31, "records"),
        Arguments.of(SegmentTrailerDescriptor.RECORD_COUNT_OFFSET, 7L, "last sequence"),
        Arguments.of(SegmentTrailerDescriptor.PAYLOAD_COUNT_OFFSET, -1L, "payloads"),
        Arguments.of(SegmentTrailerDescriptor.PAYLOAD_COUNT_OFFSET, 7L, "7 payloads"),
        Arguments.of(SegmentTrailerDescriptor.PAYLOAD_COUNT_OFFSET, 2L, "bytes of payloads"),
        Arguments.of(SegmentTrailerDescriptor.PAYLOAD_BYTES_OFFSET, 1L << 62, "of payloads"),
        Arguments.of(SegmentTrailerDescriptor.PAYLOAD_BYTES_OFFSET, -64L, "bytes of payloads"),
        Arguments.of(SegmentTrailerDescriptor.PAYLOAD_ENCODING_OFFSET, 2L, "encoding 2"),
        Arguments.of(
            SegmentTrailerDescriptor.PAYLOAD_ENCODING_OFFSET, 1L, "trailer describes one of"),
        Arguments.of(SegmentTrailerDescriptor.REPLACED_DIGEST_OFFSET, 1L, "no base"),
        Arguments.of(SegmentTrailerDescriptor.RESERVED_OFFSET, 1L, "reserved"),
        Arguments.of(SegmentTrailerDescriptor.FIRST_SEQUENCE_OFFSET, Long.MAX_VALUE, "sequence"),
        Arguments.of(SegmentTrailerDescriptor.FIRST_SEQUENCE_OFFSET, -1L, "sequence"),
        Arguments.of(SegmentTrailerDescriptor.LAST_SEQUENCE_OFFSET, 0L, "last sequence"),
        Arguments.of(SegmentTrailerDescriptor.FIRST_TIMESTAMP_NS_OFFSET, -1L, "timestamp"),
        Arguments.of(SegmentTrailerDescriptor.LAST_TIMESTAMP_NS_OFFSET, 0L, "timestamp"),
        Arguments.of(SegmentTrailerDescriptor.EPOCH_OFFSET, -1L, "epoch"),
        Arguments.of(SegmentTrailerDescriptor.SEGMENT_NUMBER_OFFSET, 1L << 40, "segment number"),
        Arguments.of(SegmentTrailerDescriptor.DISK_BYTES_OFFSET, 0L, "disk size"),
        Arguments.of(SegmentTrailerDescriptor.DISK_BYTES_OFFSET, 511L, "disk size"),
        Arguments.of(SegmentTrailerDescriptor.SIGNATURE_BYTES_OFFSET, 1L, "signature of kind 0"),
        Arguments.of(SegmentTrailerDescriptor.UNUSED_OFFSET, 1L, "reserved"),
        Arguments.of(SegmentTrailerDescriptor.VERSION_OFFSET, 2L, "format version 2 is unknown"),
        Arguments.of(SegmentTrailerDescriptor.MAGIC_OFFSET, 2L, "no sealed segment"));
  }

  /** Somebody made the checksums fit: the numbers themselves must be looked at. */
  @ParameterizedTest
  @MethodSource("absurdTrailers")
  void refusesAnAbsurdTrailerWithRightChecksums(
      final int field, final long value, final String expected) {
    final byte[] forged = whole.clone();
    final MemorySegment memory = MemorySegment.ofArray(forged);
    memory.set(LittleEndian.U64, TRAILER + field, value);
    fixTrailer(forged);
    assertThatThrownBy(() -> SegmentReader.open(bytes(forged)))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining(expected);
  }

  static Stream<Arguments> absurdHeaders() {
    return Stream.of(
        Arguments.of(SegmentHeaderDescriptor.MAGIC_OFFSET, 1L, "no segment"),
        Arguments.of(SegmentHeaderDescriptor.VERSION_OFFSET, 9L, "format version 9 is unknown"),
        Arguments.of(SegmentHeaderDescriptor.HEADER_BYTES_OFFSET, 8192L, "header size"),
        Arguments.of(SegmentHeaderDescriptor.RECORDING_ID_OFFSET, 8192L, "recording id"),
        Arguments.of(SegmentHeaderDescriptor.EPOCH_OFFSET, 8192L, "epoch is 8192 in the header"),
        Arguments.of(SegmentHeaderDescriptor.SEGMENT_NUMBER_OFFSET, 2L, "segment number is 2"),
        Arguments.of(SegmentHeaderDescriptor.FIRST_SEQUENCE_OFFSET, 2L, "first sequence is 2"),
        Arguments.of(SegmentHeaderDescriptor.CREATED_NS_OFFSET, -2L, "creation time"),
        Arguments.of(SegmentHeaderDescriptor.DISK_BYTES_OFFSET, 512L, "disk size is 512"),
        Arguments.of(SegmentHeaderDescriptor.BLOCK_BYTES_OFFSET, 512L, "block size is 512"),
        Arguments.of(SegmentHeaderDescriptor.RESERVED_OFFSET + 80, 1L, "reserved"));
  }

  @ParameterizedTest
  @MethodSource("absurdHeaders")
  void refusesAnAbsurdHeaderWithRightChecksums(
      final int field, final long value, final String expected) throws IOException {
    final byte[] forged = whole.clone();
    final MemorySegment memory = MemorySegment.ofArray(forged);
    memory.set(LittleEndian.U64, field, value);
    memory.set(LittleEndian.U32, 4092, new Crc32c().of(forged, 0, 4092));
    final SegmentReader reader = SegmentReader.open(bytes(forged));
    assertThatThrownBy(reader::header)
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining(expected);
  }

  static Stream<Arguments> absurdRecords() {
    return Stream.of(
        Arguments.of(0, RecordDescriptor.SEQUENCE_OFFSET, 99L, "sequence is 99, 100 is due"),
        Arguments.of(0, RecordDescriptor.TIMESTAMP_NS_OFFSET, 1L, "lies before"),
        Arguments.of(0, RecordDescriptor.TIMESTAMP_NS_OFFSET, -1L, "timestamp"),
        Arguments.of(0, RecordDescriptor.BLOCK_OFFSET, 1000L, "beyond the disk"),
        Arguments.of(0, RecordDescriptor.BLOCK_OFFSET, -1L, "beyond the disk"),
        Arguments.of(0, RecordDescriptor.RESERVED_0_OFFSET, 1L, "reserved"),
        Arguments.of(4, RecordDescriptor.BLOCK_OFFSET, 911L, "beyond the disk"),
        Arguments.of(4, RecordDescriptor.BLOCK_OFFSET, Long.MAX_VALUE, "beyond the disk"));
  }

  @ParameterizedTest
  @MethodSource("absurdRecords")
  void refusesAnAbsurdRecordWithRightChecksums(
      final int record, final int field, final long value, final String expected) {
    assertRefusesRecord(
        record, (memory, at) -> memory.set(LittleEndian.U64, at + field, value), expected);
  }

  @Test
  void refusesARecordWhoseFieldsContradictEachOther() {
    refusesByte(0, RecordDescriptor.KIND_OFFSET, 0, "kind 0 is unknown");
    refusesByte(0, RecordDescriptor.KIND_OFFSET, 99, "kind 99 is unknown");
    refusesByte(0, RecordDescriptor.KIND_OFFSET, RecordKind.FLUSH.code(), "names no block");
    refusesByte(0, RecordDescriptor.KIND_OFFSET, RecordKind.ZEROES.code(), "has no payload");
    refusesByte(4, RecordDescriptor.KIND_OFFSET, RecordKind.DATA.code(), "record of 90 blocks");
    refusesByte(0, RecordDescriptor.RUN_BLOCKS_OFFSET, 0, "record of 0 blocks");
    refusesByte(0, RecordDescriptor.SECTOR_MASK_OFFSET, 0, "sector mask 0x00");
    refusesByte(4, RecordDescriptor.SECTOR_MASK_OFFSET, 0x7f, "sector mask 0x7f");
    refusesByte(0, RecordDescriptor.FLAGS_OFFSET + 1, 0x80, "unknown bit");
    refusesByte(0, RecordDescriptor.FLAGS_OFFSET, RecordFlags.ALL_ZERO, "contradict");
    refusesByte(5, RecordDescriptor.FLAGS_OFFSET, 0, "contradict payload index none");
    refusesByte(5, RecordDescriptor.PAYLOAD_CRC32C_OFFSET, 0, "not that of zeroes");
    refusesByte(4, RecordDescriptor.PAYLOAD_CRC32C_OFFSET, 1, "has no payload");
    refusesByte(1, RecordDescriptor.PAYLOAD_INDEX_OFFSET, 2, "owns payload 2, 1 is due");
    refusesByte(2, RecordDescriptor.PAYLOAD_INDEX_OFFSET, 2, "shares payload 2");
    refusesByte(2, RecordDescriptor.PAYLOAD_INDEX_OFFSET + 3, 0xff, "shares payload");
    refusesByte(2, RecordDescriptor.FLAGS_OFFSET, 0, "owns payload 0, 2 is due");
    refusesByte(3, RecordDescriptor.FLAGS_OFFSET, RecordFlags.SHARED, "shares payload 2");
  }

  private void refusesByte(
      final int record, final int field, final int value, final String expected) {
    assertRefusesRecord(
        record,
        (memory, at) -> memory.set(ValueLayout.JAVA_BYTE, at + field, (byte) value),
        expected);
  }

  private interface Forgery {
    void apply(MemorySegment memory, long recordOffset);
  }

  private void assertRefusesRecord(final int record, final Forgery forgery, final String expected) {
    final byte[] forged = whole.clone();
    final int at = TABLE + 64 * record;
    forgery.apply(MemorySegment.ofArray(forged), at);
    MemorySegment.ofArray(forged).set(LittleEndian.U32, at + 60L, new Crc32c().of(forged, at, 60));
    fixTables(forged);
    for (final boolean withHashes : new boolean[] {false, true}) {
      assertThatThrownBy(
              () -> {
                final SegmentReader reader = SegmentReader.open(bytes(forged));
                if (withHashes) {
                  reader.tables();
                } else {
                  reader.records();
                }
              })
          .isInstanceOf(SegmentException.class)
          .hasMessageStartingWith("test.seg: record %d (offset %d): ".formatted(record, at))
          .hasMessageContaining(expected);
    }
  }

  @Test
  void findsARecordWithoutOwnerForAPayload() throws IOException {
    // The last record that owns a payload shares an earlier one instead.
    final byte[] forged = whole.clone();
    final int at = TABLE + 64 * 3;
    final MemorySegment memory = MemorySegment.ofArray(forged);
    memory.set(LittleEndian.U16, at + 30L, (short) RecordFlags.SHARED);
    memory.set(LittleEndian.U32, at + 32L, 1);
    memory.set(LittleEndian.U32, at + 60L, new Crc32c().of(forged, at, 60));
    fixTables(forged);
    assertThat(findings(forged))
        .anyMatch(message -> message.contains("records own 2 payloads, the trailer counts 3"))
        .anyMatch(message -> message.contains("record 3") && message.contains("another CRC32C"))
        .anyMatch(message -> message.contains("outside sector mask 0x06"));
  }

  @Test
  void survivesRandomBytes() throws IOException {
    final SplittableRandom random = new SplittableRandom(42);
    for (int round = 0; round < 300; round++) {
      final byte[] damaged = whole.clone();
      final int from = random.nextInt(damaged.length);
      final byte[] noise = new byte[1 + random.nextInt(600)];
      random.nextBytes(noise);
      System.arraycopy(noise, 0, damaged, from, Math.min(noise.length, damaged.length - from));
      if (random.nextBoolean()) {
        fixTables(damaged);
      }
      assertThat(findings(damaged)).isNotEmpty();
    }
  }

  private static List<String> findings(final byte[] bytes) throws IOException {
    final List<String> findings = new ArrayList<>();
    SegmentCheck.run(bytes(bytes), finding -> findings.add(finding.getMessage()));
    return findings;
  }

  private static void fixTables(final byte[] bytes) {
    final byte[] tables = Arrays.copyOfRange(bytes, TABLES, TRAILER);
    System.arraycopy(Sha256.of(tables).toByteArray(), 0, bytes, TRAILER + 144, 32);
    fixTrailer(bytes);
  }

  private static void fixTrailer(final byte[] bytes) {
    final byte[] signed = Arrays.copyOfRange(bytes, TRAILER, TRAILER + 240);
    System.arraycopy(Sha256.of(signed).toByteArray(), 0, bytes, TRAILER + 240, 32);
    MemorySegment.ofArray(bytes)
        .set(LittleEndian.U32, TRAILER + 508L, new Crc32c().of(bytes, TRAILER, 508));
  }

  private static RandomAccessBytes bytes(final byte[] bytes) {
    return new ArrayBytes(bytes, bytes.length);
  }
}
