package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.history.TestRecording;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** From the options to what is printed. */
final class FindCommandTest {
  @TempDir Path dir;

  private final SplittableRandom random = new SplittableRandom(3);
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private TestRecording recording;

  @BeforeEach
  void begin() throws IOException {
    recording = new TestRecording(Files.createDirectories(dir.resolve("archive")), 1 << 20);
    recording.point(RecordKind.START); // 0
  }

  private Path file(final String name, final int bytes) throws IOException {
    final byte[] content = new byte[bytes];
    random.nextBytes(content);
    return Files.write(Files.createDirectories(dir.resolve("files")).resolve(name), content);
  }

  private void write(final long block, final Path file) throws IOException {
    final byte[] content = Files.readAllBytes(file);
    for (int at = 0; at < content.length; at += 4096) {
      recording.data(
          block + at / 4096,
          0xff,
          0,
          Arrays.copyOf(Arrays.copyOfRange(content, at, content.length), 4096));
    }
  }

  private int run(final String... arguments) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    final CommandLine commandLine = Blockcam.commandLine();
    commandLine.setOut(new PrintWriter(out, true));
    commandLine.setErr(new PrintWriter(err, true));
    return Blockcam.execute(commandLine, arguments);
  }

  private int find(final String... arguments) {
    final List<String> all =
        new ArrayList<>(
            List.of(
                "find",
                "--archive",
                dir.resolve("archive").toUri().toString(),
                "--name",
                TestRecording.NAME));
    all.addAll(List.of(arguments));
    return run(all.toArray(String[]::new));
  }

  private JsonNode json() throws IOException {
    return new ObjectMapper().readTree(out.toString());
  }

  @Test
  void tellsOfAFileThatWasDeleted() throws IOException {
    final Path secret = file("secret.pdf", 10_000);
    final Path other = file("other.pdf", 10_000);
    write(20, secret); // 1, 2, 3
    recording.seal();
    recording.run(RecordKind.DISCARD, 20, 3, 0); // 4
    recording.seal();

    assertThat(find(secret.toString(), other.toString())).isEqualTo(ExitCode.DONE);
    assertThat(out.toString().lines().map(line -> line.replaceAll(" +", " ")))
        .containsExactly(
            "VERDICT COVERED PROOF FROM UNTIL END AT FILE",
            "present 100.0 % bytes 2026-11-22T10:00:00.000000001Z 2026-11-22T10:00:00.000000001Z"
                + " discarded seq:3 "
                + secret,
            "absent 0.0 % - - - - - " + other);
    assertThat(err.toString()).isEmpty();

    assertThat(find("--from", "seq:4", secret.toString())).isEqualTo(ExitCode.NO);
    assertThat(find("--until", "seq:2", secret.toString())).isEqualTo(ExitCode.DONE);
    assertThat(out.toString()).contains("partly");
    assertThat(find("--until", "seq:2", "--min-coverage", "90", secret.toString()))
        .isEqualTo(ExitCode.NO);
    assertThat(out.toString()).contains("partly").doesNotContain("seq:");
  }

  @Test
  void tellsTheSameByAListOfHashes() throws IOException {
    final Path secret = file("secret.pdf", 10_000);
    file("other.pdf", 3000);
    file("same.pdf", 0);
    Files.copy(secret, secret.resolveSibling("copy.pdf"));
    write(20, secret);
    recording.seal();

    final String directory = dir.resolve("files").toString();
    final Path list = dir.resolve("list");
    assertThat(run("hash", directory, "--to", list.toString())).isEqualTo(ExitCode.DONE);
    assertThat(out.toString()).isEqualTo("%s: 4 files%n".formatted(list));
    assertThat(find("--json", directory)).isEqualTo(ExitCode.DONE);
    final JsonNode byFiles = json();
    assertThat(find("--json", "--hashes", list.toString())).isEqualTo(ExitCode.DONE);
    assertThat(json()).isEqualTo(byFiles);

    final JsonNode targets = byFiles.path("targets");
    assertThat(targets.findValuesAsText("verdict"))
        .containsExactlyInAnyOrder("present", "absent", "unprovable");
    final JsonNode found = targets.get(0);
    assertThat(found.path("paths")).hasSize(2);
    assertThat(found.path("proof").asText()).isEqualTo("bytes");
    assertThat(found.path("first").path("comparedBytes").asLong()).isEqualTo(10_000);
    assertThat(found.path("first").path("extents").get(2).toString())
        .isEqualTo(
            "{\"sector\":16,\"sectors\":4,\"diskSector\":176,\"epoch\":0,\"sequence\":3,\"segment\":0,\"payload\":2}");
    assertThat(found.path("copies").get(0).path("diskSector").asLong()).isEqualTo(160);
    assertThat(byFiles.path("notSearched")).isEmpty();

    assertThat(run("hash", directory, "--to", list.toString())).isEqualTo(ExitCode.USAGE);
    assertThat(run("hash", directory, "--to", list.toString(), "--force")).isEqualTo(ExitCode.DONE);
    assertThat(find("--known-good", list.toString(), directory)).isEqualTo(ExitCode.NO);
    assertThat(out.toString()).contains("unprovable");
  }

  @Test
  void makesAPageThatNothingOnItCanBreak() throws IOException {
    final Path secret = file("<script>alert(1)<b>", 10_000);
    write(20, secret);
    recording.seal();
    final Path page = dir.resolve("page.html");
    assertThat(find("--html", page.toString(), secret.toString())).isEqualTo(ExitCode.DONE);
    assertThat(page)
        .content()
        .contains("&lt;script&gt;alert(1)&lt;b&gt;")
        .contains("class=\"whole\"")
        .doesNotContain("<script")
        .doesNotContain("http:")
        .doesNotContain("https:");
    assertThat(find("--html", page.toString(), secret.toString())).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void refusesWhatCannotBeMeant() throws IOException {
    final Path secret = file("secret.pdf", 10_000);
    recording.point(RecordKind.FLUSH);
    recording.seal();
    refuses(ExitCode.USAGE, "name files to look for");
    refuses(ExitCode.USAGE, "no such file", dir.resolve("nothing").toString());
    refuses(ExitCode.USAGE, "is no list of hashes", "--hashes", secret.toString());
    refuses(ExitCode.USAGE, "not between 0 and 100", "--min-coverage", "101", secret.toString());
    refuses(
        ExitCode.NO,
        "there is no file to look for",
        Files.createDirectory(dir.resolve("empty")).toString());
    refuses(
        ExitCode.USAGE,
        "which is after --until",
        "--from",
        "seq:1",
        "--until",
        "seq:0",
        secret.toString());
    final Path list = dir.resolve("list");
    run("hash", secret.toString(), "--to", list.toString());
    final byte[] bytes = Files.readAllBytes(list);
    Files.write(list, Arrays.copyOf(bytes, bytes.length - 20));
    refuses(ExitCode.USAGE, "is cut short", "--hashes", list.toString());
    bytes[8] = 2;
    Files.write(list, bytes);
    refuses(ExitCode.USAGE, "of version 2", "--hashes", list.toString());
  }

  private void refuses(final int status, final String message, final String... arguments) {
    assertThat(find(arguments)).as(message).isEqualTo(status);
    assertThat(err.toString().lines().findFirst().orElse(""))
        .startsWith("blockcam: ")
        .contains(message);
    assertThat(out.toString()).isEmpty();
  }

  /** A pipe would be waited for. */
  @Test
  void passesOverWhatIsNoFile() throws Exception {
    final Path secret = file("secret.pdf", 10_000);
    final Path pipe = secret.resolveSibling("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    write(20, secret);
    recording.seal();
    assertThat(find("--json", secret.toString(), pipe.toString())).isEqualTo(ExitCode.DONE);
    assertThat(err.toString()).isEqualTo("blockcam: %s: is no regular file%n".formatted(pipe));
    assertThat(json().path("unread").get(0).asText()).contains("is no regular file");
  }

  @Test
  void saysWhatItCouldNotSearch() throws IOException {
    final Path secret = file("secret.pdf", 10_000);
    write(20, secret);
    recording.seal();
    recording.data(50, 0xff, 0, TestRecording.filled(1));
    recording.seal();
    recording.data(51, 0xff, 0, TestRecording.filled(1));
    recording.seal();
    final Path damaged;
    try (Stream<Path> files = Files.walk(dir.resolve("archive"))) {
      damaged =
          files.filter(path -> path.toString().endsWith("0000000001.seg")).findAny().orElseThrow();
    }
    Files.writeString(damaged, "damaged", StandardCharsets.UTF_8);
    assertThat(find("--json", secret.toString())).isEqualTo(ExitCode.DONE);
    assertThat(err.toString()).startsWith("blockcam: not searched: ").contains("0000000001.seg");
    assertThat(json().path("notSearched")).hasSize(1);
    assertThat(json().path("targets").get(0).path("whole").get(0).path("end").asText())
        .isEqualTo("lost");
  }
}
