package io.blockcam.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Baseline;
import io.blockcam.history.TestRecording;
import io.blockcam.store.HdfsForTests;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreOptions;
import io.blockcam.store.StoreUri;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** An archive in a real HDFS, which Spark reads by itself. */
@ExtendWith(HdfsForTests.class)
final class RecordsOnHdfsTest {
  @TempDir private Path directory;

  @Test
  void readsWhatTheRecorderShips(final StoreUri.WebHdfs uri) throws IOException {
    final Path archive = directory.resolve("archive");
    final TestRecording recording = new TestRecording(archive, "disk", 1 << 20, Baseline.EMPTY);
    for (int segment = 0; segment < 40; segment++) {
      recording.data(segment % 7, 0xff, 0, TestRecording.filled(segment));
      recording.seal();
    }
    copy(archive, uri);
    // Hadoop's own protocol: its port is the one before (scripts/hdfs --help). webhdfs: fails in
    // the
    // client of Hadoop 3.5.0 that comes with Spark, which lacks a class (RuntimeDelegateImpl).
    final StoreUri.HostPort nameNode = uri.nameNodes().get(0);
    final String hdfs =
        "hdfs://%s:%d%s".formatted(nameNode.host(), nameNode.port() - 1, uri.path());
    try (SparkSession session = Ask.session(directory)) {
      final List<String> answer =
          Ask.answer(
              session,
              hdfs,
              "SELECT block, count(*), max(sequence) FROM records GROUP BY block ORDER BY block");
      assertThat(answer).hasSize(7).startsWith("[0,6,35]", "[1,6,36]").endsWith("[6,5,34]");
    }
  }

  private static void copy(final Path archive, final StoreUri.WebHdfs uri) throws IOException {
    try (ObjectStore store = Stores.open(uri, StoreOptions.defaults(Map.of()));
        Stream<Path> files = Files.walk(archive)) {
      for (final Path file : files.filter(Files::isRegularFile).toList()) {
        store.create(archive.relativize(file).toString(), ObjectSource.of(file));
      }
    }
  }
}
