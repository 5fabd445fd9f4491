package io.blockcam.capture.spool;

import static io.blockcam.capture.spool.DoubtLogDescriptor.CRC32C_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.FIRST_RANGE_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.FIRST_SECTOR_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.MAGIC;
import static io.blockcam.capture.spool.DoubtLogDescriptor.MAGIC_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.MOST_RANGES;
import static io.blockcam.capture.spool.DoubtLogDescriptor.RANGES_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.RANGE_BYTES;
import static io.blockcam.capture.spool.DoubtLogDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.SECTOR_BYTES;
import static io.blockcam.capture.spool.DoubtLogDescriptor.VERSION;
import static io.blockcam.capture.spool.DoubtLogDescriptor.VERSION_OFFSET;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.log.LittleEndian;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/**
 * Remembers of which blocks disk and record may hold different things: {@code doubt}, in the spool.
 * What arises is appended; what is read back, in large pieces, has the file written anew. Any
 * thread, one at a time.
 */
final class DoubtLog implements Closeable {
  static final String FILE_NAME = "doubt";

  /** 4 MiB: what is appended over and over is written anew then. */
  private static final int MOST_SECTORS = (1 << 22) / SECTOR_BYTES;

  private final SpoolFile file;
  private final UUID recordingId;
  private final BlockRanges ranges = new BlockRanges();

  /** How long the file is, if it can be appended to. */
  private int sectors;

  private DoubtLog(final Path directory, final UUID recordingId) {
    this.file = new SpoolFile(directory, FILE_NAME);
    this.recordingId = recordingId;
  }

  /**
   * Reads what there is.
   *
   * @param diskBlocks none of the ranges ends beyond that
   * @throws SpoolException when it is damaged, or of another recording
   */
  static DoubtLog open(final Path directory, final UUID recordingId, final long diskBlocks)
      throws IOException {
    final DoubtLog log = new DoubtLog(directory, recordingId);
    final Path file = directory.resolve(FILE_NAME);
    if (Files.exists(file)) {
      if (Files.size(file) > 2L * MOST_SECTORS * SECTOR_BYTES) {
        throw damaged(file, "has %d bytes, too many".formatted(Files.size(file)));
      }
      log.decode(file, Files.readAllBytes(file), diskBlocks);
    }
    return log;
  }

  /** What is remembered. */
  Doubt doubt() {
    return ranges.toDoubt();
  }

  /** Remembers more; durable when this returns. May be repeated when it fails. */
  void add(final Doubt more) throws IOException {
    if (more.isEmpty() || (file.isWritten() && ranges.containsAll(more))) {
      return;
    }
    ranges.addAll(more);
    final int needed = sectorsFor(more.ranges());
    if (ranges.joinIfMoreThan(Doubt.MOST_RANGES)
        || !file.isWritten()
        || sectors + needed > MOST_SECTORS) {
      writeAnew();
    } else {
      append(encode(more.ranges(), sectors));
      sectors += needed;
    }
  }

  /** Forgets all but these blocks; durable when this returns. May be repeated when it fails. */
  void keep(final Doubt left) throws IOException {
    ranges.clear();
    ranges.addAll(left);
    writeAnew();
  }

  private void append(final byte[] content) throws IOException {
    file.change(
        change -> {
          change.write(ByteBuffer.wrap(content), (long) sectors * SECTOR_BYTES);
          change.force();
        });
  }

  private void writeAnew() throws IOException {
    final List<Doubt.Range> all = ranges.ranges();
    if (all.isEmpty()) {
      file.remove();
      return;
    }
    file.replace(encode(all, 0));
    sectors = sectorsFor(all);
  }

  private static int sectorsFor(final List<Doubt.Range> some) {
    return Math.ceilDiv(some.size(), MOST_RANGES);
  }

  /**
   * Encodes what becomes durable at once.
   *
   * @param first sector of the file where that begins
   */
  private byte[] encode(final List<Doubt.Range> all, final int first) {
    final byte[] content = new byte[sectorsFor(all) * SECTOR_BYTES];
    for (int from = 0; from < all.size(); from += MOST_RANGES) {
      final MemorySegment sector =
          MemorySegment.ofArray(content)
              .asSlice((long) from / MOST_RANGES * SECTOR_BYTES, SECTOR_BYTES);
      encode(sector, first, all.subList(from, Math.min(from + MOST_RANGES, all.size())));
    }
    return content;
  }

