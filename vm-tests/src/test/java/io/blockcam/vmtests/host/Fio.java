package io.blockcam.vmtests.host;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** fio(1) on a block device, asynchronous and past the page cache. */
public final class Fio {

  private static final Duration LIMIT = Limits.seconds(300);

  private static final Duration LONGEST = Duration.ofHours(1);

  /**
   * Exit status of one that was asked to end and has found nothing wrong: fio adds the number of
   * jobs with errors to it (backend.c, sig_int).
   */
  public static final int ENDED = 128;

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

  /** Starts it until somebody {@linkplain #end ends} it: how long that is no test can know. */
  public Process startEndless() throws IOException {
    return with("time_based", "runtime=" + LONGEST.toSeconds()).start();
  }

  /** Asks one that was started to end; {@link #ENDED} is then its exit status. */
  public static void end(final Process fio) {
    Shell.run("kill", "-INT", String.valueOf(fio.pid()));
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
