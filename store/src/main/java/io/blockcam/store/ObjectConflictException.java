package io.blockcam.store;

import org.jspecify.annotations.Nullable;

/** An object of the wanted name exists and holds different bytes. It is left as it is. */
public final class ObjectConflictException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line: what, which value, what to do
   */
  public ObjectConflictException(final String message) {
    super(message);
  }

  /**
   * @param message one line: what, which value, what to do
   * @param cause what was caught, if anything
   */
  public ObjectConflictException(final String message, @Nullable final Throwable cause) {
    super(message, cause);
  }
}
