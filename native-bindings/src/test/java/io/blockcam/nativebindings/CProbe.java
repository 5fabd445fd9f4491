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
  CProbe(String umbrellaHeader) {
    this.umbrellaHeader = umbrellaHeader;
  }

  /** Asks for the value of an integer expression. */
  void ask(String key, String expression) {
    lines.add("  printf(\"%s\\t%lld\\n\", \"" + key + "\", (long long) (" + expression + "));");
  }

  /** Asks for the value of a macro that an older C library may lack; no answer then. */
  void askMacro(String macro) {
    lines.add("#ifdef " + macro);
    ask(macro, macro);
    lines.add("#endif");
  }

  /** Asks for a string. */
  void askText(String key, String expression) {
    lines.add("  printf(\"%s\\t%s\\n\", \"" + key + "\", " + expression + ");");
  }

  /** Compiles and runs the questions; the answers by key. */
  Map<String, String> answers() throws IOException, InterruptedException {
    Path headers = headers();
    Path work = Files.createTempDirectory("blockcam-probe");
    try {
      Path source = work.resolve("probe.c");
      List<String> program = new ArrayList<>();
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

      List<String> command = new ArrayList<>(List.of(compiler(), "-w", "-O0"));
      command.add("-I" + Path.of("src", "jextract").toAbsolutePath());
      command.add("-I" + headers);
      String multiarch = run(List.of(compiler(), "-print-multiarch")).strip();
      if (!multiarch.isEmpty() && Files.isDirectory(headers.resolve(multiarch).resolve("asm"))) {
        command.add("-I" + headers.resolve(multiarch));
      }
      Path binary = work.resolve("probe");
      command.addAll(List.of("-o", binary.toString(), source.toString()));
      run(command);

      Map<String, String> answers = new LinkedHashMap<>();
      run(List.of(binary.toString()))
          .lines()
          .forEach(
              line -> {
                String[] parts = line.split("\t", 2);
                answers.put(parts[0], parts[1]);
              });
      return answers;
    } finally {
      try (var files = Files.list(work)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(work);
    }
  }

  /** The header directory to test against, or the test is skipped with the reason. */
  static Path headers() {
    String named =
        Optional.ofNullable(System.getProperty("blockcam.uapi.headers"))
            .or(() -> Optional.ofNullable(System.getenv("BLOCKCAM_UAPI_HEADERS")))
            .orElseThrow(
                () ->
                    new TestAbortedException(
                        "BLOCKCAM_UAPI_HEADERS is not set: scripts/lib/uapi-headers prints a"
                            + " directory to set it to"));
    Path headers = Path.of(named);
    if (!Files.isReadable(headers.resolve("linux/ublk_cmd.h"))) {
      throw new TestAbortedException(
          "BLOCKCAM_UAPI_HEADERS="
              + named
              + " has no linux/ublk_cmd.h: see scripts/lib/uapi-headers");
    }
    return headers;
  }

  private static String compiler() {
    String compiler = Optional.ofNullable(System.getenv("CC")).orElse("gcc");
    for (String directory : System.getenv("PATH").split(":", -1)) {
      if (Files.isExecutable(Path.of(directory, compiler))) {
        return compiler;
      }
    }
    throw new TestAbortedException("no C compiler: install gcc, or name one in CC");
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(command + " failed: " + output);
    }
    return output;
  }
}
