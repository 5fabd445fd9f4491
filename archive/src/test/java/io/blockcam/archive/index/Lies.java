package io.blockcam.archive.index;

import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** Runs that are well formed and lie. */
public final class Lies {

  private Lies() {}

  /**
   * The same run without the pieces of one window.
   *
   * @param block of the window
   */
  public static byte[] without(final RunReader run, final long block) throws IOException {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final RunWriter writer = new RunWriter(out);
    final WindowStack window = new WindowStack();
    for (long at = run.nextWindow(0); at != Long.MAX_VALUE; at = run.nextWindow(window.end())) {
      window.begin(at);
      run.feed(window, 0);
      if (at == WindowStack.windowOf(block)) {
        window.begin(at);
        window.zero(at, at + 1);
      }
      writer.add(window);
    }
    writer.finish(run.cover(), run::digests, run::storedEvents);
    return out.toByteArray();
  }
}
