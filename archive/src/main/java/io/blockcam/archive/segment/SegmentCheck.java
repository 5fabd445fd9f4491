package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.NO_PAYLOAD;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.record.RecordTable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Reads a whole sealed segment and tells everything that is wrong with it, not only the first
 * thing: header, trailer, every SHA-256, every record, every payload against its CRC32C and its
 * sector hashes. One thread.
 */
public final class SegmentCheck {
  private final RandomAccessBytes bytes;
  private final SegmentReader reader;
  private final Consumer<SegmentException> findings;
  private final Crc32c crc = new Crc32c();
  private final Sha256 sha = new Sha256();

  private SegmentCheck(
      final RandomAccessBytes bytes,
      final SegmentReader reader,
      final Consumer<SegmentException> findings) {
    this.bytes = bytes;
    this.reader = reader;
    this.findings = findings;
  }

  /** A segment that could be read, whatever was found wrong in it. */
  public record Checked(SegmentTrailer trailer, RecordTable records) {}

  /**
   * Checks a segment.
   *
   * @param findings takes each fault
   * @return trailer and records; the latter are sound only if nothing was found. Empty when the
   *     trailer cannot be used
   * @throws IOException when the bytes cannot be read, which says nothing about them
   */
  public static Optional<Checked> run(
      final RandomAccessBytes bytes, final Consumer<SegmentException> findings) throws IOException {
    final SegmentReader reader;
    try {
      reader = SegmentReader.open(bytes);
    } catch (final SegmentException e) {
      findings.accept(e);
      return Optional.empty();
    }
    return Optional.of(new SegmentCheck(bytes, reader, findings).run());
  }

  private Checked run() throws IOException {
    try {
      reader.header();
    } catch (final SegmentException e) {
      findings.accept(e);
    }
    final SegmentTables tables = reader.tables(findings::accept);
    checkPayloads(tables);
    checkRecordsAgainstPayloads(tables);
    return new Checked(reader.trailer(), tables.records());
  }

  private void checkPayloads(final SegmentTables tables) throws IOException {
    final int[] owners = owners(tables.records());
    final FrameReader frames = new FrameReader();
    try {
      reader.frames();
    } catch (final SegmentException e) {
      findings.accept(e);
      return;
    }
    final int count = Frames.count(reader.trailer().payloadCount());
    for (int at = 0; at < count; ) {
      final int from = at;
      final int[] done = {from};
      try {
        frames.read(
            reader,
            from,
            count,
            (frame, payloads) -> {
              checkFrame(tables, frame, payloads, owners);
              done[0] = frame + 1;
            });
        at = count;
      } catch (final SegmentException e) {
        findings.accept(e);
        at = done[0] + 1; // the others may be whole
      }
    }
  }

  private void checkFrame(
      final SegmentTables tables, final int frame, final ByteBuffer payloads, final int[] owners)
      throws IOException {
    final int start = payloads.arrayOffset() + payloads.position();
    for (int in = 0; in < payloads.remaining(); in += BLOCK_BYTES) {
      final int index = Frames.firstPayload(frame) + in / BLOCK_BYTES;
      checkPayload(tables, index, owners[index], payloads.array(), start + in);
    }
    if (!tables.frameDigests().match(frame, payloads, sha)) {
      findings.accept(reader.frameProblem(frame));
    }
  }

  private void checkPayload(
      final SegmentTables tables,
      final int index,
      final int owner,
      final byte[] chunk,
      final int offset) {
    if (owner >= 0) {
      final int computed = crc.of(chunk, offset, BLOCK_BYTES);
      final int expected = tables.records().payloadCrc32c(owner);
      if (computed != expected) {
        findings.accept(ofRecord(owner, SegmentReader.payloadProblem(index, expected, computed)));
      }
    }
    for (int sector = 0; sector < BLOCK_SECTORS; sector++) {
      final long computed = SectorHash.of(chunk, offset + sector * SECTOR_BYTES);
      final long expected = tables.sectorHash(index, sector);
      if (computed != expected) {
        findings.accept(
            SegmentException.of(
                bytes.name(),
                "sector %d of payload %d has XXH3 %016x, the table says %016x"
                    .formatted(sector, index, computed, expected)));
      }
    }
  }

  /** The record that owns each payload, -1 where a broken table names none. */
  private int[] owners(final RecordTable records) {
    final int[] owners = new int[reader.trailer().payloadCount()];
    Arrays.fill(owners, -1);
    for (int i = 0; i < records.count(); i++) {
      final int index = records.payloadIndex(i);
      if (records.ownsPayload(i) && index >= 0 && index < owners.length) {
        owners[index] = i;
      }
    }
    return owners;
  }

  private void checkRecordsAgainstPayloads(final SegmentTables tables) {
    final RecordTable records = tables.records();
    final int[] owners = owners(records);
    for (int i = 0; i < records.count(); i++) {
      final int index = records.payloadIndex(i);
      if (index == NO_PAYLOAD || index < 0 || index >= owners.length) {
        continue;
      }
      final int owner = owners[index];
      if (owner >= 0 && records.payloadCrc32c(i) != records.payloadCrc32c(owner)) {
        findings.accept(
            ofRecord(
                i,
                "shares payload %d with record %d but has another CRC32C".formatted(index, owner)));
      }
      checkMask(tables, i, index);
    }
  }

  /** What the mask leaves out is zero, so its hash is known. */
  private void checkMask(final SegmentTables tables, final int record, final int index) {
    final int mask = tables.records().sectorMask(record);
    for (int sector = 0; mask != 0 && sector < BLOCK_SECTORS; sector++) {
      if ((mask & 1 << sector) == 0 && tables.sectorHash(index, sector) != SectorHash.ZERO_SECTOR) {
        findings.accept(
            ofRecord(
                record,
                "sector %d of payload %d is outside sector mask 0x%02x and not zero"
                    .formatted(sector, index, mask)));
      }
    }
  }

  private SegmentException ofRecord(final int record, final String problem) {
    return SegmentException.ofRecord(bytes.name(), record, reader.recordOffset(record), problem);
  }
}
