package io.blockcam.capture.spool;

import io.blockcam.archive.log.LogWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files of a spool that nobody needs any more, kept for the logs to come: what they hold means
 * nothing. Their blocks are there already, so to sync what is written over them the file system
 * commits nothing but the data. Any thread; none waits for what another does with a file.
 *
 * <p>A help and no more: what goes wrong with one holds nothing up. Whoever opens the spool next
 * removes what is left.
 */
final class SpareFiles implements LogWriter.Spares {
  private static final Logger LOG = LoggerFactory.getLogger(SpareFiles.class);
  private static final Pattern NAME = Pattern.compile("[0-9]+\\.spare");

  /** More than are sealed before one is shipped; a backlog of small ones may leave many. */
  private static final int MOST = 16;

  private final Path directory;

  // Guarded by this
  private final List<Spare> spares = new ArrayList<>();
  private long next;

  /** Asked for at each write. */
  private volatile long bytes;

  /** A file, and how long it is. */
  private record Spare(Path path, long bytes) {
    private static final Comparator<Spare> BY_BYTES = Comparator.comparingLong(Spare::bytes);
  }

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
  void clear() {
    if (bytes > 0) {
      takeOut(0).forEach(SpareFiles::remove);
    }
  }

  /**
   * Removes a file, or keeps it under another name.
   *
   * @param fileBytes how long it is
   * @param mayKeep whether there is room for it
   * @throws IOException when it still has its name
   */
  void removeOrKeep(final Path file, final long fileBytes, final boolean mayKeep)
      throws IOException {
    if (!mayKeep) {
      Files.deleteIfExists(file);
      return;
    }
    final Path path = nextPath();
    try {
      Files.move(file, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (final NoSuchFileException e) {
      return; // removed by an attempt before
    }
    putIn(new Spare(path, fileBytes));
    takeOut(MOST).forEach(SpareFiles::remove);
  }

  /** The largest, since what goes beyond its old length the file system has to commit. */
  @Override
  public boolean take(final Path name) {
    for (Spare spare = takeLargest(); spare != null; spare = takeLargest()) {
      try {
        Files.move(spare.path(), name, StandardCopyOption.ATOMIC_MOVE);
        return true;
      } catch (final IOException e) {
        LOG.debug("{} is of no use: {}", spare.path(), e.toString());
        remove(spare);
      }
    }
    return false;
  }

  private synchronized Path nextPath() {
    final Path path = directory.resolve(next + ".spare");
    next++;
    return path;
  }

  private synchronized void putIn(final Spare spare) {
    spares.add(spare);
    bytes += spare.bytes();
  }

  private synchronized @Nullable Spare takeLargest() {
    return spares.isEmpty() ? null : takeOut(Collections.max(spares, Spare.BY_BYTES));
  }

  /** The smallest, until no more than so many are left. */
  private synchronized List<Spare> takeOut(final int most) {
    final List<Spare> smallest = new ArrayList<>();
    while (spares.size() > most) {
      smallest.add(takeOut(Collections.min(spares, Spare.BY_BYTES)));
    }
    return smallest;
  }

  private Spare takeOut(final Spare spare) {
    spares.remove(spare);
    bytes -= spare.bytes();
    return spare;
  }

  private static void remove(final Spare spare) {
    try {
      Files.deleteIfExists(spare.path());
    } catch (final IOException e) {
      LOG.debug("{} stays: {}", spare.path(), e.toString());
    }
  }
}
