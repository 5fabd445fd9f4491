package io.blockcam.cli;

import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * A progress bar on standard error: only on a terminal, and only for work that takes longer than a
 * moment.
 */
final class ProgressLine implements AutoCloseable {

  private static final long SHORT_WORK_NS = 700_000_000L;
  private static final long MIB = 1 << 20;

  /** Whether standard error is a terminal: the launcher knows, Java asks only after the others. */
  private final boolean wanted = Boolean.getBoolean("blockcam.terminal");

  private final long startNs = System.nanoTime();
  private @Nullable ProgressBar bar;
  private String phase = "";

  /**
   * Shows how far work has come that counts bytes.
   *
   * @param what a word for the phase; another word begins another bar
   */
  void bytes(final String what, final long done, final long total) {
    update(what, done, total, " MiB", MIB);
  }

  /** The same of work that counts segments. */
  void segments(final String what, final long done, final long total) {
    update(what, done, total, " segments", 1);
  }

  private void update(
      final String what, final long done, final long total, final String unit, final long unitIs) {
    if (!wanted || System.nanoTime() - startNs < SHORT_WORK_NS) {
      return;
    }
    if (bar == null || !phase.equals(what)) {
      close();
      phase = what;
      bar =
          new ProgressBarBuilder()
              .setTaskName(what)
              .setInitialMax(total)
              .setUnit(unit, unitIs)
              .setStyle(ProgressBarStyle.ASCII)
              .showSpeed()
              .build();
    }
    bar.maxHint(total);
    bar.stepTo(done);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}
