package io.blockcam.capture.spool;

import static java.nio.file.StandardOpenOption.WRITE;

import io.blockcam.archive.Directories;
import io.blockcam.archive.Writes;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A small file of the spool that is changed in place. At first, and after a failure, it has to be
 * written anew: of what a sync could not write, another sync proves nothing. Any thread, one at a
 * time.
 */
final class SpoolFile implements Closeable {
  private final Path directory;
  private final String name;

  /** Null while the file has to be written anew. */
  private @Nullable FileChannel channel;

  /** What changes the file. */
  @FunctionalInterface
  interface Change {

    /** Writes, and syncs what has to be durable. */
    void in(SpoolFile file) throws IOException;
  }

  /**
   * Touches nothing.
   *
   * @param directory the spool's
   */
  SpoolFile(final Path directory, final String name) {
    this.directory = directory;
    this.name = name;
  }

  /** Whether it can be changed in place. */
  boolean isWritten() {
    return channel != null;
  }

  /** Writes it anew; durable, and can be changed in place, when this returns. */
  void replace(final byte[] content) throws IOException {
    close();
    Spool.replace(directory, name, content);
    channel = FileChannel.open(directory.resolve(name), WRITE);
  }

  /** Removes it, if it is there; durable when this returns. */
  void remove() throws IOException {
    close();
    Files.deleteIfExists(directory.resolve(name));
    Directories.force(directory);
  }

  /** Changes it in place; if that fails, it has to be written anew. */
  void change(final Change change) throws IOException {
    boolean done = false;
    try {
      change.in(this);
      done = true;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  /** Part of a {@link #change}. */
  void write(final ByteBuffer content, final long offset) throws IOException {
    Writes.all(opened(), content, offset);
  }

  /** Part of a {@link #change}: what was written is durable when this returns. */
  void force() throws IOException {
    opened().force(false);
  }

  private FileChannel opened() {
    final FileChannel file = channel;
    if (file == null) {
      throw new IllegalStateException(name + " has to be written anew");
    }
    return file;
  }

  @Override
  public void close() throws IOException {
    final FileChannel file = channel;
    channel = null;
    if (file != null) {
      file.close();
    }
  }
}
