package io.blockcam.store;

import java.io.IOException;
import java.io.InputStream;

/** A source of which a test decides what it tells and what it delivers. */
record TestSource(long lengthBytes, Opener opener) implements ObjectSource {

  /** Opens the stream. */
  interface Opener {
    InputStream open() throws IOException;
  }

  @Override
  public String describe() {
    return "test source";
  }

  @Override
  public InputStream open() throws IOException {
    return opener.open();
  }
}
