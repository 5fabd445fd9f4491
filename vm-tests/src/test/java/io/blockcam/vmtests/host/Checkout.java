package io.blockcam.vmtests.host;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the built product is. */
public final class Checkout {

  private Checkout() {}

  /** The folder with {@code bin} and {@code scripts}: the working directory or one above it. */
  public static Path root() {
    for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
      if (Files.exists(dir.resolve("scripts/test-host"))) {
        return dir;
      }
    }
    throw new IllegalStateException(
        "the working directory " + Path.of("").toAbsolutePath() + " is not in a checkout");
  }

  /** A file of the checkout. */
  public static Path file(final String name) {
    return root().resolve(name);
  }
}
