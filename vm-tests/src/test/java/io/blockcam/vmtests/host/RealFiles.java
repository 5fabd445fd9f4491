package io.blockcam.vmtests.host;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Files as they are on any machine: programs, libraries, texts of all sizes. */
public final class RealFiles {

  private static final List<Path> SOURCES =
      List.of(Path.of("/usr/share/doc"), Path.of("/usr/lib/x86_64-linux-gnu"), Path.of("/usr/lib"));
  private static final long LARGEST_BYTES = 8L << 20;

  private RealFiles() {}

  /**
   * Copies files of this machine into a directory until there are {@code bytes} or {@code count} of
   * them.
   *
   * @return name and SHA-256 of each
   */
  public static Map<String, String> copyTo(final Path dir, final long bytes, final int count) {
    final Map<String, String> sums = new TreeMap<>();
    try {
      long copied = 0;
      for (final Path source : SOURCES) {
        // A part from each: the many small ones and the few large ones.
        final long until = copied + (bytes - copied) / 2;
        final int countUntil = sums.size() + (count - sums.size()) / 2;
        for (final Path file : regularFiles(source, count * 2)) {
          if (copied >= until || sums.size() >= countUntil) {
            break;
          }
          final String name = "%04d-%s".formatted(sums.size(), file.getFileName());
          final MessageDigest digest = MessageDigest.getInstance("SHA-256");
          final Path target = dir.resolve(name.charAt(3) + "").resolve(name);
          Files.createDirectories(dir.resolve(name.charAt(3) + ""));
          try (var out = new DigestOutputStream(Files.newOutputStream(target), digest)) {
            copied += Files.copy(file, out);
          }
          sums.put(dir.relativize(target).toString(), HexFormat.of().formatHex(digest.digest()));
        }
      }
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    } catch (final NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
    return sums;
  }

  private static List<Path> regularFiles(final Path dir, final int most) throws IOException {
    final List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.find(dir, 4, (f, a) -> a.isRegularFile() && a.size() > 0)) {
      final var iterator = all.iterator();
      while (iterator.hasNext() && files.size() < most) {
        final Path file = iterator.next();
        if (Files.isReadable(file) && Files.size(file) <= LARGEST_BYTES) {
          files.add(file);
        }
      }
    }
    return files;
  }

  /** Name and SHA-256 of every file below a directory. */
  public static Map<String, String> sums(final Path dir) {
    final Map<String, String> sums = new TreeMap<>();
    try (Stream<Path> all = Files.walk(dir)) {
      for (final Path file :
          all.filter(f -> Files.isRegularFile(f, LinkOption.NOFOLLOW_LINKS)).toList()) {
        sums.put(dir.relativize(file).toString(), sha256(file));
      }
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
    return sums;
  }

  /** SHA-256 of a file, in hexadecimal. */
  public static String sha256(final Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      final MessageDigest digest = MessageDigest.getInstance("SHA-256");
      in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), digest));
      return HexFormat.of().formatHex(digest.digest());
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    } catch (final NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
