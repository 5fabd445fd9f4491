package io.blockcam.store;

import org.jspecify.annotations.Nullable;

/**
 * The bytes that were to be stored could not be read: the fault lies with the source (a spool
 * file), not with the store.
 */
public final class ObjectSourceException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line: what, which value, what to do
   */
  public ObjectSourceException(final String message) {
    super(message);
  }

  /**
   * @param message one line: what, which value, what to do
   * @param cause what was caught, if anything
   */
  public ObjectSourceException(final String message, @Nullable final Throwable cause) {
    super(message, cause);
  }
}
