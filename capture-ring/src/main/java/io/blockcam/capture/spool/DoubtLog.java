package io.blockcam.capture.spool;

import static io.blockcam.capture.spool.DoubtLogDescriptor.CRC32C_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.FIRST_RANGE_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.MAGIC;
import static io.blockcam.capture.spool.DoubtLogDescriptor.MAGIC_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.MOST_RANGES;
import static io.blockcam.capture.spool.DoubtLogDescriptor.RANGES_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.RANGE_BYTES;
import static io.blockcam.capture.spool.DoubtLogDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.capture.spool.DoubtLogDescriptor.SECTOR_BYTES;
import static io.blockcam.capture.spool.DoubtLogDescriptor.VERSION;
import static io.blockcam.capture.spool.DoubtLogDescriptor.VERSION_OFFSET;
import static java.nio.file.StandardOpenOption.WRITE;

import io.blockcam.archive.Directories;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.LittleEndian;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Remembers of which blocks disk and record may hold different things: {@code doubt}, in the spool.
 * What arises is appended; what is read back, in large pieces, has the file written anew. Any
 * thread, one at a time.
 */
final class DoubtLog implements Closeable {
  static final String FILE_NAME = "doubt";

  /** 4 MiB: what is appended over and over is written anew then. */
  private static final long MOST_BYTES = 1L << 22;

  private final Path directory;
  private final UUID recordingId;
  private final BlockRanges ranges = new BlockRanges();
  private long bytes;

  /**
   * Null at first, and after a failure: nothing is known to be durable then, and the file is
   * written anew.
   */
  private @Nullable FileChannel channel;

  private DoubtLog(final Path directory, final UUID recordingId) {
    this.directory = directory;
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
      if (Files.size(file) > 2 * MOST_BYTES) {
        throw damaged(file, "has %d bytes, too many".formatted(Files.size(file)));
      }
      log.decode(file, Files.readAllBytes(file), diskBlocks);
    }
    return log;
  }

  /** What is remembered. */
  Doubt doubt() {
    return new Doubt(ranges.ranges());
  }

  /** Remembers more; durable when this returns. May be repeated when it fails. */
  void add(final Doubt more) throws IOException {
    final FileChannel file = channel;
    if (more.isEmpty() || (file != null && ranges.containsAll(more))) {
      return;
    }
    ranges.addAll(more);
    final byte[] sectors = encode(more.ranges());
    if (ranges.joinIfMoreThan(Doubt.MOST_RANGES)
        || file == null
        || bytes + sectors.length > MOST_BYTES) {
      writeAnew();
    } else {
      append(file, sectors);
    }
  }

  /** Forgets all but these blocks; durable when this returns. May be repeated when it fails. */
  void keep(final Doubt left) throws IOException {
    ranges.clear();
    ranges.addAll(left);
    writeAnew();
  }

  private void append(final FileChannel file, final byte[] sectors) throws IOException {
    boolean written = false;
    try {
      final ByteBuffer buffer = ByteBuffer.wrap(sectors);
      while (buffer.hasRemaining()) {
        file.write(buffer, bytes + buffer.position());
      }
      file.force(false);
      bytes += sectors.length;
      written = true;
    } finally {
      if (!written) {
        close();
      }
    }
  }

  private void writeAnew() throws IOException {
    close();
    if (ranges.isEmpty()) {
      Files.deleteIfExists(directory.resolve(FILE_NAME));
      Directories.force(directory);
      return;
    }
    final byte[] sectors = encode(ranges.ranges());
    Spool.replace(directory, FILE_NAME, sectors);
    channel = FileChannel.open(directory.resolve(FILE_NAME), WRITE);
    bytes = sectors.length;
  }

  private byte[] encode(final List<Doubt.Range> all) {
    final int sectors = Math.ceilDiv(all.size(), MOST_RANGES);
    final byte[] content = new byte[sectors * SECTOR_BYTES];
    for (int sector = 0; sector < sectors; sector++) {
      final int from = sector * MOST_RANGES;
      final int count = Math.min(MOST_RANGES, all.size() - from);
      encode(
          MemorySegment.ofArray(content).asSlice((long) sector * SECTOR_BYTES, SECTOR_BYTES),
          all.subList(from, from + count));
    }
    return content;
  }

  private void encode(final MemorySegment sector, final List<Doubt.Range> some) {
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
    sector.set(LittleEndian.U32, CRC32C_OFFSET, new Crc32c().of(sector, 0, CRC32C_OFFSET));
  }

  private void decode(final Path file, final byte[] content, final long diskBlocks)
      throws SpoolException {
    for (int at = 0; at + SECTOR_BYTES <= content.length; at += SECTOR_BYTES) {
      final MemorySegment sector = MemorySegment.ofArray(content).asSlice(at, SECTOR_BYTES);
      if (sector.mismatch(MemorySegment.ofArray(new byte[SECTOR_BYTES])) >= 0) {
        decode(file, at, sector, diskBlocks);
      }
    }
    ranges.joinIfMoreThan(Doubt.MOST_RANGES);
  }

  private void decode(
      final Path file, final int at, final MemorySegment sector, final long diskBlocks)
      throws SpoolException {
    if (sector.get(LittleEndian.U64, MAGIC_OFFSET) != MAGIC
        || sector.get(LittleEndian.U32, CRC32C_OFFSET)
            != new Crc32c().of(sector, 0, CRC32C_OFFSET)) {
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
    final FileChannel file = channel;
    channel = null;
    if (file != null) {
      file.close();
    }
  }
}
