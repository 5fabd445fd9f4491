package io.blockcam.vmtests.bench;

import java.nio.file.Path;

/** The compilers of a JVM are at work for some seconds; that is not what is measured here. */
final class WarmUp {
  private static final double SECONDS = 8;

  private WarmUp() {}

  static void of(final Path device) {
    Figures.of(Workload.WRITE_4K_ONE, device, SECONDS);
    Figures.of(Workload.MIXED, device, SECONDS / 2);
  }
}
