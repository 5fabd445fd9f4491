package io.blockcam.spark;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.connector.expressions.NamedReference;
import org.apache.spark.sql.connector.expressions.aggregate.AggregateFunc;
import org.apache.spark.sql.connector.expressions.aggregate.Aggregation;
import org.apache.spark.sql.connector.expressions.aggregate.CountStar;
import org.apache.spark.sql.connector.expressions.aggregate.Max;
import org.apache.spark.sql.connector.expressions.aggregate.Min;
import org.apache.spark.sql.connector.expressions.filter.Predicate;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.SupportsPushDownAggregates;
import org.apache.spark.sql.connector.read.SupportsPushDownLimit;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.connector.read.SupportsPushDownV2Filters;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;

/** Takes what Spark knows of a query before it is planned. */
final class RecordsScanBuilder
    implements SupportsPushDownRequiredColumns,
        SupportsPushDownV2Filters,
        SupportsPushDownAggregates,
        SupportsPushDownLimit {
  private final ArchiveOptions options;
  private final Bounds bounds = new Bounds();
  private final List<Predicate> pushed = new ArrayList<>();
  private StructType columns = Column.schema();
  private @Nullable List<Total> totals;
  private long limit = Long.MAX_VALUE;

  RecordsScanBuilder(final ArchiveOptions options) {
    this.options = options;
  }

  @Override
  public void pruneColumns(final StructType required) {
    columns = required;
  }

  /** All of them are returned: they only tell which segments need not be read. */
  @Override
  public Predicate[] pushPredicates(final Predicate[] predicates) {
    for (final Predicate predicate : predicates) {
      if (bounds.restrict(predicate)) {
        pushed.add(predicate);
      }
    }
    return predicates;
  }

  @Override
  public Predicate[] pushedPredicates() {
    return pushed.toArray(new Predicate[0]);
  }

  /** What trailers tell, of each recording; Spark adds that up. */
  @Override
  public boolean pushAggregation(final Aggregation aggregation) {
    if (aggregation.groupByExpressions().length > 0 || options.skipsDamaged()) {
      return false;
    }
    final List<Total> found = new ArrayList<>();
    for (final AggregateFunc function : aggregation.aggregateExpressions()) {
      final Total total = total(function);
      if (total == null) {
        return false;
      }
      found.add(total);
    }
    totals = found;
    return true;
  }

  /** Spark still stops at it; a segment that cannot be read must not count. */
  @Override
  public boolean pushLimit(final int most) {
    if (options.skipsDamaged()) {
      return false;
    }
    limit = most;
    return true;
  }

  private static @Nullable Total total(final AggregateFunc function) {
    if (function instanceof CountStar) {
      return Total.COUNT;
    }
    if (function instanceof final Min min && min.column() instanceof final NamedReference column) {
      return Total.least(String.join(".", column.fieldNames()));
    }
    if (function instanceof final Max max && max.column() instanceof final NamedReference column) {
      return Total.most(String.join(".", column.fieldNames()));
    }
    return null;
  }

  @Override
  public Scan build() {
    return totals == null
        ? new RecordsScan(options, bounds, Column.of(columns), pushed, limit)
        : new TotalsScan(options, totals);
  }
}
