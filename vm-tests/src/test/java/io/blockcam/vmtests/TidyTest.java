package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.blockcam.vmtests.host.Checkout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What lies about in the checkout. Code is looked at by checkstyle.xml. */
final class TidyTest {

  private static final List<String> ROOT =
      List.of(
          ".ci/",
          ".editorconfig",
          ".gitignore",
          "ARCHITECTURE.md",
          "CHANGELOG.md",
          "CONTRIBUTING.md",
          "LICENSE",
          "README.md",
          "archive/",
          "attach/",
          "benchmarks/",
          "bin/",
          "capture-ring/",
          "checkstyle.xml",
          "cli/",
          "concurrency-tests/",
          "docs/",
          "export/",
          "file-search/",
          "history/",
          "native-bindings/",
          "pom.xml",
          "replay/",
          "scripts/",
          "simulator/",
          "spark/",
          "store/",
          "ublk-server/",
          "uploader/",
          "vm-tests/");

  @Test
  void theRootHoldsWhatTheArchitectureNames() throws IOException, InterruptedException {
    assertThat(
            tracked().stream()
                .map(file -> file.contains("/") ? file.substring(0, file.indexOf('/') + 1) : file)
                .distinct()
                .toList())
        .isSubsetOf(ROOT);
  }

  @Test
  void aModuleHoldsItsPomItsSourcesAndPages() throws IOException, InterruptedException {
    assertThat(tracked())
        .filteredOn(file -> Files.exists(Checkout.root().resolve(file.split("/")[0], "pom.xml")))
        .filteredOn(file -> file.contains("/"))
        .allMatch(file -> file.matches("[a-z-]+/(pom\\.xml|[A-Za-z]+\\.md|src/.+)"));
  }

  @Test
  void noFileIsEmpty() throws IOException, InterruptedException {
    for (final String file : tracked()) {
      final Path path = Checkout.root().resolve(file);
      if (Files.exists(path)) { // else it was removed and not committed yet
        assertThat(Files.size(path)).as(file).isPositive();
      }
    }
  }

  private static List<String> tracked() throws IOException, InterruptedException {
    assumeThat(Checkout.root().resolve(".git")).as("a clone").exists();
    final Process git =
        new ProcessBuilder("git", "ls-files")
            .directory(Checkout.root().toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    final String output = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(git.waitFor()).isZero();
    return output.lines().toList();
  }
}
