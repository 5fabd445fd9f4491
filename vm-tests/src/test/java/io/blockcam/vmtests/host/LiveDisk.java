package io.blockcam.vmtests.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A running {@code blockcam record} or {@code blockcam serve} and its device. */
public final class LiveDisk implements AutoCloseable {

  private static final Duration START_LIMIT = Limits.seconds(60);
  private static final Duration STOP_LIMIT = Limits.seconds(120);

  /** What the kernel knows of a disk and of somebody who waits for it. */
  private static final String STUCK =
      """
      grep . /sys/block/%1$s/inflight /sys/block/%1$s/stat
      for task in /proc/%2$d/task/*; do
        echo "$(cat $task/comm) $(cat $task/wchan) $(cat $task/syscall)"
        cat $task/stack
      done
      """;

  /** So many in a row are no accident. */
  private static final long BUSY_WRITES = 50;

  private static final Pattern LIVE_LINE =
      Pattern.compile("^(?:recording|serving) .* on (/dev/ublkb\\d+)$", Pattern.MULTILINE);

  private final Process process;
  private final List<String> command;
  private final Path out;
  private final Path err;
  private @Nullable Path device;

  private LiveDisk(
      final Process process, final List<String> command, final Path out, final Path err) {
    this.process = process;
    this.command = command;
    this.out = out;
    this.err = err;
  }

  static LiveDisk start(final ProcessBuilder builder) {
    final LiveDisk disk = launch(builder);
    boolean live = false;
    try {
      live = Limits.await(START_LIMIT, () -> disk.isLive() || !disk.isRunning()) && disk.isLive();
      if (!live) {
        throw new AssertionError("no device came up: " + disk.describe());
      }
      return disk;
    } finally {
      if (!live) {
        disk.close();
      }
    }
  }

  /** Does not wait until it is live. */
  static LiveDisk launch(final ProcessBuilder builder) {
    try {
      final Path out = Files.createTempFile("disk", ".out");
      final Path err = Files.createTempFile("disk", ".err");
      final Process process =
          builder
              .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      return new LiveDisk(process, builder.command(), out, err);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean isLive() {
    final Matcher line = LIVE_LINE.matcher(out());
    if (line.find()) {
      device = Path.of(line.group(1));
    }
    return device != null;
  }

  /** The block device, {@code /dev/ublkbN}. */
  public Path device() {
    if (device == null) {
      throw new IllegalStateException("not live");
    }
    return device;
  }

  /**
   * Waits until somebody has come to write: fio takes seconds to start where everything is slow,
   * and what is done to the disk before meets nothing.
   */
  public void awaitWrites() {
    final Path stat = Path.of("/sys/block", device().getFileName().toString(), "stat");
    final long before = writes(stat);
    if (!Limits.await(START_LIMIT, () -> writes(stat) - before >= BUSY_WRITES)) {
      throw new AssertionError("nobody writes to " + device() + ": " + describe());
    }
  }

  /** Writes completed are the fifth number (block/stat.rst in the kernel's documentation). */
  private static long writes(final Path stat) {
    return Long.parseLong(read(stat).strip().split(" +")[4]);
  }

  /** The process that serves it. */
  public long pid() {
    return process.pid();
  }

  public boolean isRunning() {
    return process.isAlive();
  }

  /** What it has printed so far. */
  public String out() {
    return read(out);
  }

  /** What it has printed on standard error so far. */
  public String err() {
    return read(err);
  }

  /** Asks it to stop, as a service manager does; its exit status. */
  public int stop() {
    process.destroy();
    return awaitEnd();
  }

  /** Waits for it to end by itself or of a signal sent before; its exit status. */
  public int awaitEnd() {
    try {
      if (!process.waitFor(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        dumpThreads();
        throw new AssertionError("did not stop within " + STOP_LIMIT + ": " + describe());
      }
      return process.exitValue();
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  /** Stops it and fails the test unless it ended well and took its device with it. */
  public void stopsCleanly() {
    final int status = stop();
    if (status != 0) {
      throw new AssertionError("exit status " + status + " of " + describe());
    }
    if (Files.exists(device())) {
      throw new AssertionError(device() + " is still there after " + describe());
    }
  }

  /** Sends a signal and does not wait. */
  public void signal(final String name) {
    Shell.execute(Limits.seconds(10), "kill", "-" + name, Long.toString(pid()));
  }

  /** Ends it at once, as a crash does. */
  public void kill() {
    process.destroyForcibly();
    awaitEnd();
  }

  /** What a failing test wants to show. */
  public String describe() {
    return "%s%n%s%n--- stdout%n%s--- stderr%n%s---"
        .formatted(
            String.join(" ", command),
            isRunning() ? "running as " + pid() : "exit status " + process.exitValue(),
            out(),
            err());
  }

  /**
   * Waits for a process that uses the disk to end; its exit status. One that does not, waits for
   * the disk: then the test fails and shows who waits for what.
   */
  public int awaitUser(final Process user, final Duration limit) throws InterruptedException {
    if (!user.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      dumpThreads();
      throw new AssertionError(
          "process %d still uses %s after %s: %s%n%s%n--- dmesg%n%s"
              .formatted(
                  user.pid(),
                  device(),
                  limit,
                  Shell.execute(Limits.seconds(10), "sh", "-c", STUCK.formatted(name(), user.pid()))
                      .out(),
                  describe(),
                  Shell.execute(Limits.seconds(10), "sh", "-c", "dmesg | tail -50").out()));
    }
    return user.exitValue();
  }

  private String name() {
    return String.valueOf(device().getFileName());
  }

  /** Makes sure that nothing is left running, whatever the test did. */
  @Override
  public void close() {
    try {
      process.destroy();
      if (!process.waitFor(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        dumpThreads();
        System.err.println("killed because it did not stop: " + describe());
        process.destroyForcibly();
        process.waitFor(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
      }
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    } catch (final InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** The JVM answers SIGQUIT by printing where its threads stand. */
  private void dumpThreads() {
    Shell.execute(Limits.seconds(10), "kill", "-QUIT", Long.toString(pid()));
    Limits.await(Limits.seconds(5), () -> out().contains("Heap"));
  }

  private static String read(final Path file) {
    try {
      return Shell.text(file);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
