package io.blockcam.spark;

import io.blockcam.history.RecordingReader;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An archive that is open. One thread. */
final class Archive implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Archive.class);

  private final HadoopStore store;
  private final ArchiveOptions options;

  Archive(final ArchiveOptions options, final Configuration configuration) throws IOException {
    this.options = options;
    this.store = new HadoopStore(options.archive(), configuration);
  }

  /**
   * The recordings that are wanted. One that may not be looked at is an error, or passed over as a
   * damaged one is.
   *
   * @throws io.blockcam.history.NoSuchRecordingException when there is none, or not one of a name
   */
  List<String> recordings() throws IOException {
    if (!options.recordings().isEmpty()) {
      return options.recordings();
    }
    final List<IOException> unreadable = new ArrayList<>();
    final List<String> all = RecordingReader.names(store, (name, e) -> unreadable.add(e));
    if (!unreadable.isEmpty() && !options.skipsDamaged()) {
      throw unreadable.get(0);
    }
    unreadable.forEach(e -> LOG.warn("passed over: {}", e.getMessage()));
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
