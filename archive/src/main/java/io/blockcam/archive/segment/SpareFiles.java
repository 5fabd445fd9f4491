package io.blockcam.archive.segment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Files of a spool that nobody needs any more, kept for the segments to come. Their blocks are
 * there already: to sync what is written over them the file system commits nothing but the data. At
 * most {@value #MOST} of each kind; what they hold means nothing. Any thread.
 *
 * <p>They are of one process: who opens the spool next removes them. So a journal that is written
 * over holds no entry of the same sequence, by which what is left of the old ones is told from the
 * new.
 */
public final class SpareFiles {
  private static final int MOST = 2;
  private static final Pattern NAME = Pattern.compile("[0-9]+\\.spare");

  private final Path directory;

  // Guarded by this
  private final Deque<Spare> payloads = new ArrayDeque<>();
  private final Deque<Spare> journals = new ArrayDeque<>();
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
  public SpareFiles(final Path directory) {
    this.directory = directory;
  }

  /** Removes what an earlier process has kept. */
  public void removeForgotten() throws IOException {
    final List<Path> forgotten = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      files
          .filter(file -> NAME.matcher(String.valueOf(file.getFileName())).matches())
          .forEach(forgotten::add);
    }
    for (final Path file : forgotten) {
      Files.deleteIfExists(file);
    }
  }

  /** Bytes of all of them. */
  public long bytes() {
    return bytes;
  }

  /** Removes all of them. */
  public synchronized void clear() throws IOException {
    for (final Deque<Spare> kind : List.of(payloads, journals)) {
      while (!kind.isEmpty()) {
        Files.deleteIfExists(kind.getFirst().path());
        take(kind);
      }
    }
  }

  private synchronized void keep(final Deque<Spare> kind, final Path path) throws IOException {
    final Spare spare = new Spare(path, Files.size(path));
    kind.addLast(spare);
    bytes += spare.bytes();
  }

  private synchronized @Nullable Path take(final Deque<Spare> kind) {
    final Spare spare = kind.pollFirst();
    if (spare == null) {
      return null;
    }
    bytes -= spare.bytes();
    return spare.path();
  }

  /**
   * Takes the name from a sealed segment, which is gone then.
   *
   * @return what it is called now, to be {@linkplain #keepPayloads kept} once it is durable that
   *     the segment is gone; null when it was removed, because there are enough
   */
  public synchronized @Nullable Path unname(final Path segment) throws IOException {
    if (payloads.size() >= MOST) {
      Files.deleteIfExists(segment);
      return null;
    }
    return rename(segment);
  }

  private @Nullable Path rename(final Path file) throws IOException {
    final Path spare = directory.resolve(next + ".spare");
    next++;
    try {
      return Files.move(file, spare, StandardCopyOption.ATOMIC_MOVE);
    } catch (final NoSuchFileException e) {
      return null; // removed by an attempt before
    }
  }

  /** Keeps what {@link #unname} returned. */
  public synchronized void keepPayloads(final Path unnamed) throws IOException {
    keep(payloads, unnamed);
  }

  /** Keeps or removes the journal of a segment whose sealed name is durable. */
  synchronized void keepJournal(final Path journal) throws IOException {
    if (journals.size() >= MOST) {
      Files.deleteIfExists(journal);
      return;
    }
    final Path spare = rename(journal);
    if (spare != null) {
      keep(journals, spare);
    }
  }

  /** A file for payloads that the caller may have; null when there is none. */
  synchronized @Nullable Path takePayloads() {
    return take(payloads);
  }

  /** The same for a journal. */
  synchronized @Nullable Path takeJournal() {
    return take(journals);
  }
}
