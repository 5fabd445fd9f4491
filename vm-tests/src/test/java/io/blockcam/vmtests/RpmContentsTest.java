package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.eclipse.packager.rpm.RpmTag;
import org.eclipse.packager.rpm.parse.RpmInputStream;
import org.junit.jupiter.api.Test;

/** What the RPM puts where, read from the package that the build has made. */
final class RpmContentsTest {

  private static final int PERMISSIONS = 07777;
  private static final Path TARGET = Path.of("../cli/target");

  @Test
  void installsCommandJarsServiceAndConfiguration() throws IOException {
    final Map<String, CpioArchiveEntry> entries = entries();

    assertThat(permissions(entries, "./usr/bin/blockcam")).isEqualTo(0755);
    assertThat(permissions(entries, "./usr/lib/systemd/system/blockcam@.service")).isEqualTo(0644);
    assertThat(permissions(entries, "./etc/blockcam")).isEqualTo(0750);
    assertThat(permissions(entries, "./etc/blockcam/disk.properties.example")).isEqualTo(0640);
    assertThat(permissions(entries, "./var/lib/blockcam")).isEqualTo(0700);
    assertThat(entries)
        .containsKeys(
            "./usr/share/licenses/blockcam/LICENSE",
            "./usr/share/man/man1/blockcam.1",
            "./usr/share/blockcam/lib/cli.jar",
            "./usr/share/blockcam/lib/native-bindings.jar",
            "./usr/share/blockcam/lib/ublk-server.jar",
            "./usr/share/blockcam/lib/archive.jar",
            "./usr/share/blockcam/lib/capture-ring.jar",
            "./usr/share/blockcam/lib/uploader.jar",
            "./usr/share/blockcam/lib/replay.jar");
  }

  @Test
  void installsTheJarsOfTheCommandAndNoOthers() throws IOException {
    assertThat(entries().keySet())
        .filteredOn(name -> name.endsWith(".jar"))
        .noneMatch(name -> name.contains("junit") || name.contains("assertj"))
        .hasSize(Math.toIntExact(count(TARGET.resolve("lib"))));
  }

  @Test
  void asksForAJavaThatIsNewEnough() throws IOException {
    try (RpmInputStream rpm = open()) {
      final Object names = rpm.getPayloadHeader().getTag(RpmTag.REQUIRE_NAME);
      assertThat((String[]) names).contains("java-headless", "systemd");
    }
  }

  @Test
  void makesTheCacheOfClassesWhenInstalledAndRemovesItWhenRemoved() throws IOException {
    try (RpmInputStream rpm = open()) {
      assertThat(rpm.getPayloadHeader().getTag(RpmTag.POSTINSTALL_SCRIPT))
          .isEqualTo("/usr/bin/blockcam make-cache || :");
      assertThat(rpm.getPayloadHeader().getTag(RpmTag.POSTREMOVE_SCRIPT).toString())
          .contains("rm -rf /var/cache/blockcam");
    }
  }

  @Test
  void runsTheServiceWithTheOptionsOfItsConfiguration() throws IOException {
    try (RpmInputStream rpm = open()) {
      final CpioArchiveInputStream files = files(rpm);
      for (CpioArchiveEntry e = files.getNextEntry(); e != null; e = files.getNextEntry()) {
        if (e.getName().endsWith("blockcam@.service")) {
          assertThat(new String(files.readAllBytes(), StandardCharsets.UTF_8))
              .contains(
                  "ExecStart=/usr/bin/blockcam record --config /etc/blockcam/%i.properties",
                  "LimitCORE=0", "LimitMEMLOCK=infinity");
          return;
        }
      }
    }
    throw new AssertionError("no blockcam@.service in the package");
  }

  private static int permissions(final Map<String, CpioArchiveEntry> entries, final String name) {
    final CpioArchiveEntry entry = entries.get(name);
    assertThat(entry).as(name).isNotNull();
    return entry == null ? -1 : (int) entry.getMode() & PERMISSIONS;
  }

  private static Map<String, CpioArchiveEntry> entries() throws IOException {
    final Map<String, CpioArchiveEntry> entries = new TreeMap<>();
    try (RpmInputStream rpm = open()) {
      final CpioArchiveInputStream files = files(rpm);
      for (CpioArchiveEntry e = files.getNextEntry(); e != null; e = files.getNextEntry()) {
        entries.put(e.getName(), e);
      }
    }
    return entries;
  }

  private static RpmInputStream open() throws IOException {
    assumeTrue(Files.isDirectory(TARGET), "the package is not built: run mvn package");
    try (Stream<Path> files = Files.list(TARGET)) {
      final Path rpm =
          files.filter(file -> file.toString().endsWith(".rpm")).findAny().orElse(null);
      assumeTrue(rpm != null, "the package is not built: run mvn package");
      return new RpmInputStream(new BufferedInputStream(Files.newInputStream(rpm)));
    }
  }

  /** The payload; reading the headers first is what opens it. */
  private static CpioArchiveInputStream files(final RpmInputStream rpm) throws IOException {
    rpm.getPayloadHeader();
    return rpm.getCpioStream();
  }

  private static long count(final Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".jar")).count();
    }
  }
}
