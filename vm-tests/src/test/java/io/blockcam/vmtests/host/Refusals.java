package io.blockcam.vmtests.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** What bad input gets: one clear line, the right exit status, and nothing is changed. */
public final class Refusals {

  private final Path dir;

  /**
   * @param dir where nothing may change
   */
  public Refusals(final Path dir) {
    this.dir = dir;
  }

  /**
   * Runs a command that must be refused.
   *
   * @param words must stand in the line it prints
   */
  public void refuses(
      final int status, final Supplier<Shell.Result> command, final String... words) {
    final Map<String, String> before = everything();
    final Shell.Result result = command.get();
    final Map<String, String> after = everything();
    result.shouldEndWith(status);
    assertThat(result.err().lines().toList()).as("one line on stderr of %s", result).hasSize(1);
    assertThat(result.err()).as("%s", result).startsWith("blockcam: ").contains(words);
    assertThat(after).as("files after %s", result).isEqualTo(before);
    assertThat(devices()).as("devices after %s", result).isEmpty();
  }

  /** Every file and directory: its size and contents. */
  private Map<String, String> everything() {
    final Map<String, String> all = new TreeMap<>();
    try (Stream<Path> files = Files.walk(dir)) {
      for (final Path file : files.toList()) {
        all.put(
            dir.relativize(file).toString(),
            Files.isRegularFile(file)
                ? Files.size(file) + " " + RealFiles.sha256(file)
                : "no regular file");
      }
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
    return all;
  }

  private static List<Path> devices() {
    try (Stream<Path> files = Files.list(Path.of("/dev"))) {
      return files.filter(f -> f.getFileName().toString().startsWith("ublkb")).toList();
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
