package io.blockcam.concurrency;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs all races in JVMs of their own, each for {@code -Djcstress.ms} milliseconds in each of its
 * compilations; from half a second on under each of the JVM's optimisations, too.
 */
final class RacesTest {

  private static final int RACES = 9;
  private static final Pattern RACE = Pattern.compile("io\\.blockcam\\.[a-z.]+\\.\\w+Race\\b");
  private static final int LONG_MS = 500;
  private static final String NATIVE_ACCESS = "--enable-native-access=ALL-UNNAMED";

  @TempDir Path results;

  @Test
  void comesToNoForbiddenOutcome() throws IOException, InterruptedException {
    final int ms = Integer.getInteger("jcstress.ms", 5);
    final List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            NATIVE_ACCESS,
            "-cp",
            System.getProperty("java.class.path"),
            "org.openjdk.jcstress.Main",
            "-iters",
            "1",
            "-time",
            String.valueOf(ms),
            // A state is a quarter of a megabyte.
            "-strideSize",
            "10",
            "-strideCount",
            "4",
            ms < LONG_MS ? "-jvmArgs" : "-jvmArgsPrepend",
            NATIVE_ACCESS,
            "-v",
            "-r",
            results.toString());
    final Process process =
        new ProcessBuilder(command).directory(results.toFile()).redirectErrorStream(true).start();
    final String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(output).isZero();
    assertThat(RACE.matcher(output).results().map(MatchResult::group).distinct())
        .as(output)
        .hasSize(RACES);
  }
}
