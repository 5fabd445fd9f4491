package io.blockcam.uploader;

import io.blockcam.archive.head.RecordingHead;
import io.blockcam.history.Indexer;
import io.blockcam.history.Packer;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps an archive in order behind what is published: the index, and small segments in packs. On a
 * thread of its own: nobody waits for it, and whatever goes wrong with it is tried again later.
 * Reads the segments back from the archive, one at a time.
 */
public final class IndexKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(IndexKeeper.class);

  /** The smallest run covers so many. */
  private static final int SEGMENTS = 8;

  private static final Duration PAUSE = Duration.ofMinutes(1);

  private final ObjectStore store;
  private final String name;
  private final Published published;
  private final Path directory;
  private final Thread thread;
  private @Nullable Work work;
  private volatile boolean closed;

  /** Tells how many segments are published. */
  @FunctionalInterface
  public interface Published {
    /** Waits until there are more than somebody knows of; how many there are. */
    long await(long known) throws InterruptedException;
  }

  /**
   * @param store stays the caller's
   * @param name of the recording
   * @param directory where a run is made before it is published; it is made, and emptied
   */
  public IndexKeeper(
      final ObjectStore store, final String name, final Published published, final Path directory) {
    this(store, name, published, directory, Thread::new);
  }

  /**
   * The same.
   *
   * @param threads makes the one that does the work
   */
  public IndexKeeper(
      final ObjectStore store,
      final String name,
      final Published published,
      final Path directory,
      final ThreadFactory threads) {
    this.thread = threads.newThread(this::run);
    thread.setName("blockcam-index");
    this.store = store;
    this.name = name;
    this.published = published;
    this.directory = directory;
  }

  /** Starts the thread. */
  public void start() {
    thread.start();
  }

  private void run() {
    boolean failing = false;
    long done = 0;
    try {
      while (!closed) {
        final long there = published.await(done == 0 ? 0 : done + SEGMENTS - 1);
        try {
          keep();
          done = there;
          failing = false;
        } catch (final IOException | RuntimeException | Error e) {
          if (closed) {
            return;
          }
          if (!failing) {
            LOG.warn("the index falls behind, will be tried again: {}", e.toString());
          }
          failing = true;
          work = null;
          TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
        }
      }
    } catch (final InterruptedException e) {
      // Closed. What is not finished is begun anew by the next start.
    }
  }

  /** Makes what can be made now. */
  void keep() throws IOException {
    Work at = work;
    if (at == null) {
      final RecordingReader reader = RecordingReader.open(store, name);
      sweep(reader);
      at =
          new Work(
              reader,
              new Indexer(store, reader, directory, /* segmentsAtOnce= */ 1),
              new Packer(store, reader.recording(), directory));
      work = at;
    }
    LOG.debug("{}", at.indexer.run(at.reader.find(), /* check= */ false));
    final Optional<RecordingHead> head = at.reader.usableHead();
    if (head.isPresent()) { // what is behind it is no longer shipped
      LOG.debug("{}", at.packer.run(head.get().segmentNumber() + 1, Progress.NONE));
    }
  }

  /** What remembers what is done. */
  private record Work(RecordingReader reader, Indexer indexer, Packer packer) {}

  /** What an earlier run left half-done. */
  private void sweep(final RecordingReader open) throws IOException {
    Files.createDirectories(directory);
    try (Stream<Path> files = Files.list(directory)) {
      for (final Path file : files.toList()) {
        Files.delete(file);
      }
    }
    final String temporary = Indexer.temporaryDirectory(open.recording());
    for (final ObjectStatus leftover : store.list(temporary)) {
      if (!leftover.isDirectory() && Publisher.isTemporaryName(leftover.name())) {
        store.delete(leftover.path());
      }
    }
  }

  /** Ends the thread, whatever it is doing. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (final InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
