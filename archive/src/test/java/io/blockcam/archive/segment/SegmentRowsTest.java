package io.blockcam.archive.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.log.SegmentWriter;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordKind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Some records against the tables that they are from. */
final class SegmentRowsTest {
  private static final UUID ID = UUID.fromString("0190f0e0-7b1c-7c3d-8e4f-102030405060");
  private static final int RECORDS = 6000;
  private static final long FIRST = 77;

  @TempDir private Path directory;
  private byte[] file = {};
  private long bytesRead;

  @BeforeEach
  void write() throws IOException {
    final SplittableRandom random = new SplittableRandom(3);
    final byte[] payload = new byte[4096];
    try (SegmentWriter writer =
        SegmentWriter.create(
            directory, new SegmentHeader(ID, 0, 0, FIRST, 0, 1 << 20), SegmentLimits.DEFAULT)) {
      for (int i = 0; i < RECORDS; i++) {
        final boolean point = i % 5 == 0;
        if (random.nextInt(3) > 0) { // else it is shared
          ByteBuffer.wrap(payload).putLong(512 * random.nextInt(8), random.nextLong());
        }
        writer.append(
            RecordView.allocate()
                .put(
                    FIRST + i,
                    point ? 0 : i % 256,
                    point ? 0 : 1,
                    point ? RecordKind.FLUSH : RecordKind.DATA,
                    point ? 0 : 0xff,
                    0),
            i,
            0,
            point ? null : MemorySegment.ofArray(payload),
            0);
      }
      file = Files.readAllBytes(writer.seal(Sha256.of(new byte[0])).path());
    }
  }

  private SegmentReader open() throws IOException {
    bytesRead = 0;
    return SegmentReader.openTrailer(
        new RandomAccessBytes() {
          private final MemoryBytes memory = new MemoryBytes("segment", file);

          @Override
          public String name() {
            return memory.name();
          }

          @Override
          public long length() {
            return memory.length();
          }

          @Override
          public void read(final long offset, final ByteBuffer into) throws IOException {
            bytesRead += into.remaining();
            memory.read(offset, into);
          }
        });
  }

  @Test
  void areTheRecordsAndHashesOfTheTables() throws IOException {
    final SplittableRandom random = new SplittableRandom(4);
    final SegmentTables tables = open().tables();
    for (int round = 0; round < 200; round++) {
      final int[] numbers =
          IntStream.generate(() -> random.nextInt(RECORDS))
              .limit(random.nextInt(60))
              .sorted()
              .distinct()
              .toArray();
      final SegmentRows rows = open().rows(numbers);
      assertThat(rows.count()).isEqualTo(numbers.length);
      for (int row = 0; row < numbers.length; row++) {
        final int number = numbers[row];
        assertThat(rows.number(row)).isEqualTo(number);
        assertThat(rows.tables().records().sequence(row)).isEqualTo(FIRST + number);
        assertThat(rows.tables().records().block(row)).isEqualTo(tables.records().block(number));
        final int payload = tables.records().payloadIndex(number);
        final int ofRow = rows.tables().records().payloadIndex(row);
        if (payload == RecordDescriptor.NO_PAYLOAD) {
          assertThat(ofRow).isEqualTo(RecordDescriptor.NO_PAYLOAD);
        } else {
          assertThat(rows.tables().sectorHash(ofRow, 7)).isEqualTo(tables.sectorHash(payload, 7));
        }
      }
      assertThat(rows.checksum()).isEqualTo(SegmentRows.of(tables, numbers).checksum());
    }
  }

  @Test
  void readLittleWhereTheyAreFew() throws IOException {
    final SegmentReader segment = open();
    segment.rows(new int[] {7, 5001});
    assertThat(bytesRead).isLessThan(1024);
    segment.rows(new int[] {7, RECORDS, Integer.MAX_VALUE});
    assertThat(bytesRead).as("there are no such records").isLessThan(2048);
    assertThat(segment.rows(new int[0]).count()).isZero();
  }

  @Test
  void sayWhatIsBehindASequence() throws IOException {
    final SegmentRows rows = open().rows(new int[] {7, 9, 5001});
    assertThat(rows.behind(FIRST + 6)).isZero();
    assertThat(rows.behind(FIRST + 7)).isEqualTo(1);
    assertThat(rows.behind(FIRST + 8)).isEqualTo(1);
    assertThat(rows.behind(Long.MAX_VALUE)).isEqualTo(3);
    assertThat(SegmentRows.all(open().tables()).behind(FIRST + 100)).isEqualTo(101);
  }

  @Test
  void areRefusedWhereARecordIsDamaged() throws IOException {
    final SegmentReader segment = open();
    file[(int) segment.trailer().recordsOffset() + 64 * 7 + 20] ^= 1;
    assertThatThrownBy(() -> segment.rows(new int[] {7}))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("record 7");
    assertThat(segment.rows(new int[] {8}).count()).isOne();
  }

  @Test
  void haveAnotherChecksumWhereAHashIsDamaged() throws IOException {
    final int[] one = {6};
    final SegmentReader segment = open();
    final SegmentRows sound = segment.rows(one);
    final long hashes = segment.trailer().hashesOffset();
    for (int at = 0; at < segment.trailer().payloadCount(); at++) {
      file[(int) hashes + 64 * at] ^= 1;
    }
    assertThat(segment.rows(one).checksum()).isNotEqualTo(sound.checksum());
  }
}
