package io.blockcam.store;

/** An archive URI that cannot be used. The message says what to write instead. */
public final class StoreUriException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message one line: what, which value, what to do; without secrets
   */
  public StoreUriException(final String message) {
    super(message);
  }
}
