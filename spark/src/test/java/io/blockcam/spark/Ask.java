package io.blockcam.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** A program with Spark in it, as an analyst has one. */
public final class Ask {
  private Ask() {}

  /** Spark in this process. */
  static SparkSession session(final Path directory) {
    return SparkSession.builder()
        .master("local[2]")
        .appName("blockcam")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", directory.resolve("warehouse").toString())
        .config("spark.local.dir", directory.resolve("local").toString())
        .config("spark.hadoop.fs.counted.impl", CountedFileSystem.class.getName())
        .getOrCreate();
  }

  /** Rows of the answer as text, each in a line. */
  static List<String> answer(final SparkSession session, final String archive, final String sql) {
    session.read().format("blockcam").load(archive).createOrReplaceTempView("records");
    return session.sql(sql).collectAsList().stream().map(Row::toString).toList();
  }

  /**
   * Asks.
   *
   * @param arguments a directory, the archive and a query over {@code records}
   */
  public static void main(final String[] arguments) throws IOException {
    try (SparkSession session = session(Path.of(arguments[0]))) {
      System.out.println("Java " + Runtime.version().feature());
      answer(session, arguments[1], arguments[2]).forEach(System.out::println);
    }
  }
}
