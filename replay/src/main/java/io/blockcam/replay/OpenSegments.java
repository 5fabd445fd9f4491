package io.blockcam.replay;

import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Segments with their tables, checked: those that were used last stay in memory. Safe for several
 * threads; two that want the same one at the same time may both read it.
 */
final class OpenSegments {
  private final Source source;
  private final long mostBytes;
  private final Map<Long, Open> open = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;

  /** Opens segments. */
  @FunctionalInterface
  interface Source {
    SegmentReader open(long number) throws IOException;
  }

  /** A segment, and what its tables say. */
  record Open(SegmentReader reader, SegmentTables tables) {
    private long heldBytes() {
      return reader.trailer().tablesEnd() - reader.trailer().tablesOffset();
    }
  }

  /**
   * @param mostBytes of tables that are kept; the newest one always is
   */
  OpenSegments(final Source source, final long mostBytes) {
    this.source = source;
    this.mostBytes = mostBytes;
  }

  /** A segment by its number. */
  Open get(final long number) throws IOException {
    synchronized (open) {
      final Open known = open.get(number);
      if (known != null) {
        return known;
      }
    }
    final SegmentReader reader = source.open(number);
    final Open read = new Open(reader.withoutTail(), reader.tables());
    synchronized (open) {
      final Open before = open.put(number, read);
      bytes += read.heldBytes() - (before == null ? 0 : before.heldBytes());
      final Iterator<Open> oldest = open.values().iterator();
      while (bytes > mostBytes && open.size() > 1) {
        bytes -= oldest.next().heldBytes();
        oldest.remove();
      }
    }
    return read;
  }
}
