package io.blockcam.replay;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;

import io.blockcam.archive.index.WindowStack;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Writes a moment of the disk as a sparse raw image, or as a stream.
 *
 * <p>Every payload is checked against its record before it is written. An image is made under
 * another name in the same directory and gets its own at the end, so a file of that name is always
 * whole; on any failure nothing stays.
 *
 * <p>The disk is written a stretch at a time, each from several segments at once, and hashed behind
 * that. Memory does not grow with the disk.
 */
public final class ImageWriter {
  /**
   * Pieces that are written at once: up to 2 GiB of the image. The more, the more of a segment is
   * read in one go, and the later begins the hash.
   */
  private static final int PIECES_OF_FILE = 1 << 19;

  /** Pieces that are held in memory at once for a stream: up to 32 MiB. */
  private static final int PIECES_OF_STREAM = 1 << 13;

  private static final int ZEROES_BYTES = 1 << 16;

  /** So many pieces of a segment are told of at once. */
  private static final int PIECES_TOLD = 1 << 10;

  private final PastDisk disk;
  private final long pieces;
  private final Set<FlatHash> hashes;
  private final Progress progress;

  /** Of the threads that write to a file. */
  private final Queue<ByteBuffer> buffers = new ConcurrentLinkedQueue<>();

  private long dataBytes;

  /** Of stretches that are complete. */
  private long piecesDone;

  /** Of the stretch under way. Guarded by this. */
  private long piecesTaken;

  /** Is told how far it is: by several threads, one at a time. */
  public interface Progress {

    /**
     * Some more is done.
     *
     * @param what a word for the phase
     * @param done bytes
     * @param total bytes
     */
    void update(String what, long done, long total);
  }

  /**
   * A finished image.
   *
   * @param bytes its size
   * @param dataBytes of it that came from the record; the rest are zeroes
   * @param tree its {@link HashTree}, in hexadecimal
   * @param hashes those that were asked for, in hexadecimal
   */
  public record Image(long bytes, long dataBytes, String tree, Map<FlatHash, String> hashes) {

    /** Copies the hashes. */
    public Image {
      hashes = Collections.unmodifiableMap(new LinkedHashMap<>(hashes));
    }
  }

  /**
   * @param pieces how many there are, for the progress
   * @param hashes which to take of all its bytes: each takes as long as zeroes have, too
   */
  public ImageWriter(
      final PastDisk disk, final long pieces, final Set<FlatHash> hashes, final Progress progress) {
    this.disk = disk;
    this.pieces = pieces;
    this.hashes = hashes;
    this.progress = progress;
  }

  /**
   * Writes an image.
   *
   * @param file where
   * @param replace whether an existing file may be replaced
   * @throws ImageFileException when the file exists or cannot be written
   * @throws io.blockcam.archive.segment.SegmentException when a payload is damaged
   */
  public Image write(final Path file, final boolean replace) throws IOException {
    return NewFile.make(file, replace, this::write);
  }

  private Image write(final NewFile out) throws IOException {
    out.setLength(disk.bytes());
    try (ImageHash hash = new ImageHash(disk.bytes(), hashes);
        Behind behind = new Behind()) {
      forEachStretch(
          PIECES_OF_FILE,
          batch -> {
            disk.fetch(batch, () -> new FileSink(batch, out));
            final ByteRanges ranges = ByteRanges.of(batch, disk.bytes());
            behind.run(() -> hash(hash, ranges, out));
          });
      behind.await();
      return image(hash.finish((done, total) -> progress.update("hashing", done, total)));
    }
  }

  private Image image(final ImageHash.Digests digests) {
    return new Image(disk.bytes(), dataBytes, digests.tree(), digests.flat());
  }

