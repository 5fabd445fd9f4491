package io.blockcam.spark;

import io.blockcam.history.RecordingReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** An archive that is open. One thread. */
final class Archive implements Closeable {
  private final HadoopStore store;
  private final ArchiveOptions options;

  Archive(final ArchiveOptions options, final Configuration configuration) throws IOException {
    this.options = options;
    this.store = new HadoopStore(options.archive(), configuration);
  }

  /**
   * The recordings that are wanted.
   *
   * @throws io.blockcam.history.NoSuchRecordingException when there is none, or not one of a name
   */
  List<String> recordings() throws IOException {
    if (!options.recordings().isEmpty()) {
      return options.recordings();
    }
    final List<String> all =
        RecordingReader.names(
            store,
            (name, e) -> {
              throw new UncheckedIOException(e);
            });
    if (all.isEmpty()) {
      throw new IOException(
          "there is no recording in " + store.describe() + ": is it an archive of blockcam?");
    }
    return all;
  }

  RecordingReader open(final String recording) throws IOException {
    return RecordingReader.open(store, recording);
  }

  /** Whether anybody knows which hosts have something. */
  boolean hasHosts() {
    return store.hasHosts();
  }

  /** Hosts that have the beginning of a segment; empty when that is not known. */
  List<String> hosts(final RecordingReader reader, final long segment) throws IOException {
    final Optional<String> path = reader.path(segment);
    return path.isPresent() ? store.hosts(path.get()) : List.of();
  }

  @Override
  public void close() throws IOException {
    store.close();
  }
}
