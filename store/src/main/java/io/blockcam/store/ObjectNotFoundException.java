package io.blockcam.store;

import org.jspecify.annotations.Nullable;

/** The object that was to be read, renamed or verified does not exist in the store. */
public final class ObjectNotFoundException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line: what, which value, what to do
   */
  public ObjectNotFoundException(final String message) {
    super(message);
  }

  /**
   * @param message one line: what, which value, what to do
   * @param cause what was caught, if anything
   */
  public ObjectNotFoundException(final String message, @Nullable final Throwable cause) {
    super(message, cause);
  }
}
