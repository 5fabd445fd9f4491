package io.blockcam.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Files that were read last, still open: most reads are of an object that was read just before, and
 * to see where all the links of a path lead takes thirty system calls. Whether the name still is
 * that of the same file takes one, and is asked each time. Safe for several threads.
 */
final class OpenFiles implements Closeable {
  private final int most;

  // The two below are guarded by this.
  private final Map<Path, File> files = new LinkedHashMap<>(16, 0.75f, true);
  private boolean closed;

  /** Opens a file that is not open yet. */
  @FunctionalInterface
  interface Opening {
    FileChannel open() throws IOException;
  }

  /**
   * @param most how many are kept open though nobody reads them
   */
  OpenFiles(final int most) {
    this.most = most;
  }

  /** An open file, until it is closed by each of its users. */
  final class File implements Closeable {
    private final FileChannel channel;
    private final @Nullable Object key;

    // The two below are guarded by the OpenFiles.
    private int users = 1;
    private boolean kept;

    private File(final FileChannel channel, final @Nullable Object key) {
      this.channel = channel;
      this.key = key;
    }

    /** To read at a position. Another user who is interrupted closes it. */
    FileChannel channel() {
      return channel;
    }

    @Override
    public void close() throws IOException {
      release(this);
    }
  }

  /**
   * A file to read from.
   *
   * @param path of it, the same for the same name
   * @param opening for one that is not open, or no longer the one of that name
   * @return the caller closes it
   */
  File open(final Path path, final Opening opening) throws IOException {
    final File known = known(path);
    if (known != null) {
      if (known.channel.isOpen() && known.key != null && known.key.equals(keyOf(path))) {
        return known;
      }
      release(known);
      forget(path);
    }
    final Object before = keyOf(path);
    final FileChannel channel = opening.open();
    try {
      final Object key = keyOf(path);
      final File opened = new File(channel, key != null && key.equals(before) ? key : null);
      keep(path, opened);
      return opened;
    } catch (final IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private synchronized @Nullable File known(final Path path) {
    final File file = files.get(path);
    if (file != null) {
      file.users++;
    }
    return file;
  }

  /** What tells it from any other file that there is; null when it is gone, or nothing tells. */
  private static @Nullable Object keyOf(final Path path) {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    } catch (final IOException e) {
      return null; // who opens it says why
    }
  }

  private synchronized void keep(final Path path, final File file) throws IOException {
    if (closed || file.key == null) {
      return;
    }
    file.kept = true;
    drop(files.put(path, file));
    for (final Iterator<File> eldest = files.values().iterator();
        files.size() > most && eldest.hasNext(); ) {
      final File next = eldest.next();
      eldest.remove();
      drop(next);
    }
  }

  /** Keeps a file no longer: its name is somebody else's now, or nobody's. */
  synchronized void forget(final Path path) throws IOException {
    drop(files.remove(path));
  }

  private void drop(final @Nullable File file) throws IOException {
    if (file != null) {
      file.kept = false;
      closeIfUnused(file);
    }
  }

  private synchronized void release(final File file) throws IOException {
    file.users--;
    closeIfUnused(file);
  }

  private static void closeIfUnused(final File file) throws IOException {
    if (!file.kept && file.users == 0) {
      file.channel.close();
    }
  }

  @Override
  public synchronized void close() throws IOException {
    closed = true;
    for (final File file : files.values()) {
      drop(file);
    }
    files.clear();
  }
}
