package io.blockcam.filesearch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Reads files, and all files below directories. Symbolic links below them are not followed. */
public final class TargetFiles {
  private TargetFiles() {}

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
   * Reads them, those below a directory in the order of their names.
   *
   * @param roots files and directories
   * @return how many were read
   * @throws IOException when the sink cannot take one
   */
  public static long read(final List<Path> roots, final FileSink sink, final Problems problems)
      throws IOException {
    final FileHasher hasher = new FileHasher();
    long files = 0;
    for (final Path root : roots) {
      for (final Path file : below(root, problems)) {
        files += read(hasher, file, sink, problems) ? 1 : 0;
      }
    }
    return files;
  }

  private static boolean read(
      final FileHasher hasher, final Path file, final FileSink sink, final Problems problems)
      throws IOException {
    if (!Files.isRegularFile(file)) { // a pipe would be waited for
      problems.found(file, new IOException("is no regular file"));
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      hasher.read(file.toString(), in, sink);
      return true;
    } catch (final HashListException | FileSearchException e) {
      throw e;
    } catch (final IOException e) {
      problems.found(file, e);
      return false;
    }
  }

  private static List<Path> below(final Path root, final Problems problems) throws IOException {
    if (!Files.isDirectory(root)) {
      return List.of(root);
    }
    final List<Path> files = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(final Path file, final BasicFileAttributes attributes) {
            if (attributes.isRegularFile()) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(final Path file, final IOException e) {
            problems.found(file, e);
            return FileVisitResult.CONTINUE;
          }
        });
    Collections.sort(files);
    if (files.isEmpty()) {
      problems.found(root, new IOException("there are no files in it"));
    }
    return files;
  }
}
