package io.blockcam.spark;

import io.blockcam.archive.segment.SegmentTrailer;
import org.apache.spark.sql.types.DataType;
import org.jspecify.annotations.Nullable;

/** What can be told of a recording without looking at its records. */
enum Total {
  COUNT(null),
  LEAST_SEQUENCE(Column.SEQUENCE),
  MOST_SEQUENCE(Column.SEQUENCE),
  LEAST_TIMESTAMP(Column.TIMESTAMP),
  MOST_TIMESTAMP(Column.TIMESTAMP),
  LEAST_TIMESTAMP_NS(Column.TIMESTAMP_NS),
  MOST_TIMESTAMP_NS(Column.TIMESTAMP_NS);

  private final @Nullable Column column;

  Total(final @Nullable Column column) {
    this.column = column;
  }

  static @Nullable Total least(final String title) {
    return of("LEAST_", title);
  }

  static @Nullable Total most(final String title) {
    return of("MOST_", title);
  }

  private static @Nullable Total of(final String prefix, final String title) {
    for (final Total total : values()) {
      if (total.column != null
          && total.column.title().equals(title)
          && total.name().startsWith(prefix)) {
        return total;
      }
    }
    return null;
  }

  DataType type() {
    return (column == null ? Column.SEQUENCE : column).type();
  }

  /**
   * Its value.
   *
   * @param count of the records
   */
  long of(final long count, final SegmentTrailer first, final SegmentTrailer last) {
    return switch (this) {
      case COUNT -> count;
      case LEAST_SEQUENCE -> first.firstSequence();
      case MOST_SEQUENCE -> last.lastSequence();
      case LEAST_TIMESTAMP -> first.firstTimestampNs() / 1000;
      case MOST_TIMESTAMP -> last.lastTimestampNs() / 1000;
      case LEAST_TIMESTAMP_NS -> first.firstTimestampNs();
      case MOST_TIMESTAMP_NS -> last.lastTimestampNs();
    };
  }
}
