package io.blockcam.store;

import org.jspecify.annotations.Nullable;

/**
 * The store cannot serve the request now and may later: unreachable, timed out, in safe mode,
 * standby, overloaded, or the connection broke. The outcome of a request that changes something is
 * unknown: look before trying again.
 *
 * <p>Also thrown when the calling thread was interrupted; its interrupt status is then set.
 */
public final class StoreUnavailableException extends StoreException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line: what, which value, what to do
   */
  public StoreUnavailableException(final String message) {
    super(message);
  }

  /**
   * @param message one line: what, which value, what to do
   * @param cause what was caught, if anything
   */
  public StoreUnavailableException(final String message, @Nullable final Throwable cause) {
    super(message, cause);
  }
}
