package io.blockcam.spark;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/** What {@code spark-submit} starts. */
public final class Main {
  private static final int FOUND = 0;
  private static final int NOT_FOUND = 1;
  private static final int USAGE = 2;
  private static final int FAILED = 3;

  private static final String HELP =
      """
      usage: spark-submit blockcam-spark-4.2_2.13.jar find --archive URI --hashes LIST [OPTION]...

      Says of files which of them were ever on the disks of an archive, each recording in a task, as
      blockcam find does for one: JSON, an object for each recording.

        --archive URI     of any file system that Hadoop knows: hdfs://namenode/archive
        --hashes LIST     what `blockcam hash` has made of the files; in such a file system, too
        --name NAME       a recording; may be given more than once (default: all)
        --min-coverage P  count a file that was there in part only from so many per cent on
        --no-index        do without the index
        --json            is what it prints, whether this is given or not

      Exit status: 0 found, 1 not, 2 bad usage, 3 something could not be read.
      """;

  private Main() {}

  /** Runs, and ends the program. */
  public static void main(final String[] arguments) {
    final int status = run(arguments, System.out, System.err);
    if (status != FOUND) {
      System.exit(status);
    }
  }

  static int run(final String[] arguments, final PrintStream out, final PrintStream err) {
    final List<String> words = Arrays.asList(arguments);
    if (words.isEmpty() || words.contains("--help") || !words.get(0).equals("find")) {
      (words.contains("--help") ? out : err).print(HELP);
      return words.contains("--help") ? FOUND : USAGE;
    }
    final FindJob job;
    try {
      job = FindJob.of(words.subList(1, words.size()));
    } catch (final IllegalArgumentException e) {
      err.println("blockcam: " + e.getMessage());
      return USAGE;
    }
    try (SparkSession session = SparkSession.builder().appName("blockcam find").getOrCreate()) {
      return job.run(session, out, err) ? FOUND : NOT_FOUND;
    } catch (final IOException e) {
      err.println("blockcam: " + e.getMessage());
      return FAILED;
    }
  }
}
