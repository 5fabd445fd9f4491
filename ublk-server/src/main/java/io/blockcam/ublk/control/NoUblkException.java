package io.blockcam.ublk.control;

import java.io.IOException;

/** This machine, or this user, cannot have ublk devices. The message says what to do. */
public final class NoUblkException extends IOException {

  private static final long serialVersionUID = 1L;

  public NoUblkException(final String message) {
    super(message);
  }
}
