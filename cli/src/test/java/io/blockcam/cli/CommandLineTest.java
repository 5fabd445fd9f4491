package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingJson;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Bad usage gets one clear line and status 2, whatever the command. */
final class CommandLineTest {

  @TempDir Path dir;
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "frobnicate | Unmatched argument",
        "info --archive file:///tmp | Missing required option: '--name=N'",
        "list --archive ftp://host/dir | unknown archive scheme 'ftp'",
        "list --archive file:///tmp --tls-ca ca.pem | are for swebhdfs://, and the archive is file:///tmp",
        "list --archive webhdfs://h/d --tls-identity me.pem | are for swebhdfs://",
        "stop web1 --keep-device --force | leave it out with --keep-device",
        "status --watch 0s | --watch: look again after more than 0 s",
        "status --watch never | 'never' is not a duration",
        "record --backing d --archive file:///tmp --spool s\ufffd | is not text in the encoding",
        "info --archive file:///tmp --name a/b | cannot name a recording",
        "record --backing d --archive file:///tmp --size 20X | '20X' is not a size",
        "record --backing d --archive file:///tmp --seal-after soon | 'soon' is not a duration",
        "record --backing d --archive file:///tmp --depth 0 | depth 0 is not between 1 and 4096",
        "record --backing d --archive file:///tmp --queues 0 | queues 0 is less than 1",
        "record --backing d --archive file:///tmp --id -1 | --id -1 is negative",
      })
  void refusesBadUsageInOneLine(final String arguments, final String message) {
    assertThat(run(arguments.strip().split(" "))).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString().lines().findFirst().orElse(""))
        .startsWith("blockcam: ")
        .contains(message);
    assertThat(err.toString().lines().count()).isLessThanOrEqualTo(2);
    assertThat(out.toString()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"record", "serve", "list", "info", "replay", "verify", "status"})
  void explainsEveryCommandWithAnExample(final String command) {
    assertThat(run(command, "--help")).isEqualTo(ExitCode.DONE);
    assertThat(out.toString()).contains("Example").contains("blockcam " + command);
    assertThat(out.toString().lines()).allMatch(line -> line.length() <= 100);
  }

  @Test
  void saysThatThereIsNoRecordingOfThatName() {
    assertThat(run("info", "--archive", dir.toUri().toString(), "--name", "nobody"))
        .isEqualTo(ExitCode.NO);
    assertThat(err.toString()).contains("no recording 'nobody' in " + dir.toUri().getScheme());
  }

  @Test
  void saysThatNobodyRecords() {
    assertThat(run("status", "nobody", "--spool", dir.toString())).isEqualTo(ExitCode.NO);
    assertThat(err.toString())
        .isEqualTo("blockcam: no recorder of 'nobody' runs with the spool %s%n".formatted(dir));
  }

  /** One line, and nothing is asked of the archive. */
  @Test
  void refusesCertificatesThatAreNone() throws IOException {
    final Path empty = Files.createFile(dir.resolve("empty.pem"));
    assertThat(run("list", "--archive", "swebhdfs://127.0.0.1:1/d", "--tls-ca", empty.toString()))
        .isEqualTo(ExitCode.ENVIRONMENT);
    assertThat(err.toString())
        .isEqualTo(
            "blockcam: cannot use the certificates in %s: no PEM certificate in it%n"
                .formatted(empty));
  }

  @Test
  void listsAnEmptyArchive() {
    assertThat(run("list", "--archive", dir.toUri().toString())).isEqualTo(ExitCode.DONE);
    assertThat(out.toString()).startsWith("no recordings in ");
  }

  @Test
  void listsTheOthersWhenOneIsDamaged() throws IOException {
    final Recording good =
        new Recording(UUID.randomUUID(), "good", 4096, Instant.EPOCH, "h", "", Baseline.EMPTY);
    Files.createDirectories(dir.resolve("good/segments"));
    Files.write(dir.resolve("good/recording.json"), RecordingJson.write(good));
    Files.createDirectories(dir.resolve("bad"));
    Files.writeString(dir.resolve("bad/recording.json"), "{}");

    assertThat(run("list", "--archive", dir.toUri().toString())).isEqualTo(ExitCode.NO);
    assertThat(out.toString()).contains("good").doesNotContain("bad");
    assertThat(err.toString().lines())
        .singleElement()
        .asString()
        .startsWith("blockcam: recording 'bad': ");
    assertThat(run("list", "--archive", dir.toUri().toString(), "--json")).isEqualTo(ExitCode.NO);
    assertThat(out.toString()).contains("\"error\"");
  }

  /** E9: each with its own line, and the rest as if they were not there. */
  @Test
  void listsTheOthersWhenOneLeadsOutOfTheArchive(@TempDir final Path elsewhere) throws IOException {
    final Recording good =
        new Recording(UUID.randomUUID(), "good", 4096, Instant.EPOCH, "h", "", Baseline.EMPTY);
    Files.createDirectories(dir.resolve("good/segments"));
    Files.write(dir.resolve("good/recording.json"), RecordingJson.write(good));
    Files.createSymbolicLink(dir.resolve("stranger"), elsewhere);

    assertThat(run("list", "--archive", dir.toUri().toString())).isEqualTo(ExitCode.NO);
    assertThat(out.toString()).contains("good").doesNotContain("stranger");
    assertThat(err.toString().lines())
        .singleElement()
        .asString()
        .startsWith("blockcam: recording 'stranger': ")
        .contains("leads out of");
  }

  /** F2: it describes nothing. A file of that name that is no description stays. */
  @Test
  void replacesADescriptionThatHasNoImage() throws IOException {
    final Recording empty =
        new Recording(UUID.randomUUID(), "empty", 8192, Instant.EPOCH, "h", "", Baseline.EMPTY);
    Files.createDirectories(dir.resolve("empty/segments"));
    Files.write(dir.resolve("empty/recording.json"), RecordingJson.write(empty));
    final Path image = dir.resolve("disk.img");
    final Path description = dir.resolve("disk.img.json");
    final String[] replay = {
      "replay", "--archive", dir.toUri().toString(), "--name", "empty", "--to", image.toString()
    };

    assertThat(run(replay)).isEqualTo(ExitCode.DONE);
    assertThat(run(replay)).as("the image is there").isEqualTo(ExitCode.USAGE);
    Files.delete(image);
    assertThat(run(replay)).isEqualTo(ExitCode.DONE);

    Files.delete(image);
    Files.writeString(description, "{\"mine\": 1}");
    assertThat(run(replay)).isEqualTo(ExitCode.USAGE);
    assertThat(description).hasContent("{\"mine\": 1}");
    assertThat(image).doesNotExist();
  }

  /** E13: before anything is restored. */
  @Test
  void refusesImagesThatCannotHaveTheirNameAtOnce() throws IOException {
    final Recording empty =
        new Recording(UUID.randomUUID(), "empty", 8192, Instant.EPOCH, "h", "", Baseline.EMPTY);
    Files.createDirectories(dir.resolve("empty/segments"));
    Files.write(dir.resolve("empty/recording.json"), RecordingJson.write(empty));
    final Path dangling = Files.createSymbolicLink(dir.resolve("link"), dir.resolve("nowhere"));
    Files.createSymbolicLink(dir.resolve("disk.img.json"), dir.resolve("nowhere"));

    for (final Path image :
        List.of(dir.resolve("x".repeat(251)), dangling, dir.resolve("disk.img"))) {
      assertThat(
              run(
                  "replay",
                  "--archive",
                  dir.toUri().toString(),
                  "--name",
                  "empty",
                  "--to",
                  image.toString()))
          .as(image.toString())
          .isEqualTo(ExitCode.USAGE);
    }
    assertThat(err.toString().lines())
        .hasSize(3)
        .allMatch(line -> line.startsWith("blockcam: --to: "));
    final Path longest = dir.resolve("x".repeat(250));
    assertThat(
            run(
                "replay",
                "--archive",
                dir.toUri().toString(),
                "--name",
                "empty",
                "--to",
                longest.toString()))
        .isEqualTo(ExitCode.DONE);
    assertThat(longest).exists();
  }

  @Test
  void takesOptionsFromAFileAndLetsTheCommandLineWin() throws IOException {
    final Path config =
        Files.writeString(
            dir.resolve("c.properties"), "backing = d\narchive = file:///tmp\ndepth = 0\n");
    assertThat(run("record", "--config", config.toString())).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("depth 0 is not between");
    assertThat(run("record", "--config=" + config, "--depth", "5000")).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("depth 5000 is not between");
  }

  @Test
  void refusesConfigurationWithUnknownNames() throws IOException {
    final Path config = Files.writeString(dir.resolve("c.properties"), "on-ful = block\n");
    assertThat(run("record", "--config", config.toString())).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("no option of record: on-ful");
  }

  @Test
  void refusesMissingConfiguration() {
    assertThat(run("record", "--config", dir.resolve("nope").toString())).isEqualTo(ExitCode.USAGE);
    assertThat(err.toString()).contains("no such file: --config " + dir.resolve("nope"));
  }

  private int run(final String... args) {
    final CommandLine commandLine = Blockcam.commandLine();
    commandLine.setOut(new PrintWriter(out, true));
    commandLine.setErr(new PrintWriter(err, true));
    return Blockcam.execute(commandLine, args);
  }
}
