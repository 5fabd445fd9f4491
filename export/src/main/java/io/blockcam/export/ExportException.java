package io.blockcam.export;

import java.io.IOException;

/** Records cannot be written there; the message says why, in a line. */
public final class ExportException extends IOException {
  private static final long serialVersionUID = 1L;

  ExportException(final String message) {
    super(message);
  }
}
