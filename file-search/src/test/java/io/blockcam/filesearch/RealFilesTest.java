package io.blockcam.filesearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.Indexer;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of this machine as they are: much of many a program and of its tables proves nothing. */
final class RealFilesTest {
  private static final List<Path> SOURCES = List.of(Path.of("/usr/lib"), Path.of("/usr/share"));
  private static final int DEPTH = 4;
  private static final int OF_EACH = 150;
  private static final long LEAST_BYTES = 16 << 10;
  private static final long MOST_BYTES = 1 << 20;
  private static final int FILES_IN_A_SEGMENT = 5;

  @TempDir private Path directory;

  @Test
  void areFoundWithAndWithoutAnIndex() throws IOException {
    final TestRecording recording = new TestRecording(directory, 4L << 30);
    recording.point(RecordKind.START);
    final TargetSet.Builder builder = new TargetSet.Builder();
    long block = 100;
    int count = 0;
    for (final Path file : files()) {
      final byte[] content = Files.readAllBytes(file);
      new FileHasher().read(file.toString(), new ByteArrayInputStream(content), builder);
      for (int at = 0; at < content.length; at += 4096) {
        final byte[] payload = new byte[4096];
        System.arraycopy(content, at, payload, 0, Math.min(4096, content.length - at));
        recording.data(block++, 0xff, 0, payload);
      }
      block++;
      if (++count % FILES_IN_A_SEGMENT == 0) {
        recording.seal();
      }
    }
    recording.seal();
    final TargetSet targets = builder.build();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final FileSearch.Result scanned = Searches.run(reader, targets, false);
      final long present =
          scanned.sightings().stream()
              .filter(sighting -> sighting.verdict() == Sighting.Verdict.PRESENT)
              .filter(Sighting::isProven)
              .count();
      final int files = targets.targets().size();
      assertThat(present).as("of %d files", files).isGreaterThanOrEqualTo(files * 99L / 100);
      new Indexer(store, reader, directory, 2).run(reader.find(), false);
      assertThat(Searches.run(reader, targets, true)).isEqualTo(scanned);
    }
  }

  private static List<Path> files() throws IOException {
    final List<Path> files = new ArrayList<>();
    for (final Path source : SOURCES) {
      try (Stream<Path> all =
          Files.find(
              source,
              DEPTH,
              (file, attributes) ->
                  attributes.isRegularFile()
                      && attributes.size() >= LEAST_BYTES
                      && attributes.size() < MOST_BYTES
                      && Files.isReadable(file))) {
        all.limit(OF_EACH).forEach(files::add);
      }
    }
    return files;
  }
}
