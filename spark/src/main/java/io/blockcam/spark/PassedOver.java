package io.blockcam.spark;

import org.apache.spark.sql.connector.metric.CustomSumMetric;
import org.apache.spark.sql.connector.metric.CustomTaskMetric;

/** How many segments could not be read: beside each query in Spark's own pages. */
public final class PassedOver extends CustomSumMetric {
  static final String NAME = "passedOver";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public String description() {
    return "segments that are missing or damaged";
  }

  /** That of a task. */
  record OfTask(long value) implements CustomTaskMetric {
    @Override
    public String name() {
      return NAME;
    }
  }
}
