package io.blockcam.spark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.filesearch.FileSearch;
import io.blockcam.filesearch.SearchReport;
import io.blockcam.history.RecordedClock;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.jspecify.annotations.Nullable;

/**
 * A search for files in many recordings: each of them is a task, which reads little where there is
 * an index.
 */
final class FindJob {
  private final ArchiveOptions archive;
  private final String hashes;
  private final double minCoverage;
  private final boolean useIndex;

  private FindJob(
      final ArchiveOptions archive,
      final String hashes,
      final double minCoverage,
      final boolean useIndex) {
    this.archive = archive;
    this.hashes = hashes;
    this.minCoverage = minCoverage;
    this.useIndex = useIndex;
  }

  /**
   * As somebody has typed it.
   *
   * @throws IllegalArgumentException when it makes no sense: why, in a line
   */
  static FindJob of(final List<String> words) {
    String archive = null;
    String hashes = null;
    final List<String> names = new ArrayList<>();
    double minCoverage = 0;
    boolean useIndex = true;
    final Iterator<String> each = words.iterator();
    while (each.hasNext()) {
      final String word = each.next();
      switch (word) {
        case "--archive" -> archive = value(word, each);
        case "--hashes" -> hashes = value(word, each);
        case "--name" -> names.add(value(word, each));
        case "--min-coverage" -> minCoverage = perCent(word, value(word, each));
        case "--no-index" -> useIndex = false;
        case "--json" -> {} // it prints nothing else
        default -> throw new IllegalArgumentException("unknown argument " + word + ": see --help");
      }
    }
    return new FindJob(
        new ArchiveOptions(required("--archive", archive), List.copyOf(names), true),
        required("--hashes", hashes),
        minCoverage / 100,
        useIndex);
  }

  private static String value(final String option, final Iterator<String> words) {
    if (!words.hasNext()) {
      throw new IllegalArgumentException(option + " needs a value: see --help");
    }
    return words.next();
  }

  private static String required(final String option, final @Nullable String value) {
    if (value == null) {
      throw new IllegalArgumentException(option + " is missing: see --help");
    }
    return value;
  }

  private static double perCent(final String option, final String value) {
    try {
      final double number = Double.parseDouble(value);
      if (number >= 0 && number <= 100) {
        return number;
      }
    } catch (final NumberFormatException e) {
      // said below
    }
    throw new IllegalArgumentException(
        option + " is " + value + ", and not between 0 and 100 per cent");
  }

  /**
   * Runs it.
   *
   * @param out takes an object for each recording, in the order of their names
   * @return whether anything was found
   * @throws IOException when the archive or the list cannot be read
   */
  boolean run(final SparkSession session, final PrintStream out, final PrintStream err)
      throws IOException {
    final Configuration settings = HadoopSettings.ofSession();
    final Targets targets = new Targets(hashes, list(settings));
    targets.get(); // what is wrong with it is said once, and here
    final List<String> names;
    try (Archive open = new Archive(archive, settings)) {
      names = open.recordings();
      for (final String name : names) {
        open.open(name);
      }
    }
    final JavaSparkContext context = JavaSparkContext.fromSparkContext(session.sparkContext());
    final Task task =
        new Task(
            archive,
            context.broadcast(targets),
            HadoopSettings.share(settings),
            minCoverage,
            useIndex);
    final List<Answer> answers;
    try {
      answers = context.parallelize(names, names.size()).map(task::search).collect();
    } catch (final Exception e) { // Spark throws its own, unchecked ones and checked ones
      if (e instanceof final SparkException failed) {
        throw new IOException(why(failed), failed);
      }
      throw e;
    }
    boolean isFound = false;
    for (final Answer answer : answers) {
      out.print(answer.json);
      answer.notSearched.forEach(line -> err.println("blockcam: warning: not searched: " + line));
      isFound |= answer.isFound;
    }
    out.flush();
    return isFound;
  }

  private static String why(final Throwable failed) {
    Throwable cause = failed;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    return String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
  }

  private byte[] list(final Configuration settings) throws IOException {
    final Path path = new Path(hashes);
    final FileSystem files = path.getFileSystem(settings);
    try (FSDataInputStream in = files.open(path)) {
      return in.readAllBytes();
    }
  }

  /**
   * What was found in a recording.
   *
   * @param json the object, with the end of its line
   */
  private record Answer(String json, boolean isFound, List<String> notSearched)
      implements Serializable {
    private static final long serialVersionUID = 1L;
  }

  /** Searches a recording, in an executor. */
  private record Task(
      ArchiveOptions options,
      Broadcast<Targets> targets,
      HadoopSettings settings,
      double minCoverage,
      boolean useIndex)
      implements Serializable {
    private static final long serialVersionUID = 1L;

    Answer search(final String recording) throws IOException {
      try (Archive archive = new Archive(options, settings.get())) {
        final RecordingReader reader = archive.open(recording);
        final Segments segments = reader.findWhatIsLeft();
        final FileSearch.Result found =
            new FileSearch(
                    reader,
                    segments,
                    targets.value().get(),
                    FileSearch.Window.ALL,
                    useIndex,
                    FileSearch.Progress.NONE)
                .run();
        final SearchReport report =
            SearchReport.of(
                recording,
                found,
                RecordedClock.of(reader, segments, useIndex),
                segments.before(segments.end()).map(SegmentTrailer::lastSequence).orElse(-1L),
                minCoverage,
                List.of());
        return new Answer(json(report), report.isFound(), new ArrayList<>(found.notSearched()));
      }
    }

    private static String json(final SearchReport report) {
      try {
        return JsonMapper.builder()
                .build()
                .writerWithDefaultPrettyPrinter()
                .writeValueAsString(report.json())
            + "\n";
      } catch (final JsonProcessingException e) {
        throw new IllegalStateException("maps and lists are always JSON", e);
      }
    }
  }
}
