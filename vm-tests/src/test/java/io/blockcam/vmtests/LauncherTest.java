package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Checkout;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code bin/blockcam} does before a JVM runs. */
final class LauncherTest {

  private static final int USAGE = 2;
  private static final int ENVIRONMENT = 3;
  private static final String VERSION = "blockcam 0.1.0\n";

  @TempDir private Path dir;
  private Path launcher = Path.of("");
  private Path target = Path.of("");

  /** A checkout of its own, in a path with a blank, with the real jars. */
  @BeforeEach
  void copyTheCheckout() {
    final Path checkout = dir.resolve("a checkout");
    launcher = checkout.resolve("bin/blockcam");
    target = checkout.resolve("cli/target");
    Shell.sh(
        "mkdir -p \"$2/bin\" \"$2/cli/target\" && cp $1/bin/blockcam \"$2/bin\""
            + " && cp -r $1/cli/target/lib \"$2/cli/target\"",
        Checkout.root(),
        checkout);
  }

  @Test
  void takesTheJavaOfJavaHomeWithoutStartingIt() throws IOException {
    final Path home = jdk("jdk", 30);
    final Shell.Result result = run(Map.of("JAVA_HOME", home.toString()), "info", "--json");
    assertThat(result.shouldSucceed().out().lines().filter("java was started"::equals)).hasSize(1);
    assertThat(result.out()).contains("\ninfo\n--json\n");
  }

  @Test
  void passesOverAJavaThatIsTooOld() throws IOException {
    final Path old = jdk("old", 21);
    final Path good = jdk("good", 22);
    final Map<String, String> environment =
        Map.of(
            "JAVA_HOME", old.toString(), "PATH", good.resolve("bin") + ":" + System.getenv("PATH"));
    assertThat(run(environment, "--version").shouldSucceed().out()).contains("home " + good + "\n");
  }

  @Test
  void refusesAChosenJavaThatIsTooOldOrGone() throws IOException {
    final Path old = jdk("old", 21).resolve("bin/java");
    isOneLine(
        run(Map.of("BLOCKCAM_JAVA", old.toString()), "--version").shouldEndWith(ENVIRONMENT),
        old + ", a Java 21: blockcam needs 22");
    final Path gone = dir.resolve("gone/bin/java");
    isOneLine(
        run(Map.of("BLOCKCAM_JAVA", gone.toString()), "--version").shouldEndWith(ENVIRONMENT),
        gone.toString());
  }

  @Test
  void asksForTheBuildWhereThereIsNone() {
    Shell.run("rm", "-r", target.toString());
    isOneLine(run(Map.of(), "--version").shouldEndWith(ENVIRONMENT), "not built yet");
  }

  /** Some texts of errors are looked at; file names keep their encoding. */
  @Test
  void asksTheSystemForItsErrorsInEnglishAndKeepsTheEncoding() throws IOException {
    final Map<String, String> german =
        Map.of("JAVA_HOME", jdk("jdk", 30).toString(), "LC_ALL", "de_DE.UTF-8");
    assertThat(run(german, "--version").shouldSucceed().out())
        .contains("messages C\n", "encoding de_DE.UTF-8\n", "all unset\n");
  }

  @Test
  void runsWithAndWithoutACacheAndWithOneThatIsOfNoUse() throws IOException {
    assertThat(realRun("--version").out()).isEqualTo(VERSION);
    realRun("make-cache");
    final Path cache = target.resolve("cache/blockcam.aot");
    assertThat(cache).isNotEmptyFile();
    assertThat(realRun("--version").out()).isEqualTo(VERSION);

    Files.setLastModifiedTime(target.resolve("lib/cli.jar"), FileTime.from(Instant.EPOCH));
    assertThat(realRun("--version").out()).as("other jars").isEqualTo(VERSION);

    for (final long length : new long[] {Files.size(cache) / 2, 100, 0}) {
      try (RandomAccessFile file = new RandomAccessFile(cache.toFile(), "rw")) {
        file.setLength(length);
      }
      assertThat(realRun("--version").out()).as("cut to %d bytes", length).isEqualTo(VERSION);
    }
    Files.writeString(cache, "this is no cache\n".repeat(1000));
    assertThat(realRun("--version").out()).as("rubbish").isEqualTo(VERSION);
  }

  @Test
  void saysThatACacheCannotBeMadeAndLeavesNothingOfIt() throws IOException {
    Files.writeString(target.resolve("cache"), "a file is in the way");
    final Shell.Result result = run(java(), "make-cache").shouldEndWith(ENVIRONMENT);
    assertThat(result.err()).contains("no cache could be made in " + target.resolve("cache"));
    assertThat(run(java(), "make-cache", "now").shouldEndWith(USAGE).err()).contains("make-cache");
  }

  /** Runs it with a real Java; it must print nothing on standard error. */
  private Shell.Result realRun(final String... arguments) {
    final Shell.Result result = run(java(), arguments).shouldSucceed();
    assertThat(result.err()).as("%s", result).isEmpty();
    return result;
  }

  private static Map<String, String> java() {
    return Map.of(
        "BLOCKCAM_JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
  }

  private Shell.Result run(final Map<String, String> environment, final String... arguments) {
    final ProcessBuilder builder = new ProcessBuilder(launcher.toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().keySet().removeIf(name -> name.startsWith("BLOCKCAM_"));
    builder.environment().remove("JAVA_HOME");
    builder.environment().putAll(environment);
    return Shell.execute(Limits.seconds(120), builder);
  }

  /** A JDK that tells how it was started. */
  private Path jdk(final String name, final int version) throws IOException {
    final Path home = dir.resolve(name);
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(
        home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + ".0.1\"\n");
    final Path java = home.resolve("bin/java");
    Files.writeString(
        java,
        """
        #!/bin/sh
        echo java was started
        echo home ${0%/bin/java}
        echo messages $LC_MESSAGES
        echo encoding $LC_CTYPE
        echo all ${LC_ALL-unset}
        for argument; do echo "$argument"; done
        """);
    Files.setPosixFilePermissions(java, PosixFilePermissions.fromString("rwxr-xr-x"));
    return home;
  }

  private static void isOneLine(final Shell.Result result, final String words) {
    assertThat(result.err().lines().toList()).as("%s", result).hasSize(1);
    assertThat(result.err()).startsWith("blockcam: ").contains(words);
  }
}
