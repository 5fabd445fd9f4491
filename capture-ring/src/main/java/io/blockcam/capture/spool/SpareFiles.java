package io.blockcam.capture.spool;

import io.blockcam.archive.log.LogWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of a spool that nobody needs any more, kept for the logs to come: what they hold means
 * nothing. Their blocks are there already, so to sync what is written over them the file system
 * commits nothing but the data. Any thread.
 *
 * <p>A help and no more: what goes wrong with one holds nothing up. Whoever opens the spool next
 * removes what is left.
 */
final class SpareFiles implements LogWriter.Spares {
  private static final Logger LOG = LoggerFactory.getLogger(SpareFiles.class);
  private static final Pattern NAME = Pattern.compile("[0-9]+\\.spare");

  private final Path directory;

  // Guarded by this
  private final Deque<Spare> spares = new ArrayDeque<>();
  private long next;

  /** Asked for at each write. */
  private volatile long bytes;

  /** A file, and how long it is. */
  private record Spare(Path path, long bytes) {}

  /**
   * None yet.
   *
   * @param directory of the spool
   */
  SpareFiles(final Path directory) {
    this.directory = directory;
  }

  /** Whether this is the name of one. */
  static boolean isSpare(final String fileName) {
    return NAME.matcher(fileName).matches();
  }

  /** Bytes of all of them. */
  long bytes() {
    return bytes;
  }

  /** Removes all of them. */
  synchronized void clear() {
    while (!spares.isEmpty()) {
      remove(poll());
    }
  }

  /**
   * Removes a file, or keeps it under another name.
   *
   * @param fileBytes how long it is
   * @param mayKeep whether there is room for it
   * @throws IOException when it still has its name
   */
  synchronized void removeOrKeep(final Path file, final long fileBytes, final boolean mayKeep)
      throws IOException {
    if (!mayKeep) {
      Files.deleteIfExists(file);
      return;
    }
    final Path spare = directory.resolve(next + ".spare");
    next++;
    try {
      Files.move(file, spare, StandardCopyOption.ATOMIC_MOVE);
    } catch (final NoSuchFileException e) {
      return; // removed by an attempt before
    }
    spares.addLast(new Spare(spare, fileBytes));
    bytes += fileBytes;
  }

  @Override
  public synchronized boolean take(final Path name) {
    while (!spares.isEmpty()) {
      final Path spare = poll();
      try {
        Files.move(spare, name, StandardCopyOption.ATOMIC_MOVE);
        return true;
      } catch (final IOException e) {
        LOG.debug("{} is of no use: {}", spare, e.toString());
        remove(spare);
      }
    }
    return false;
  }

  private Path poll() {
    final Spare spare = spares.removeFirst();
    bytes -= spare.bytes();
    return spare.path();
  }

  private static void remove(final Path spare) {
    try {
      Files.deleteIfExists(spare);
    } catch (final IOException e) {
      LOG.debug("{} stays: {}", spare, e.toString());
    }
  }
}
