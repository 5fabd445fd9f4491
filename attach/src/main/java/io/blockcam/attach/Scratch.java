package io.blockcam.attach;

import io.blockcam.ublk.target.Geometry;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.BitSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Where what is written to the disk is kept until the end: two sparse files without a name, so that
 * nothing of it stays. One holds chunks one behind the other, in the order in which they were
 * written to first, so that a disk may be larger than any file; the other tells of each chunk where
 * it is, and which sectors of it were written. In memory is a bit for each stretch of the disk, 4
 * MiB at most.
 *
 * <p>Safe for several threads; a sector that is read while it is written may be the old one or the
 * new one, as on any disk.
 */
public final class Scratch implements Closeable {
  private static final int SECTOR_BYTES = Geometry.SECTOR_BYTES;
  private static final int CHUNK_BYTES = ChunkCache.CHUNK_BYTES;
  private static final int CHUNK_SECTORS = CHUNK_BYTES / SECTOR_BYTES;

  /** Of a chunk in the map: its place, from 1 on, and a bit for each of its sectors. */
  private static final int ENTRY_BYTES = Long.BYTES + CHUNK_SECTORS / Byte.SIZE;

  private static final long MOST_STRETCHES = 1L << 25;
  private static final int LOCKS = 64;

  private final FileChannel content;
  private final FileChannel map;

  /** Chunks that have a place. */
  private final AtomicLong placed = new AtomicLong();

  /** Of the entries of chunks, by their numbers. */
  private final Object[] locks = new Object[LOCKS];

  private final long stretchBytes;

  /** A bit for each stretch that was written to: the queue's thread looks here. */
  private final AtomicLongArray touched;

  private Scratch(final FileChannel content, final FileChannel map, final long diskBytes) {
    this.content = content;
    this.map = map;
    long bytes = CHUNK_BYTES;
    while (Math.ceilDiv(diskBytes, bytes) > MOST_STRETCHES) {
      bytes *= 2;
    }
    this.stretchBytes = bytes;
    this.touched =
        new AtomicLongArray((int) Math.ceilDiv(Math.ceilDiv(diskBytes, bytes), Long.SIZE));
    for (int i = 0; i < LOCKS; i++) {
      locks[i] = new Object();
    }
  }

  /**
   * Makes an empty one.
   *
   * @param directory where there is room for what will be written
   * @param diskBytes size of the disk
   */
  public static Scratch in(final Path directory, final long diskBytes) throws IOException {
    final FileChannel content = unnamed(directory);
    try {
      return new Scratch(content, unnamed(directory), diskBytes);
    } catch (final IOException e) {
      content.close();
      throw e;
    }
  }

  private static FileChannel unnamed(final Path directory) throws IOException {
    final Path path = directory.resolve("blockcam-scratch-" + UUID.randomUUID());
    final FileChannel file =
        FileChannel.open(
            path,
            Set.of(
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.delete(path);
    return file;
  }

  /** Whether nothing was written to a stretch of the disk. Allocates nothing. */
  boolean isUntouched(final long offset, final long length) {
    for (long at = offset / stretchBytes; at * stretchBytes < offset + length; at++) {
      if ((touched.get((int) (at / Long.SIZE)) & 1L << at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** What the map tells of a chunk. */
  private record Entry(long place, BitSet sectors) {

    long offset() {
      return (place - 1) * CHUNK_BYTES;
    }
  }

  private Object lock(final long chunk) {
    return locks[(int) (chunk % LOCKS)];
  }

  /** The caller holds its lock. */
  private Entry entry(final long chunk) throws IOException {
    final ByteBuffer bytes = ByteBuffer.allocate(ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()
        && map.read(bytes, chunk * ENTRY_BYTES + bytes.position()) >= 0) {} // else it is zero
    bytes.position(Long.BYTES).limit(ENTRY_BYTES);
    return new Entry(bytes.getLong(0), BitSet.valueOf(bytes));
  }

  /** The caller holds its lock. */
  private void put(final long chunk, final Entry entry) throws IOException {
    final ByteBuffer bytes = ByteBuffer.allocate(ENTRY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(entry.place).put(entry.sectors.toByteArray()).rewind();
    writeAll(map, chunk * ENTRY_BYTES, bytes);
  }

  private static void writeAll(final FileChannel file, final long offset, final ByteBuffer data)
      throws IOException {
    for (long at = offset; data.hasRemaining(); ) {
      at += file.write(data, at);
    }
  }

  /** Writes all that remains in a buffer. */
  void write(final long offset, final ByteBuffer data) throws IOException {
    final int limit = data.limit();
    final long end = offset + data.remaining();
    for (long at = offset; at < end; ) {
      final long chunk = at / CHUNK_BYTES;
      final int from = (int) (at % CHUNK_BYTES);
      final int length = (int) Math.min(end - at, CHUNK_BYTES - from);
      data.limit(data.position() + length);
      write(chunk, from, data);
      data.limit(limit);
      final long stretch = at / stretchBytes;
      touched.accumulateAndGet((int) (stretch / Long.SIZE), 1L << stretch, (a, b) -> a | b);
      at += length;
    }
  }

  private void write(final long chunk, final int from, final ByteBuffer data) throws IOException {
    final int to = from + data.remaining();
    synchronized (lock(chunk)) {
      final Entry before = entry(chunk);
      final Entry entry =
          before.place == 0 ? new Entry(placed.incrementAndGet(), before.sectors) : before;
      writeAll(content, entry.offset() + from, data);
      entry.sectors.set(from / SECTOR_BYTES, to / SECTOR_BYTES);
      put(chunk, entry);
    }
  }

  /**
   * Puts what was written over what the disk had.
   *
   * @param offset of the first byte
   * @param content of the disk from its position to its limit, which stay
   */
  void overlay(final long offset, final ByteBuffer disk) throws IOException {
    final int start = disk.position();
    final long end = offset + disk.remaining();
    for (long at = offset; at < end; ) {
      final long chunk = at / CHUNK_BYTES;
      final int from = (int) (at % CHUNK_BYTES);
      final int to = (int) Math.min(CHUNK_BYTES, from + end - at);
      final Entry entry;
      synchronized (lock(chunk)) {
        entry = entry(chunk);
      }
      final int shift = start + (int) (at - offset) - from;
      for (int sector = entry.sectors.nextSetBit(from / SECTOR_BYTES);
          sector >= 0 && sector * SECTOR_BYTES < to; ) {
        final int behind = Math.min(entry.sectors.nextClearBit(sector), to / SECTOR_BYTES);
        read(
            entry.offset() + sector * SECTOR_BYTES,
            disk.duplicate()
                .limit(shift + behind * SECTOR_BYTES)
                .position(shift + sector * SECTOR_BYTES));
        sector = entry.sectors.nextSetBit(behind);
      }
      at += to - from;
    }
  }

  private void read(final long offset, final ByteBuffer into) throws IOException {
    for (long at = offset; into.hasRemaining(); ) {
      final int count = content.read(into, at);
      if (count < 0) {
        throw new EOFException("the scratch file ends at byte " + at);
      }
      at += count;
    }
  }

  @Override
  public void close() throws IOException {
    try (map) {
      content.close();
    }
  }
}
