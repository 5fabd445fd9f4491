package io.blockcam.spark;

import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/** How Hadoop reaches the archive, for the tasks of a query. */
final class HadoopSettings implements Serializable {
  private static final long serialVersionUID = 1L;

  private final Broadcast<SerializableConfiguration> settings;

  private HadoopSettings(final Broadcast<SerializableConfiguration> settings) {
    this.settings = settings;
  }

  /** Those of the session, in the driver. */
  static Configuration ofSession() {
    final SparkSession session = SparkSession.active();
    final Configuration all = new Configuration(session.sparkContext().hadoopConfiguration());
    scala.jdk.javaapi.CollectionConverters.asJava(session.conf().getAll())
        .forEach(
            (name, value) -> {
              if (name.startsWith("fs.") || name.startsWith("dfs.")) {
                all.set(name, value);
              }
            });
    return all;
  }

  /** The same, sent to the executors once. */
  static HadoopSettings share(final Configuration configuration) {
    return new HadoopSettings(
        JavaSparkContext.fromSparkContext(SparkSession.active().sparkContext())
            .broadcast(new SerializableConfiguration(configuration)));
  }

  Configuration get() {
    return settings.value().value();
  }
}
