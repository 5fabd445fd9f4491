package io.blockcam.attach;

import io.blockcam.ublk.target.Geometry;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.BitSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Where what is written to the disk is kept until the end: a sparse file without a name, so that
 * nothing of it stays, and which sectors it holds. Safe for several threads; a sector that is read
 * while it is written may be the old one or the new one, as on any disk.
 */
public final class Scratch implements Closeable {
  private static final int SECTOR_BYTES = Geometry.SECTOR_BYTES;
  private static final int CHUNK_BYTES = ChunkCache.CHUNK_BYTES;

  private final FileChannel file;

  /** Sectors of each chunk that were written; the sets are their own locks. */
  private final ConcurrentMap<Long, BitSet> written = new ConcurrentHashMap<>();

  /**
   * A bit for each chunk in {@link #written}: the queue's thread looks here, and allocates nothing.
   */
  private final AtomicLongArray touched;

  private Scratch(final FileChannel file, final long diskBytes) {
    this.file = file;
    this.touched =
        new AtomicLongArray(
            Math.toIntExact(Math.ceilDiv(Math.ceilDiv(diskBytes, CHUNK_BYTES), Long.SIZE)));
  }

  /**
   * Makes an empty one.
   *
   * @param directory where there is room for what will be written
   * @param diskBytes size of the disk
   */
  public static Scratch in(final Path directory, final long diskBytes) throws IOException {
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
    return new Scratch(file, diskBytes);
  }

  /** Whether nothing was written to a stretch of the disk. Allocates nothing. */
  boolean isUntouched(final long offset, final long length) {
    for (long chunk = offset / CHUNK_BYTES; chunk * CHUNK_BYTES < offset + length; chunk++) {
      if ((touched.get((int) (chunk / Long.SIZE)) & 1L << chunk) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Writes all that remains in a buffer. */
  void write(final long offset, final ByteBuffer data) throws IOException {
    final long end = offset + data.remaining();
    for (long at = offset; data.hasRemaining(); ) {
      at += file.write(data, at);
    }
    for (long at = offset; at < end; ) {
      final long chunk = at / CHUNK_BYTES;
      final long stop = Math.min(end, (chunk + 1) * CHUNK_BYTES);
      final BitSet sectors =
          written.computeIfAbsent(chunk, any -> new BitSet(CHUNK_BYTES / SECTOR_BYTES));
      synchronized (sectors) {
        sectors.set(
            (int) (at % CHUNK_BYTES) / SECTOR_BYTES,
            (int) (stop - chunk * CHUNK_BYTES) / SECTOR_BYTES);
      }
      touched.accumulateAndGet((int) (chunk / Long.SIZE), 1L << chunk, (a, b) -> a | b);
      at = stop;
    }
  }

  /**
   * Puts what was written over what the disk had.
   *
   * @param offset of the first byte
   * @param content of the disk from its position to its limit, which stay
   */
  void overlay(final long offset, final ByteBuffer content) throws IOException {
    final int start = content.position();
    final int length = content.remaining();
    for (long at = offset; at < offset + length; at += SECTOR_BYTES) {
      final BitSet sectors = written.get(at / CHUNK_BYTES);
      final boolean mine;
      if (sectors == null) {
        mine = false;
      } else {
        synchronized (sectors) {
          mine = sectors.get((int) (at % CHUNK_BYTES) / SECTOR_BYTES);
        }
      }
      if (mine) {
        final int place = start + (int) (at - offset);
        final ByteBuffer sector = content.duplicate().limit(place + SECTOR_BYTES).position(place);
        long from = at;
        while (sector.hasRemaining()) {
          final int count = file.read(sector, from);
          if (count < 0) {
            throw new EOFException("the scratch file ends at byte " + from);
          }
          from += count;
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
