package io.blockcam.vmtests.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;

/**
 * Blocks at the beginning of a disk whose sectors say what they are: {place, number of the write,
 * checksum}, repeated. A file keeps, block by block, which write a flush has made durable.
 */
public final class StampedBlocks {

  private static final int SECTOR_BYTES = 512;
  private static final int BLOCK_BYTES = 4096;
  private static final int MOST_BLOCKS = 16;
  private static final int STAMP_BYTES = 3 * Long.BYTES;

  private final Path file;
  private final long[] written;
  private final long[] flushed;
  private long next;

  private StampedBlocks(final Path file, final int blocks) {
    this.file = file;
    this.written = new long[blocks];
    this.flushed = new long[blocks];
  }

  /** Goes on behind what the file says. */
  public static StampedBlocks continued(final Path file, final int blocks) throws IOException {
    final StampedBlocks stamped = new StampedBlocks(file, blocks);
    if (Files.exists(file)) {
      ByteBuffer.wrap(Files.readAllBytes(file)).asLongBuffer().get(stamped.flushed);
    }
    stamped.next =
        Arrays.stream(stamped.flushed).max().orElse(0) + (1L << 32); // more than were lost
    return stamped;
  }

  /** Writes some blocks somewhere. */
  public void write(final BlockDevice device, final RandomGenerator random) {
    final int count = random.nextInt(1, MOST_BLOCKS + 1);
    final int first = random.nextInt(written.length - count + 1);
    final ByteBuffer data = ByteBuffer.allocate(count * BLOCK_BYTES);
    next++;
    while (data.hasRemaining()) {
      final long sector =
          (long) first * BLOCK_BYTES / SECTOR_BYTES + data.position() / SECTOR_BYTES;
      data.put(Arrays.copyOf(stamp(sector, next), SECTOR_BYTES));
    }
    device.write((long) first * BLOCK_BYTES, data.array());
    Arrays.fill(written, first, first + count, next);
  }

  private static byte[] stamp(final long sector, final long write) {
    final ByteBuffer stamp = ByteBuffer.allocate(STAMP_BYTES).putLong(sector).putLong(write);
    final CRC32C crc = new CRC32C();
    crc.update(stamp.array(), 0, 2 * Long.BYTES);
    return stamp.putLong(crc.getValue()).array();
  }

  /** Flushes, and only then writes down that it did. */
  public void flush(final BlockDevice device) throws IOException {
    device.flush();
    for (int block = 0; block < written.length; block++) {
      flushed[block] = Math.max(flushed[block], written[block]);
    }
    final ByteBuffer bytes = ByteBuffer.allocate(flushed.length * Long.BYTES);
    bytes.asLongBuffer().put(flushed);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.write(bytes, 0);
      channel.force(true);
    }
  }

  /**
   * Fails unless each block has the write that was flushed last, or a later one, sector by sector.
   */
  public void holdsWhatWasFlushed(final Path disk) throws IOException {
    holds(disk, flushed);
  }

  /** The same for what was acknowledged. */
  public void holdsWhatWasWritten(final Path disk) throws IOException {
    holds(disk, written);
  }

  private static void holds(final Path disk, final long[] expected) throws IOException {
    try (FileChannel channel = FileChannel.open(disk)) {
      final ByteBuffer bytes = ByteBuffer.allocate(expected.length * BLOCK_BYTES);
      while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) >= 0) {
        // again
      }
      for (int at = 0; at < bytes.capacity(); at += SECTOR_BYTES) {
        final long least = expected[at / BLOCK_BYTES];
        final long found = bytes.getLong(at + Long.BYTES);
        final boolean whole =
            Arrays.equals(
                bytes.array(),
                at,
                at + STAMP_BYTES,
                stamp(at / SECTOR_BYTES, found),
                0,
                STAMP_BYTES);
        if (least > 0 && (found < least || !whole)) {
          throw new AssertionError(
              "sector %d is of write %d%s, write %d was acknowledged"
                  .formatted(at / SECTOR_BYTES, found, whole ? "" : ", damaged", least));
        }
      }
    }
  }
}