  private void encode(final MemorySegment sector, final int first, final List<Doubt.Range> some) {
    sector.set(LittleEndian.U32, FIRST_SECTOR_OFFSET, first);
    sector.set(LittleEndian.U64, MAGIC_OFFSET, MAGIC);
    sector.set(LittleEndian.U32, VERSION_OFFSET, VERSION);
    sector.set(LittleEndian.U32, RANGES_OFFSET, some.size());
    sector.set(LittleEndian.U64, RECORDING_ID_OFFSET, recordingId.getMostSignificantBits());
    sector.set(LittleEndian.U64, RECORDING_ID_OFFSET + 8, recordingId.getLeastSignificantBits());
    int at = FIRST_RANGE_OFFSET;
    for (final Doubt.Range range : some) {
      sector.set(LittleEndian.U64, at, range.block());
      sector.set(LittleEndian.U64, at + 8, range.blocks());
      at += RANGE_BYTES;
    }
    sector.set(
        LittleEndian.U32, CRC32C_OFFSET, new Crc32c().of(sector.asByteBuffer(), 0, CRC32C_OFFSET));
  }

  private void decode(final Path file, final byte[] content, final long diskBlocks)
      throws SpoolException {
    int unwritten = Integer.MAX_VALUE;
    for (int number = 0; number < content.length / SECTOR_BYTES; number++) {
      final int at = number * SECTOR_BYTES;
      final MemorySegment sector = MemorySegment.ofArray(content).asSlice(at, SECTOR_BYTES);
      if (sector.mismatch(MemorySegment.ofArray(new byte[SECTOR_BYTES])) < 0) {
        unwritten = Math.min(unwritten, number);
        continue;
      }
      decode(file, at, sector, diskBlocks);
      if (Integer.compareUnsigned(sector.get(LittleEndian.U32, FIRST_SECTOR_OFFSET), unwritten)
          > 0) { // which was begun when that one was durable
        throw damaged(file, "is damaged: byte %d is missing".formatted(unwritten * SECTOR_BYTES));
      }
    }
    ranges.joinIfMoreThan(Doubt.MOST_RANGES);
  }

  private void decode(
      final Path file, final int at, final MemorySegment sector, final long diskBlocks)
      throws SpoolException {
    if (sector.get(LittleEndian.U64, MAGIC_OFFSET) != MAGIC
        || sector.get(LittleEndian.U32, CRC32C_OFFSET)
            != new Crc32c().of(sector.asByteBuffer(), 0, CRC32C_OFFSET)) {
      throw damaged(file, "is damaged at byte %d, or no list of blocks in doubt".formatted(at));
    }
    final int version = sector.get(LittleEndian.U32, VERSION_OFFSET);
    if (version != VERSION) {
      throw damaged(
          file,
          "version %s is unknown, this program knows %d"
              .formatted(Integer.toUnsignedString(version), VERSION));
    }
    final UUID owner =
        new UUID(
            sector.get(LittleEndian.U64, RECORDING_ID_OFFSET),
            sector.get(LittleEndian.U64, RECORDING_ID_OFFSET + 8));
    final int count = sector.get(LittleEndian.U32, RANGES_OFFSET);
    if (!owner.equals(recordingId) || count < 0 || count > MOST_RANGES) {
      throw damaged(file, "belongs to recording %s, not to %s".formatted(owner, recordingId));
    }
    for (int i = 0; i < count; i++) {
      final int from = FIRST_RANGE_OFFSET + i * RANGE_BYTES;
      final long block = sector.get(LittleEndian.U64, from);
      final long blocks = sector.get(LittleEndian.U64, from + 8);
      if (block < 0 || blocks < 1 || blocks > diskBlocks - block) {
        throw damaged(file, "names %d blocks from %d on, beyond the disk".formatted(blocks, block));
      }
      ranges.add(new Doubt.Range(block, blocks));
    }
  }

  private static SpoolException damaged(final Path file, final String problem) {
    return new SpoolException(
        file, problem + "; move it away and start with --rebind, which reads back all of the disk");
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
