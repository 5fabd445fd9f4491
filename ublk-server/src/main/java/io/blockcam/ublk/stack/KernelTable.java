package io.blockcam.ublk.stack;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Files of /proc and /sys. The names in them are bytes and need not be text in any encoding, so
 * they are read as ISO 8859-1: one char for each byte, and nothing is malformed.
 */
public final class KernelTable {

  /** What the JVM takes for the encoding of names of files: that of LC_CTYPE. */
  private static final Charset NAMES =
      Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  private static final Pattern OCTAL = Pattern.compile("\\\\([0-3][0-7]{2})");

  private KernelTable() {}

  /** The lines, a char for each byte. */
  public static List<String> lines(final Path table) throws IOException {
    return Files.readAllLines(table, StandardCharsets.ISO_8859_1);
  }

  /** A field without what stands for blanks and the like (mangle_path, fs/seq_file.c). */
  public static String unescaped(final String field) {
    return OCTAL
        .matcher(field)
        .replaceAll(
            match ->
                Matcher.quoteReplacement(
                    String.valueOf((char) Integer.parseInt(match.group(1), 8))));
  }

  /** A name for a person: as text if it is any, else with its bytes in octal, as ls(1) has them. */
  public static String printable(final String name) {
    return path(name)
        .map(Path::toString)
        .orElseGet(
            () ->
                name.chars()
                    .mapToObj(c -> c < 0x80 ? String.valueOf((char) c) : "\\%03o".formatted(c))
                    .collect(Collectors.joining()));
  }

  /**
   * A name as the JVM can use it.
   *
   * @param name a char for each byte
   * @return empty when it is none in the encoding of this process
   */
  public static Optional<Path> path(final String name) {
    final byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
    final String text = new String(bytes, NAMES);
    if (!Arrays.equals(text.getBytes(NAMES), bytes)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Path.of(text));
    } catch (final InvalidPathException e) {
      return Optional.empty();
    }
  }
}
