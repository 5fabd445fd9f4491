package io.blockcam.uring;

import java.io.IOException;
import java.io.Serial;

/** This machine lets nobody, or not this process, make a ring. The message says what to do. */
public final class UringUnavailableException extends IOException {
  @Serial private static final long serialVersionUID = 1L;

  UringUnavailableException(final String message) {
    super(message);
  }
}
