package io.blockcam.ublk.control;

import java.io.IOException;

/** A control command did not end within its limit. It may still take effect later. */
public final class ControlTimeoutException extends IOException {

  private static final long serialVersionUID = 1L;

  public ControlTimeoutException(final String message) {
    super(message);
  }
}
