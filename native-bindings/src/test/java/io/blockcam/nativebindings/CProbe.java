package io.blockcam.nativebindings;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opentest4j.TestAbortedException;

/** Asks the C compiler what it makes of the kernel's headers: one generated program, run once. */
final class CProbe {
  private final List<String> lines = new ArrayList<>();
  private final String umbrellaHeader;

  /**
   * @param umbrellaHeader name of a header of {@code src/jextract}, so that the C compiler reads
   *     the very lines that jextract read
   */
  CProbe(final String umbrellaHeader) {
    this.umbrellaHeader = umbrellaHeader;
  }

  /** Asks for the value of an integer expression. */
  void ask(final String key, final String expression) {
    lines.add("  printf(\"%s\\t%lld\\n\", \"" + key + "\", (long long) (" + expression + "));");
  }

  /** Asks for the value of a macro that an older C library may lack; no answer then. */
  void askMacro(final String macro) {
    lines.add("#ifdef " + macro);
    ask(macro, macro);
    lines.add("#endif");
  }

  /** Asks for a string. */
  void askText(final String key, final String expression) {
    lines.add("  printf(\"%s\\t%s\\n\", \"" + key + "\", " + expression + ");");
  }

  /** Compiles and runs the questions; the answers by key. */
  Map<String, String> answers() throws IOException, InterruptedException {
    final Path headers = headers();
    final Path work = Files.createTempDirectory("blockcam-probe");
    try {
      final Path source = work.resolve("probe.c");
      final List<String> program = new ArrayList<>();
      program.add("#define _GNU_SOURCE");
      program.add("#include <stddef.h>");
      program.add("#include <stdio.h>");
      program.add("#include <string.h>");
      program.add("#include \"" + umbrellaHeader + "\"");
      program.add("int main(void) {");
      program.addAll(lines);
      program.add("  return 0;");
      program.add("}");
      Files.write(source, program);

      final List<String> command = new ArrayList<>(List.of(compiler(), "-w", "-O0"));
      command.add("-I" + Path.of("src", "jextract").toAbsolutePath());
      command.add("-I" + headers);
      final String multiarch = run(List.of(compiler(), "-print-multiarch")).strip();
      if (!multiarch.isEmpty() && Files.isDirectory(headers.resolve(multiarch).resolve("asm"))) {
        command.add("-I" + headers.resolve(multiarch));
      }
      final Path binary = work.resolve("probe");
      command.addAll(List.of("-o", binary.toString(), source.toString()));
      run(command);

      final Map<String, String> answers = new LinkedHashMap<>();
      run(List.of(binary.toString()))
          .lines()
          .forEach(
              line -> {
                final String[] parts = line.split("\t", 2);
                answers.put(parts[0], parts[1]);
              });
      return answers;
    } finally {
      try (var files = Files.list(work)) {
        for (final Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(work);
    }
  }

  /** The header directory to test against, or the test is skipped with the reason. */
  static Path headers() {
    final String named =
        Optional.ofNullable(System.getProperty("blockcam.uapi.headers"))
            .or(() -> Optional.ofNullable(System.getenv("BLOCKCAM_UAPI_HEADERS")))
            .orElseThrow(
                () ->
                    new TestAbortedException(
                        "BLOCKCAM_UAPI_HEADERS is not set: scripts/lib/uapi-headers prints a"
                            + " directory to set it to"));
    final Path headers = Path.of(named);
    if (!Files.isReadable(headers.resolve("linux/ublk_cmd.h"))) {
      throw new TestAbortedException(
          "BLOCKCAM_UAPI_HEADERS="
              + named
              + " has no linux/ublk_cmd.h: see scripts/lib/uapi-headers");
    }
    return headers;
  }

  private static String compiler() {
    final String compiler = Optional.ofNullable(System.getenv("CC")).orElse("gcc");
    for (final String directory : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(directory, compiler))) {
        return compiler;
      }
    }
    throw new TestAbortedException("no C compiler: install gcc, or name one in CC");
  }

  private static String run(final List<String> command) throws IOException, InterruptedException {
    final Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    final String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(command + " failed: " + output);
    }
    return output;
  }
}
