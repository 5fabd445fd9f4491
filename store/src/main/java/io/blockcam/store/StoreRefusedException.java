package io.blockcam.store;

import org.jspecify.annotations.Nullable;

/**
 * The store answered and will not do it until somebody changes something: permission, quota, a full
 * or read-only file system, a failed login.
 */
public final class StoreRefusedException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line: what, which value, what to do
   */
  public StoreRefusedException(final String message) {
    super(message);
  }

  /**
   * @param message one line: what, which value, what to do
   * @param cause what was caught, if anything
   */
  public StoreRefusedException(final String message, @Nullable final Throwable cause) {
    super(message, cause);
  }
}
