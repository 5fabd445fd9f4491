package io.blockcam.spark;

import io.blockcam.archive.segment.SegmentTrailer;
import java.io.Serializable;
import java.util.HashSet;
import java.util.Set;
import org.apache.spark.sql.connector.expressions.Expression;
import org.apache.spark.sql.connector.expressions.Literal;
import org.apache.spark.sql.connector.expressions.NamedReference;
import org.apache.spark.sql.connector.expressions.filter.And;
import org.apache.spark.sql.connector.expressions.filter.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What records a query can want at all. It only says which segments need not be read: Spark looks
 * at each record itself. Not for several threads.
 */
final class Bounds implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final long NS_PER_US = 1000;

  private final Range timestampNs = new Range();
  private final Range sequence = new Range();
  private final Range epoch = new Range();

  /** Null for all. */
  private @Nullable Set<String> recordings;

  private static final class Range implements Serializable {
    private static final long serialVersionUID = 1L;
    private long least = Long.MIN_VALUE;
    private long most = Long.MAX_VALUE;

    void restrict(final String comparison, final long least, final long most) {
      switch (comparison) {
        case "=", "<=>" -> {
          atLeast(least);
          atMost(most);
        }
        case ">", ">=" -> atLeast(least); // one too many does no harm
        case "<", "<=" -> atMost(most);
        default -> throw new IllegalArgumentException(comparison);
      }
    }

    boolean isAll() {
      return least == Long.MIN_VALUE && most == Long.MAX_VALUE;
    }

    private void atLeast(final long value) {
      least = Math.max(least, value);
    }

    private void atMost(final long value) {
      most = Math.min(most, value);
    }
  }

  /** Whether no segment can be told not to have any. */
  boolean isNone() {
    return timestampNs.isAll() && sequence.isAll() && epoch.isAll();
  }

  /** Whether a recording can have such records. */
  boolean mayHave(final String recording) {
    return recordings == null || recordings.contains(recording);
  }

  /** Whether a segment, and none before it, can have such records. */
  boolean begins(final SegmentTrailer segment) {
    return segment.lastTimestampNs() >= timestampNs.least
        && segment.lastSequence() >= sequence.least
        && segment.epoch() >= epoch.least;
  }

  /** Whether neither a segment nor those behind it can have any. */
  boolean isOver(final SegmentTrailer segment) {
    return segment.firstTimestampNs() > timestampNs.most
        || segment.firstSequence() > sequence.most
        || segment.epoch() > epoch.most;
  }

  /**
   * Takes what must hold of each record.
   *
   * @return whether it is of any use
   */
  boolean restrict(final Predicate predicate) {
    if (predicate instanceof final And and) {
      return restrict(and.left()) | restrict(and.right());
    }
    final Expression[] of = predicate.children();
    if (of.length < 2 || !(of[0] instanceof final NamedReference column)) {
      return false;
    }
    final String name = String.join(".", column.fieldNames());
    if (name.equals(Column.RECORDING.title())) {
      return restrictRecordings(predicate.name(), of);
    }
    return of.length == 2
        && of[1] instanceof final Literal<?> literal
        && literal.value() instanceof final Long value
        && restrict(name, predicate.name(), value);
  }

  private boolean restrict(final String name, final String comparison, final long value) {
    if (!Set.of("=", "<=>", ">", ">=", "<", "<=").contains(comparison)) {
      return false;
    }
    if (name.equals(Column.TIMESTAMP_NS.title())) {
      timestampNs.restrict(comparison, value, value);
    } else if (name.equals(Column.TIMESTAMP.title())) {
      if (Math.abs(value) > Long.MAX_VALUE / NS_PER_US - 1) {
        return false;
      }
      timestampNs.restrict(comparison, value * NS_PER_US, value * NS_PER_US + NS_PER_US - 1);
    } else if (name.equals(Column.SEQUENCE.title())) {
      sequence.restrict(comparison, value, value);
    } else if (name.equals(Column.EPOCH.title())) {
      epoch.restrict(comparison, value, value);
    } else {
      return false;
    }
    return true;
  }

  private boolean restrictRecordings(final String comparison, final Expression[] of) {
    if (!Set.of("=", "<=>", "IN").contains(comparison)) {
      return false;
    }
    final Set<String> names = new HashSet<>();
    for (int i = 1; i < of.length; i++) {
      if (!(of[i] instanceof final Literal<?> literal) || literal.value() == null) {
        return false;
      }
      names.add(literal.value().toString());
    }
    if (recordings != null) {
      names.retainAll(recordings);
    }
    recordings = names;
    return true;
  }
}
