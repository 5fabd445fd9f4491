package io.blockcam.attach;

import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves requests that need more than memory: reads from the archive and writes to a scratch. A
 * read that goes on where one ended, or comes again to a chunk, brings whole chunks into memory,
 * and those that come next; any other what it asks for: of a disk that was written here and there
 * each block of a chunk lies in another segment. An archive that is away is waited for. Safe for
 * all threads.
 */
final class Fetcher implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Fetcher.class);
  private static final int EIO = 5;
  private static final int CHUNK_BYTES = ChunkCache.CHUNK_BYTES;

  /** Requests that are worked on at once; others wait. */
  private static final int AT_ONCE = 16;

  /** Chunks that are read ahead of a sequential reader. */
  private static final int AHEAD = 8;

  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);

  private final long diskBytes;
  private final DiskReader disk;
  private final ChunkCache cache;
  private final @Nullable Scratch scratch;
  private final Duration patience;
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("attach-", 0).factory());
  private final Semaphore turns = new Semaphore(AT_ONCE);
  private final Set<Request> pending = ConcurrentHashMap.newKeySet();

  /** Where the last read ended: one that begins there is sequential. */
  private final AtomicLong lastEnd = new AtomicLong(-1);

  private final RecentChunks recent;
  private volatile boolean closed;

  /** A request; the same object may come again once it is done. */
  interface Request {
    /** Of the first byte. */
    long offset();

    /** Where the data is to go, or is. */
    MemorySegment buffer();

    boolean writes();

    /** Its result; called once, by any thread. */
    void done(int result);
  }

  Fetcher(
      final long diskBytes,
      final DiskReader disk,
      final ChunkCache cache,
      final @Nullable Scratch scratch,
      final Duration patience) {
    this.diskBytes = diskBytes;
    this.disk = disk;
    this.cache = cache;
    this.scratch = scratch;
    this.patience = patience;
    this.recent = new RecentChunks(cache.chunks());
  }

  /** Reads the first chunk; whoever wants what can not be read is told then. */
  void warmUp() {
    try {
      fetch(0, 1, Duration.ZERO);
    } catch (final IOException e) {
      LOG.debug("not read ahead: {}", e.getMessage());
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Takes a request over. Does not block. */
  void submit(final Request request) {
    pending.add(request);
    try {
      threads.execute(() -> serve(request));
    } catch (final RejectedExecutionException e) {
      finish(request, -EIO);
    }
  }

  private void finish(final Request request, final int result) {
    if (pending.remove(request)) {
      request.done(result);
    }
  }

  private void serve(final Request request) {
    int result = -EIO;
    try {
      turns.acquire();
      try {
        result = request.writes() ? write(request) : read(request);
      } finally {
        turns.release();
      }
    } catch (final IOException e) {
      if (!closed) {
        LOG.error(
            "{} bytes at {} can not be {}: {}",
            request.buffer().byteSize(),
            request.offset(),
            request.writes() ? "written" : "read",
            e.getMessage());
      }
    } catch (final InterruptedException e) {
      // The device goes away.
    } catch (final RuntimeException | Error e) {
      LOG.error("unexpected", e);
    } finally {
      finish(request, result);
    }
  }

  private int write(final Request request) throws IOException {
    if (scratch == null) {
      throw new IOException("this disk can only be read");
    }
    final int length = (int) request.buffer().byteSize();
    scratch.write(request.offset(), request.buffer().asByteBuffer());
    return length;
  }

  private int read(final Request request) throws IOException, InterruptedException {
    final MemorySegment buffer = request.buffer();
    final long offset = request.offset();
    final int length = (int) buffer.byteSize();
    final boolean sequential = lastEnd.getAndSet(offset + length) == offset;
    final long first = offset / CHUNK_BYTES;
    final long end = (offset + length + CHUNK_BYTES - 1) / CHUNK_BYTES;
    if (!cache.copy(offset, length, buffer, 0)) {
      final boolean again = recent.seen(first, end);
      if (!(sequential || again) || !fetchInto(first, end, offset, buffer)) {
        readPatiently(offset, buffer.asByteBuffer(), patience);
      }
    }
    if (scratch != null) {
      scratch.overlay(offset, buffer.asByteBuffer());
    }
    if (sequential && !cache.holds(end)) {
      try {
        threads.execute(() -> readAhead(end));
      } catch (final RejectedExecutionException e) {
        LOG.debug("not read ahead: the device goes away");
      }
    }
    return length;
  }

  /**
   * Reads whole chunks, and of them what is wanted.
   *
   * @return false when they are damaged: what is wanted may be sound
   */
  private boolean fetchInto(
      final long first, final long end, final long offset, final MemorySegment into)
      throws IOException, InterruptedException {
    final ByteBuffer chunks;
    try {
      chunks = fetch(first, end, patience);
    } catch (final StoreUnavailableException e) {
      throw e;
    } catch (final IOException e) {
      LOG.debug("the chunks around {} bytes at {}: {}", into.byteSize(), offset, e.getMessage());
      recent.forget(first, end);
      return false;
    }
    MemorySegment.copy(
        MemorySegment.ofBuffer(chunks), offset - first * CHUNK_BYTES, into, 0, into.byteSize());
    return true;
  }

  /** Reads chunks that lie side by side, and puts them into the cache. */
  private ByteBuffer fetch(final long first, final long end, final Duration limit)
      throws IOException, InterruptedException {
    final long from = first * CHUNK_BYTES;
    final int length = (int) (Math.min(end * CHUNK_BYTES, diskBytes) - from);
    final ByteBuffer chunks = ByteBuffer.allocate(length);
    readPatiently(from, chunks, limit);
    chunks.clear();
    for (long chunk = first; chunk < end; chunk++) {
      final int at = (int) (chunk - first) * CHUNK_BYTES;
      cache.put(
          chunk, MemorySegment.ofBuffer(chunks.slice(at, Math.min(CHUNK_BYTES, length - at))));
    }
    return chunks;
  }

  private void readAhead(final long first) {
    final long end = Math.min(first + AHEAD, (diskBytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
    if (first >= end || !turns.tryAcquire()) {
      return; // others have something to do that somebody waits for
    }
    try {
      fetch(first, end, Duration.ZERO);
    } catch (final IOException | InterruptedException e) {
      LOG.debug("not read ahead: {}", e.getMessage()); // whoever wants it is told
    } finally {
      turns.release();
    }
  }

  /** An archive that is away may come back; what is damaged does not heal. */
  private void readPatiently(final long offset, final ByteBuffer into, final Duration limit)
      throws IOException, InterruptedException {
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    long pauseNs = FIRST_PAUSE.toNanos();
    for (boolean told = false; ; told = true) {
      try {
        disk.read(offset, into.clear());
        if (told) {
          LOG.info("the archive answers again");
        }
        return;
      } catch (final StoreUnavailableException e) {
        if (closed || System.nanoTime() - deadlineNs >= 0) {
          throw e;
        }
        if (!told) {
          LOG.warn("the archive is away, reads wait: {}", e.getMessage());
        }
        TimeUnit.NANOSECONDS.sleep(pauseNs);
        pauseNs = Math.min(2 * pauseNs, LONGEST_PAUSE.toNanos());
      }
    }
  }

  /** Ends all requests that wait, and those that come, with EIO. */
  @Override
  public void close() {
    closed = true;
    threads.shutdownNow();
    try {
      if (!threads.awaitTermination(5, TimeUnit.SECONDS)) {
        LOG.warn("a read does not end");
      }
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    for (final Request request : pending) {
      finish(request, -EIO);
    }
  }
}
