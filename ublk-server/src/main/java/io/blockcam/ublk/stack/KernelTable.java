package io.blockcam.ublk.stack;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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

  /** The first line, a char for each byte; empty when there is no such table, or nothing in it. */
  public static String firstLine(final Path table) throws IOException {
    try {
      return lines(table).stream().findFirst().orElse("");
    } catch (final NoSuchFileException e) {
      return "";
    }
  }

  /** What is in a directory of them; nothing when there is no such directory. */
  public static List<Path> entries(final Path directory) throws IOException {
    final List<Path> entries = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      files.forEach(entries::add);
      return entries;
    } catch (final NoSuchFileException e) {
      return List.of();
    } catch (final DirectoryIteratorException e) {
      throw e.getCause();
    }
  }

  /**
   * What a process has open, as proc(5) names it; nothing of a process that is gone.
   *
   * @param process its directory in proc
   * @throws IOException when that is not for this process to know
   */
  public static Set<String> openFiles(final Path process) throws IOException {
    final Set<String> files = new HashSet<>();
    for (final Path fd : entries(process.resolve("fd"))) {
      try {
        files.add(Files.readSymbolicLink(fd).toString());
      } catch (final NoSuchFileException e) {
        continue; // closed meanwhile
      }
    }
    return files;
  }

  /**
   * The name of the file that a loop device is on, a char for each byte; empty when the device is
   * none, or on none.
   *
   * @param device its directory in sysfs
   */
  public static Optional<String> loopFile(final Path device) throws IOException {
    return Optional.of(firstLine(device.resolve("loop/backing_file")))
        .filter(file -> !file.isEmpty());
  }

  /**
   * The disk of a partition, and every other device itself.
   *
   * @param device its directory in sysfs, without links
   */
  public static Path disk(final Path device) {
    return Files.exists(device.resolve("partition"))
        ? device.resolveSibling("").normalize()
        : device;
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