  /** Reads back what was written. */
  private static void hash(final ImageHash hash, final ByteRanges ranges, final NewFile image)
      throws IOException {
    for (int i = 0; i < ranges.count(); i++) {
      hash.add(
          ranges.from(i),
          ranges.to(i) - ranges.from(i),
          (offset, into, at, length) -> {
            final ByteBuffer buffer = ByteBuffer.wrap(into, at, length);
            while (buffer.hasRemaining()) {
              if (image.read(buffer, offset + length - buffer.remaining()) <= 0) {
                throw new IOException("the image ends before byte " + (offset + length));
              }
            }
          });
    }
  }

  /** Does one thing at a time while its owner goes on. */
  private static final class Behind implements Closeable {
    private final ExecutorService thread =
        Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("image-reader").daemon().factory());

    private @Nullable Future<?> last;

    /** What may fail. */
    @FunctionalInterface
    interface Work {
      void run() throws IOException;
    }

    /** Waits for the work before. */
    void run(final Work work) throws IOException {
      await();
      last =
          thread.submit(
              () -> {
                work.run();
                return null;
              });
    }

    void await() throws IOException {
      if (last == null) {
        return;
      }
      try {
        last.get();
      } catch (final ExecutionException e) {
        if (e.getCause() instanceof final IOException failure) {
          throw failure;
        }
        throw new IllegalStateException(e.getCause());
      } catch (final InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while the image was hashed");
      }
    }

