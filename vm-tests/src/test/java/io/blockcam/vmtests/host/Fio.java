package io.blockcam.vmtests.host;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** fio(1) on a block device, asynchronous and past the page cache. */
public final class Fio {

  private static final Duration LIMIT = Limits.seconds(300);

  private final List<String> arguments = new ArrayList<>();

  /**
   * @param scratch where fio may leave its files
   */
  public Fio(final Path scratch, final Path device) {
    arguments.addAll(
        List.of(
            "fio",
            "--filename=" + device,
            "--direct=1",
            "--ioengine=libaio",
            "--group_reporting",
            "--eta=never",
            "--randrepeat=1",
            "--verify_state_save=0",
            "--aux-path=" + scratch,
            "--name=scenario"));
  }

  /**
   * Adds options as they stand on fio's command line, without the dashes. A further {@code name=}
   * begins another job, which shares the device and nothing else.
   */
  public Fio with(final String... options) {
    for (final String option : options) {
      arguments.add("--" + option);
    }
    return this;
  }

  /** Starts it; whoever calls this knows how it ends. */
  public Process start() throws IOException {
    return new ProcessBuilder(arguments)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  /** Runs it; fails the test when fio finds anything wrong. */
  public void run() {
    run(LIMIT);
  }

  /** The same, for runs that are meant to take long. */
  public void run(final Duration limit) {
    Shell.execute(limit, arguments.toArray(String[]::new)).shouldSucceed();
  }
}
