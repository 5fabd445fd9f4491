package io.blockcam.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files that were read just now, still open: most reads are of an object that was read just before,
 * and to see where all the links of a path lead takes thirty system calls. Whether the name still
 * is that of the same file takes one, and is asked each time. One that nobody reads any more is
 * closed after a second, or its file system could not be unmounted. Safe for several threads.
 */
final class OpenFiles implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(OpenFiles.class);

  private final int most;
  private final long idleNs;

  /** Has a thread only while a file is open. */
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, task -> DaemonThread.of("store-files", task));

  // The three below are guarded by this.
  private final Map<Path, File> files = new LinkedHashMap<>(16, 0.75f, true);
  private boolean sweeping;
  private boolean closed;

  /** Opens a file that is not open yet. */
  @FunctionalInterface
  interface Opening {
    FileChannel open() throws IOException;
  }

  /**
   * @param most how many are kept open though nobody reads them
   * @param idle for how long
   */
  OpenFiles(final int most, final Duration idle) {
    this.most = most;
    this.idleNs = idle.toNanos();
    timer.setKeepAliveTime(1, TimeUnit.SECONDS);
    timer.allowCoreThreadTimeOut(true);
  }

  /** An open file, until it is closed by each of its users. */
  final class File implements Closeable {
    private final FileChannel channel;
    private final @Nullable Object key;

    // The three below are guarded by the OpenFiles.
    private int users = 1;
    private long lastReadNs;
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
    sweepLater();
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

  private void sweepLater() {
    if (!sweeping) {
      sweeping = true;
      timer.schedule(this::sweep, idleNs, TimeUnit.NANOSECONDS);
    }
  }

  /** Closes what nobody has read for a while. */
  private synchronized void sweep() {
    sweeping = false;
    final long nowNs = System.nanoTime();
    for (final Iterator<File> each = files.values().iterator(); each.hasNext(); ) {
      final File file = each.next();
      if (file.users == 0 && nowNs - file.lastReadNs >= idleNs) {
        each.remove();
        try {
          drop(file);
        } catch (final IOException e) {
          LOG.debug("of a file that was only read: {}", e.toString());
        }
      }
    }
    if (!files.isEmpty()) {
      sweepLater();
    }
  }

  private synchronized void release(final File file) throws IOException {
    file.users--;
    file.lastReadNs = System.nanoTime();
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
    timer.shutdownNow();
    for (final File file : files.values()) {
      drop(file);
    }
    files.clear();
  }
}
