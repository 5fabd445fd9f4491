package io.blockcam.replay;

import io.blockcam.archive.segment.ContentTable;
import io.blockcam.archive.segment.SegmentReader;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Segments that are read from, with what their tables say of payloads; those that were used last
 * are kept. Safe for several threads: who wants what another is reading waits for that.
 */
final class OpenSegments {
  /** Tables that are read at the same time: all of them are in memory until they are checked. */
  private static final int MOST_READ_KIB = 12 << 10;

  private static final int LOCKS = 16;

  private final Source source;
  private final long mostBytes;
  private final Semaphore reading = new Semaphore(MOST_READ_KIB);
  private final ReentrantLock[] locks = new ReentrantLock[LOCKS];

  // Guarded by open.
  private final Map<Long, Open> open = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  /** Opens segments. */
  @FunctionalInterface
  interface Source {
    SegmentReader open(long number) throws IOException;
  }

  /** A segment, and what its tables say. */
  record Open(SegmentReader reader, ContentTable contents) {}

  /**
   * @param mostBytes of what is kept; the newest one always is
   */
  OpenSegments(final Source source, final long mostBytes) {
    this.source = source;
    this.mostBytes = mostBytes;
    for (int i = 0; i < LOCKS; i++) {
      locks[i] = new ReentrantLock();
    }
  }

  /** A segment by its number. */
  Open get(final long number) throws IOException {
    Open known = known(number);
    if (known == null) {
      final ReentrantLock lock = locks[(int) (number % LOCKS)];
      lock.lock();
      try {
        known = known(number);
        if (known == null) {
          known = read(source.open(number));
          keep(number, known);
        }
      } finally {
        lock.unlock();
      }
    }
    return known;
  }

  private @Nullable Open known(final long number) {
    synchronized (open) {
      return open.get(number);
    }
  }

  private Open read(final SegmentReader reader) throws IOException {
    final long tables = reader.trailer().tablesEnd() - reader.trailer().tablesOffset();
    final int kib = (int) Math.clamp(tables >>> 10, 1, MOST_READ_KIB);
    try {
      reading.acquire(kib);
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while a segment was read");
    }
    try {
      return new Open(reader.withoutTail(), new ContentTable(reader.tables()));
    } finally {
      reading.release(kib);
    }
  }

  private void keep(final long number, final Open read) {
    synchronized (open) {
      open.put(number, read);
      bytes += read.contents.heldBytes();
      final Iterator<Open> oldest = open.values().iterator();
      while (bytes > mostBytes && open.size() > 1) {
        bytes -= oldest.next().contents.heldBytes();
        oldest.remove();
      }
    }
  }
}