    @Override
    public void close() {
      thread.shutdownNow();
    }
  }

  /**
   * Writes the disk from its first byte to its last.
   *
   * @param out stays the caller's
   */
  public Image write(final OutputStream out) throws IOException {
    try (ImageHash hash = new ImageHash(disk.bytes(), hashes)) {
      final Stream stream = new Stream(out, hash);
      forEachStretch(PIECES_OF_STREAM, stream::write);
      stream.zeroesUpTo(disk.bytes());
      out.flush();
      return image(hash.finish((done, total) -> {}));
    }
  }

  /** Writes a stretch of the disk. */
  @FunctionalInterface
  private interface StretchWriter {
    void write(PieceBatch batch) throws IOException;
  }

  private void forEachStretch(final int most, final StretchWriter writer) throws IOException {
    final PieceBatch batch = new PieceBatch();
    for (long at = disk.nextWindow(0);
        at != Long.MAX_VALUE;
        at = disk.nextWindow(at + WindowStack.WINDOW_BLOCKS)) {
      final WindowMap window = disk.window(at);
      for (int from = 0; from < window.count(); ) {
        int to = Math.min(window.count(), from + Math.max(1, most - batch.count()));
        while (to < window.count() && window.block(to) == window.block(to - 1)) {
          to++; // a block is written in one go
        }
        batch.add(window, from, to);
        from = to;
        if (batch.count() >= most) {
          write(batch, writer);
        }
      }
    }
    if (batch.count() > 0) {
      write(batch, writer);
    }
  }

  private void write(final PieceBatch batch, final StretchWriter writer) throws IOException {
    writer.write(batch);
    for (int i = 0; i < batch.count(); i++) {
      final long block = batch.block(i) * BLOCK_BYTES;
      PastDisk.forEachRun(
          batch.mask(i),
          (sector, sectors) -> dataBytes += onDisk(block + (long) sector * SECTOR_BYTES, sectors));
    }
    taken(batch.count(), batch.count());
    piecesDone += batch.count();
    piecesTaken = 0;
    batch.clear();
  }

  /**
   * Tells of pieces that are where they belong.
   *
   * @param most of the stretch: what is damaged is tried again, and its neighbours are with it
   */
  private synchronized void taken(final int more, final int most) {
    final long before = piecesTaken;
    piecesTaken = Math.min(piecesTaken + more, most);
    if (piecesTaken > before) {
      progress.update("restoring", (piecesDone + piecesTaken) * BLOCK_BYTES, pieces * BLOCK_BYTES);
    }
  }

  /** Bytes of sectors that lie on the disk: the last block may reach beyond its end. */
  private int onDisk(final long offset, final int sectors) {
    return (int) Math.clamp(disk.bytes() - offset, 0, (long) sectors * SECTOR_BYTES);
  }

  /** Writes the content of pieces where it belongs; what lies side by side in one go. */
  private final class FileSink implements PastDisk.ContentSink {
    private static final int BUFFER_BYTES = 1 << 18;

    private final PieceBatch batch;
    private final NewFile out;
    private @Nullable ByteBuffer buffer;
    private long bufferOffset;
    private int taken;

    FileSink(final PieceBatch batch, final NewFile out) {
      this.batch = batch;
      this.out = out;
    }

    @Override
    public void take(final int piece, final ByteBuffer payload) throws IOException {
      PastDisk.forEachRun(
          batch.mask(piece),
          (sector, sectors) -> {
            final long offset = batch.block(piece) * BLOCK_BYTES + (long) sector * SECTOR_BYTES;
            final int length = onDisk(offset, sectors);
            final int at = payload.position() + sector * SECTOR_BYTES;
            put(offset, payload.duplicate().limit(at + length).position(at));
          });
      if (++taken == PIECES_TOLD) {
        tell();
      }
    }

    private void tell() {
      taken(taken, batch.count());
      taken = 0;
    }

    private void put(final long offset, final ByteBuffer data) throws IOException {
      ByteBuffer into = buffer;
      if (into == null) {
        final ByteBuffer pooled = buffers.poll();
        into = pooled == null ? ByteBuffer.allocateDirect(BUFFER_BYTES) : pooled;
        buffer = into;
        bufferOffset = offset;
      } else if (into.remaining() < data.remaining() || bufferOffset + into.position() != offset) {
        flush(into);
        bufferOffset = offset;
      }
      into.put(data);
    }

    private void flush(final ByteBuffer from) throws IOException {
      if (from.position() > 0) {
        out.write(from.flip(), bufferOffset);
      }
      from.clear();
    }

    @Override
    public void end() throws IOException {
      final ByteBuffer last = buffer;
      if (last != null) {
        flush(last);
        buffer = null;
        buffers.add(last);
      }
      tell();
    }
  }

  /** Puts blocks together in memory and writes them in their order, with the zeroes between. */
  private final class Stream {
    private final OutputStream out;
    private final ImageHash hash;
    private final byte[] zeroes = new byte[ZEROES_BYTES];
    private long written;

    Stream(final OutputStream out, final ImageHash hash) {
      this.out = out;
      this.hash = hash;
    }

    void write(final PieceBatch batch) throws IOException {
      final int[] place = new int[batch.count()];
      int blocks = 0;
      for (int i = 0; i < batch.count(); i++) {
        blocks += i == 0 || batch.block(i) != batch.block(i - 1) ? 1 : 0;
        place[i] = (blocks - 1) * BLOCK_BYTES;
      }
      final byte[] content = new byte[blocks * BLOCK_BYTES];
      disk.fetch(
          batch,
          () ->
              (piece, payload) ->
                  PastDisk.forEachRun(
                      batch.mask(piece),
                      (sector, sectors) -> {
                        payload.get(
                            payload.position() + sector * SECTOR_BYTES,
                            content,
                            place[piece] + sector * SECTOR_BYTES,
                            sectors * SECTOR_BYTES);
                      }));
      int at = 0;
      final ByteRanges ranges = ByteRanges.of(batch, disk.bytes());
      for (int i = 0; i < ranges.count(); i++) {
        zeroesUpTo(ranges.from(i));
        final int length = (int) (ranges.to(i) - ranges.from(i));
        out.write(content, at, length);
        final int start = at;
        final long offset = written;
        hash.add(
            offset,
            length,
            (from, into, to, count) ->
                System.arraycopy(content, start + (int) (from - offset), into, to, count));
        written += length;
        at += length;
      }
    }

    void zeroesUpTo(final long offset) throws IOException {
      while (written < offset) {
        final int length = (int) Math.min(zeroes.length, offset - written);
        out.write(zeroes, 0, length);
        written += length;
      }
    }
  }
}
