package io.blockcam.replay;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;
import static io.blockcam.replay.LogWritesDescriptor.FLAG_DISCARD;
import static io.blockcam.replay.LogWritesDescriptor.FLAG_FLUSH;
import static io.blockcam.replay.LogWritesDescriptor.FLAG_FUA;
import static io.blockcam.replay.LogWritesDescriptor.FLAG_MARK;

import io.blockcam.archive.log.LittleEndian;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.PayloadReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.archive.segment.WantedPayloads;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segment;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Writes records as a log of dm-log-writes, which {@code replay-log} of the xfstests and others
 * bring back onto a disk without any code of ours.
 *
 * <p>A guest write is one entry, as far as its records follow each other. Writes that failed are
 * left out, as they are in a replay. Gaps, epochs and clock steps have no place in such a log.
 */
public final class LogWritesWriter {

  /** Of zeroes in one entry: they are holes in the file. */
  private static final long MOST_ZERO_BYTES = 1L << 30;

  private final PayloadReader payloadReader = new PayloadReader();
  private final ByteBuffer zeroBlock = ByteBuffer.allocate(BLOCK_BYTES);
  private ByteBuffer payloads = ByteBuffer.allocate(0);

  // The file, while it is written.
  private long end = LogWritesDescriptor.SECTOR_BYTES;
  private long entries;

  /** Size of the disk at the time of a record: its last block may be cut short by it. */
  private long diskBytes;

  // The entry that may still grow.
  private long entryOffset = -1;
  private long entrySector;
  private long entrySectors;
  private long entryFlags;

  private long gaps;

  /**
   * What was written.
   *
   * @param entries of the log
   * @param bytes of the file, holes included
   * @param gaps that were met: what was written then is not in the log
   */
  public record Written(long entries, long bytes, long gaps) {}

  /**
   * Writes a log.
   *
   * @param segments of the recording
   * @param first the lowest sequence that is wanted
   * @param last the highest one
   * @throws ImageFileException when the file exists or cannot be written
   * @throws io.blockcam.archive.segment.SegmentException when a segment is damaged
   */
  public Written write(
      final Path file,
      final RecordingReader reader,
      final Segments segments,
      final long first,
      final long last,
      final Progress progress)
      throws IOException {
    return NewFile.make(
        file,
        /* replace= */ false,
        out -> {
          RecordLog.read(
              reader,
              segments,
              first,
              last,
              (segment, tables, from, to) -> {
                take(out, segment, tables, from, to);
                return true;
              },
              progress);
          closeEntry(out);
          out.write(superblock(), 0);
          return new Written(entries, end, gaps);
        });
  }

  private ByteBuffer superblock() {
    final byte[] bytes = new byte[LogWritesDescriptor.SECTOR_BYTES];
    final MemorySegment memory = MemorySegment.ofArray(bytes);
    memory.set(LittleEndian.U64, LogWritesDescriptor.MAGIC_OFFSET, LogWritesDescriptor.MAGIC);
    memory.set(LittleEndian.U64, LogWritesDescriptor.VERSION_OFFSET, LogWritesDescriptor.VERSION);
    memory.set(LittleEndian.U64, LogWritesDescriptor.ENTRIES_OFFSET, entries);
    memory.set(
        LittleEndian.U32,
        LogWritesDescriptor.SECTOR_BYTES_OFFSET,
        LogWritesDescriptor.SECTOR_BYTES);
    return ByteBuffer.wrap(bytes);
  }

  private void take(
      final NewFile out,
      final Segment segment,
      final SegmentTables tables,
      final int from,
      final int to)
      throws IOException {
    load(segment, tables);
    diskBytes = segment.trailer().diskBytes();
    final RecordTable records = tables.records();
    for (int i = from; i < to; i++) {
      take(out, records, i);
    }
  }

  /** All payloads of a segment: records share them in any order. */
  private void load(final Segment segment, final SegmentTables tables) throws IOException {
    final int count = segment.trailer().payloadCount();
    if (payloads.capacity() < count * BLOCK_BYTES) {
      payloads = ByteBuffer.allocateDirect(count * BLOCK_BYTES);
    }
    payloadReader.read(
        segment.reader(),
        tables,
        WantedPayloads.all(tables.records()),
        (i, payload) -> payloads.put(i * BLOCK_BYTES, payload, payload.position(), BLOCK_BYTES));
  }

  private void take(final NewFile out, final RecordTable records, final int i) throws IOException {
    final RecordKind kind = records.kind(i);
    switch (kind) {
      case DATA, BASELINE, RESYNC -> {
        if (!records.hasFlag(i, RecordFlags.FAILED)) {
          final ByteBuffer payload =
              records.hasFlag(i, RecordFlags.ALL_ZERO)
                  ? zeroBlock
                  : payloads.slice(records.payloadIndex(i) * BLOCK_BYTES, BLOCK_BYTES);
          putSectors(out, records, i, payload);
        }
      }
      case ZEROES, DISCARD -> {
        if (!records.hasFlag(i, RecordFlags.FAILED)) {
          putRun(out, records, i, kind);
        }
      }
      case FLUSH -> putEvent(out, FLAG_FLUSH, new byte[0]);
      case MARK -> putEvent(out, FLAG_MARK, text(records, i));
      case GAP -> gaps++;
      case CLOCK_STEP, START, STOP, BASELINE_DONE, RESYNC_DONE -> {}
    }
  }

