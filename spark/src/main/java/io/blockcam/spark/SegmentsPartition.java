package io.blockcam.spark;

import java.util.List;
import org.apache.spark.sql.connector.read.InputPartition;

/**
 * Some segments of a recording, for one task.
 *
 * @param first number of the first one
 * @param end the number behind the last one
 * @param hosts that have the beginning of the first one, if that is known
 */
record SegmentsPartition(String recording, long first, long end, List<String> hosts)
    implements InputPartition {
  private static final long serialVersionUID = 1L;

  @Override
  public String[] preferredLocations() {
    return hosts.toArray(new String[0]);
  }
}
