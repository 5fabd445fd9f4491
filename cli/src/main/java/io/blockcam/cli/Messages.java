package io.blockcam.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** What an error says, in one line that a terminal may show. */
final class Messages {

  private Messages() {}

  static String of(final Throwable e) {
    if (e instanceof UncheckedIOException && e.getCause() != null) {
      return of(e.getCause());
    }
    String text = e.getMessage() == null ? e.toString() : e.getMessage();
    if (e instanceof FileSystemException file && file.getFile() != null) {
      text = file.getFile() + ": " + reason(file); // its own message may be the bare path
    }
    return Printable.of(text.lines().findFirst().orElse(e.toString()));
  }

  /** What an error says of a file, in one line that names it once. */
  static String of(final Path file, final IOException e) {
    return e instanceof FileSystemException ? of(e) : Printable.of(file + ": ") + of(e);
  }

  private static String reason(final FileSystemException e) {
    return switch (e) {
      case NoSuchFileException absent -> "no such file or directory";
      case AccessDeniedException denied -> "permission denied";
      case FileAlreadyExistsException exists -> "exists already";
      case NotDirectoryException file -> "not a directory";
      case DirectoryNotEmptyException full -> "the directory is not empty";
      case FileSystemLoopException loop -> "symbolic links lead in a circle";
      default -> e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
    };
  }
}
