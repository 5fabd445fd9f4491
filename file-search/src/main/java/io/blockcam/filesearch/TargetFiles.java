package io.blockcam.filesearch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * Reads files, and all files below directories, in the order of their names. Symbolic links below
 * directories are not followed. One thread; of paths those of one directory at a time are in
 * memory, and of those above it.
 */
public final class TargetFiles {
  private final FileSink sink;
  private final Problems problems;
  private final FileHasher hasher = new FileHasher();
  private long files;

  private TargetFiles(final FileSink sink, final Problems problems) {
    this.sink = sink;
    this.problems = problems;
  }

  /** Is told of what could not be read. */
  @FunctionalInterface
  public interface Problems {
    /**
     * A file counts for nothing.
     *
     * @param path of it
     * @param why it could not be read, or what it is
     */
    void found(Path path, IOException why);
  }

  /**
   * Reads them.
   *
   * @param roots files and directories
   * @return how many were read
   * @throws IOException when the sink cannot take one
   */
  public static long read(final List<Path> roots, final FileSink sink, final Problems problems)
      throws IOException {
    final TargetFiles all = new TargetFiles(sink, problems);
    for (final Path root : roots) {
      if (Files.isDirectory(root)) {
        all.readBelow(root);
      } else if (Files.isRegularFile(root)) {
        all.read(root);
      } else { // a pipe would be waited for
        problems.found(root, new IOException("is no regular file"));
      }
    }
    return all.files;
  }

  private void readBelow(final Path directory) throws IOException {
    for (final Path path : sorted(directory)) {
      if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        readBelow(path);
      } else if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        read(path);
      }
    }
  }

  private List<Path> sorted(final Path directory) {
    final List<Path> paths = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      entries.forEach(paths::add);
    } catch (final DirectoryIteratorException e) {
      problems.found(directory, Objects.requireNonNull(e.getCause()));
    } catch (final IOException e) {
      problems.found(directory, e);
    }
    Collections.sort(paths);
    return paths;
  }

  private void read(final Path file) throws IOException {
    try (InputStream in = open(file)) {
      hasher.read(file.toString(), in, sink);
      files++;
    } catch (final FileHasher.UnreadableException e) {
      problems.found(file, e.why());
    }
  }

  private static InputStream open(final Path file) throws FileHasher.UnreadableException {
    try {
      return Files.newInputStream(file);
    } catch (final IOException e) {
      throw new FileHasher.UnreadableException(e);
    }
  }
}
