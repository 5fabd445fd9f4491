package io.blockcam.history;

import java.io.IOException;

/** There is no recording of that name. The message says where, and what there is. */
public final class NoSuchRecordingException extends IOException {

  private static final long serialVersionUID = 1L;

  NoSuchRecordingException(final String message) {
    super(message);
  }
}