  private byte[] text(final RecordTable records, final int i) {
    final byte[] block = new byte[BLOCK_BYTES];
    if (!records.hasFlag(i, RecordFlags.ALL_ZERO)) {
      payloads.get(records.payloadIndex(i) * BLOCK_BYTES, block);
    }
    int length = 0;
    while (length < LogWritesDescriptor.MOST_TEXT_BYTES && block[length] != 0) {
      length++;
    }
    return Arrays.copyOf(block, length);
  }

  private void putRun(
      final NewFile out, final RecordTable records, final int i, final RecordKind kind)
      throws IOException {
    if (records.sectorMask(i) != WHOLE_BLOCK) {
      putSectors(out, records, i, zeroBlock);
      return;
    }
    final long start = records.block(i) * BLOCK_BYTES;
    final long runEnd = Math.min(diskBytes, start + records.runBlocks(i) * BLOCK_BYTES);
    if (kind == RecordKind.DISCARD) {
      openEntry(out, start / SECTOR_BYTES, FLAG_DISCARD);
      entrySectors = (runEnd - start) / SECTOR_BYTES;
      closeEntry(out);
      return;
    }
    for (long at = start; at < runEnd; at += MOST_ZERO_BYTES) {
      final long bytes = Math.min(MOST_ZERO_BYTES, runEnd - at);
      openEntry(out, at / SECTOR_BYTES, flags(records, i));
      entrySectors = bytes / SECTOR_BYTES;
      end += bytes;
      out.write(ByteBuffer.allocate(1), end - 1); // the others are a hole, and read as zeroes
      closeEntry(out);
    }
  }

  private static long flags(final RecordTable records, final int i) {
    return records.hasFlag(i, RecordFlags.FUA) ? FLAG_FUA : 0;
  }

  /** The sectors of a block that a record names. */
  private void putSectors(
      final NewFile out, final RecordTable records, final int i, final ByteBuffer payload)
      throws IOException {
    final long firstSector = records.block(i) * BLOCK_SECTORS;
    boolean mayJoin = !records.hasFlag(i, RecordFlags.FIRST);
    for (int sector = 0; sector < BLOCK_SECTORS; sector++) {
      final long diskSector = firstSector + sector;
      if ((records.sectorMask(i) & 1 << sector) == 0 || diskSector * SECTOR_BYTES >= diskBytes) {
        continue;
      }
      final long flags = flags(records, i);
      if (!mayJoin
          || entryOffset < 0
          || flags != entryFlags
          || diskSector != entrySector + entrySectors) {
        openEntry(out, diskSector, flags);
      }
      mayJoin = true;
      int sectors = 1;
      while (sector + sectors < BLOCK_SECTORS
          && (records.sectorMask(i) & 1 << sector + sectors) != 0
          && (diskSector + sectors) * SECTOR_BYTES < diskBytes) {
        sectors++;
      }
      out.write(payload.slice(sector * SECTOR_BYTES, sectors * SECTOR_BYTES), end);
      end += (long) sectors * SECTOR_BYTES;
      entrySectors += sectors;
      sector += sectors - 1;
    }
  }

  private void putEvent(final NewFile out, final long flags, final byte[] text) throws IOException {
    openEntry(out, 0, flags);
    closeEntry(out, text);
  }

  private void openEntry(final NewFile out, final long sector, final long flags)
      throws IOException {
    closeEntry(out);
    entryOffset = end;
    entrySector = sector;
    entrySectors = 0;
    entryFlags = flags;
    end += LogWritesDescriptor.SECTOR_BYTES;
  }

  private void closeEntry(final NewFile out) throws IOException {
    if (entryOffset >= 0) {
      closeEntry(out, new byte[0]);
    }
  }

  private void closeEntry(final NewFile out, final byte[] text) throws IOException {
    final byte[] bytes = new byte[LogWritesDescriptor.SECTOR_BYTES];
    final MemorySegment memory = MemorySegment.ofArray(bytes);
    memory.set(LittleEndian.U64, LogWritesDescriptor.SECTOR_OFFSET, entrySector);
    memory.set(LittleEndian.U64, LogWritesDescriptor.SECTORS_OFFSET, entrySectors);
    memory.set(LittleEndian.U64, LogWritesDescriptor.FLAGS_OFFSET, entryFlags);
    memory.set(LittleEndian.U64, LogWritesDescriptor.DATA_LENGTH_OFFSET, text.length);
    System.arraycopy(text, 0, bytes, LogWritesDescriptor.TEXT_OFFSET, text.length);
    out.write(ByteBuffer.wrap(bytes), entryOffset);
    entryOffset = -1;
    entries++;
  }
}
