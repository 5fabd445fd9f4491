package io.blockcam.replay;

import io.blockcam.archive.Directories;
import io.blockcam.archive.Writes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A file that is made under another name in the same directory and gets its own at the end, so that
 * a file of that name is always whole; on any failure, Ctrl-C included, nothing stays. Readable by
 * its owner alone. One thread.
 */
public final class NewFile {
  /** NAME_MAX of Linux. */
  private static final int MOST_NAME_BYTES = 255;

  private static final AtomicLong PARTS = new AtomicLong();

  private final FileChannel channel;

  private NewFile(final FileChannel channel) {
    this.channel = channel;
  }

  /** Fills a file. */
  @FunctionalInterface
  public interface Content<T> {
    T write(NewFile file) throws IOException;
  }

  /**
   * Makes a file.
   *
   * @param path where
   * @param replace whether an existing file may be replaced
   * @return what the content returned
   * @throws ImageFileException when the file exists or cannot be written
   */
  public static <T> T make(final Path path, final boolean replace, final Content<T> content)
      throws IOException {
    check(path, replace);
    final Path target = path.toAbsolutePath();
    final Path
        part = // with a name that is short: that of the target may have all that there can be
        target.resolveSibling(
                ".blockcam-%d-%d.part"
                    .formatted(ProcessHandle.current().pid(), PARTS.incrementAndGet()));
    boolean done = false;
    final Thread interrupted = new Thread(() -> deleteQuietly(part), "file-remover");
    Runtime.getRuntime().addShutdownHook(interrupted); // Ctrl-C
    try {
      final T result = makePart(part, target, content);
      if (replace) {
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      } else {
        // link(2) fails if somebody made a file of that name meanwhile; rename(2) would replace it.
        link(target, part);
      }
      Directories.force(Objects.requireNonNull(target.getParent()));
      done = true;
      return result;
    } finally {
      if (!done || !replace) {
        Files.deleteIfExists(part);
      }
      try {
        Runtime.getRuntime().removeShutdownHook(interrupted);
      } catch (final IllegalStateException e) {
        // It runs.
      }
    }
  }

  /**
   * Makes a file of some bytes.
   *
   * @throws ImageFileException when the file exists or cannot be written
   */
  public static void write(final Path path, final boolean replace, final byte[] bytes)
      throws IOException {
    make(
        path,
        replace,
        file -> {
          file.write(ByteBuffer.wrap(bytes), 0);
          return bytes.length;
        });
  }

  /**
   * Looks whether a file may be made, before anything else is done.
   *
   * @param replace whether an existing file may be replaced
   * @throws ImageFileException when the file exists
   */
  public static void check(final Path path, final boolean replace) throws ImageFileException {
    final Path target = path.toAbsolutePath();
    final String name = String.valueOf(target.getFileName());
    final int nameBytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (nameBytes > MOST_NAME_BYTES) {
      throw new ImageFileException(
          ImageFileException.Kind.EXISTS,
          "the name %s has %d bytes, a file system takes %d"
              .formatted(name, nameBytes, MOST_NAME_BYTES));
    }
    if (Files.isSymbolicLink(target) && !Files.exists(target)) {
      throw new ImageFileException(
          ImageFileException.Kind.EXISTS, target + " is a symbolic link that leads nowhere");
    }
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      // A device node would be replaced by the file, not written.
      throw new ImageFileException(
          ImageFileException.Kind.EXISTS,
          target
              + (Files.isDirectory(target) ? " is a directory" : " is no regular file")
              + ": name a file, and copy it from there");
    }
    if (!replace && Files.exists(target)) {
      throw exists(target);
    }
  }

  private static <T> T makePart(final Path part, final Path target, final Content<T> content)
      throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            part,
            Set.of(
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      final NewFile file = new NewFile(channel);
      final T result = content.write(file);
      file.force();
      return result;
    } catch (final WriteFailedException e) {
      throw unwritable(target, e.reason() + "; nothing of it is left");
    } catch (final NoSuchFileException e) {
      throw unwritable(target, "there is no directory " + target.getParent());
    } catch (final FileSystemException e) {
      throw unwritable(target, e.getReason() == null ? e.toString() : e.getReason());
    }
  }

  private static ImageFileException unwritable(final Path target, final String why) {
    return new ImageFileException(
        ImageFileException.Kind.ENVIRONMENT, "cannot write " + target + ": " + why);
  }

  private static void deleteQuietly(final Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (final IOException e) {
      // The process ends, and nobody could do more.
    }
  }

  private static void link(final Path target, final Path part) throws IOException {
    try {
      Files.createLink(target, part);
    } catch (final FileAlreadyExistsException e) {
      throw exists(target);
    } catch (final IOException | UnsupportedOperationException e) {
      // A file system without hard links.
      Files.move(part, target);
    }
  }

  private static ImageFileException exists(final Path target) {
    return new ImageFileException(
        ImageFileException.Kind.EXISTS, target + " exists: name another file or give --force");
  }

  /** A failure of this file, as opposed to the archive's. */
  private static final class WriteFailedException extends IOException {
    private static final long serialVersionUID = 1L;

    WriteFailedException(final IOException cause) {
      super(cause);
    }

    String reason() {
      final Throwable cause = getCause();
      return cause == null ? "unknown" : String.valueOf(cause.getMessage());
    }
  }

  /** What is written to it follows what was written to it before. Need not be closed. */
  public OutputStream stream() {
    return new OutputStream() {
      private long written;

      @Override
      public void write(final int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(final byte[] b, final int off, final int len) throws IOException {
        NewFile.this.write(ByteBuffer.wrap(b, off, len), written);
        written += len;
      }
    };
  }

  /** Gives the file its length; what is not written is a hole. */
  void setLength(final long bytes) throws IOException {
    write(ByteBuffer.allocate(1), bytes - 1);
  }

  /** Writes all that remains in a buffer. */
  void write(final ByteBuffer data, final long offset) throws IOException {
    try {
      Writes.all(channel, data, offset);
    } catch (final IOException e) {
      throw new WriteFailedException(e);
    }
  }

  /** Reads back; how many bytes, -1 behind the end. */
  int read(final ByteBuffer into, final long offset) throws IOException {
    return channel.read(into, offset);
  }

  private void force() throws IOException {
    try {
      channel.force(false);
    } catch (final IOException e) {
      throw new WriteFailedException(e);
    }
  }
}
