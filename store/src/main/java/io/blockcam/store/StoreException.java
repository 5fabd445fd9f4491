package io.blockcam.store;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A store could not do what was asked. The message is one line that names the store, the object and
 * the reason, and holds no secret.
 *
 * <p>Subclasses tell what is worth trying next; a bare {@code StoreException} stands for an answer
 * that fits nowhere else (a directory where an object was expected, an answer that is not WebHDFS).
 */
public class StoreException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line: what, which value, what to do
   */
  public StoreException(final String message) {
    super(message);
  }

  /**
   * @param message one line: what, which value, what to do
   * @param cause what was caught, if anything
   */
  public StoreException(final String message, @Nullable final Throwable cause) {
    super(message, cause);
  }
}
