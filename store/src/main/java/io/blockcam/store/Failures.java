package io.blockcam.store;

import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Words for exceptions whose own message is only a file name, or nothing. */
final class Failures {

  private Failures() {}

  /** Returns why it happened, in one line. */
  static String reason(final Throwable e) {
    String text = e.getMessage();
    if (e instanceof FileSystemException f) {
      text = f.getReason();
      if (text == null && e instanceof NoSuchFileException) {
        text = "no such file";
      }
    }
    if (text == null || text.isBlank()) {
      text = e.getClass().getSimpleName();
    }
    return text.lines().findFirst().orElse(text);
  }
}
