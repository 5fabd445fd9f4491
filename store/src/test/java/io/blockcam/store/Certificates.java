package io.blockcam.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Certificates, made by keytool(1). */
public final class Certificates {

  /** Of every key store that is made here. */
  public static final String PASSWORD = "changeit";

  private Certificates() {}

  /**
   * Makes a key and a certificate that vouches for itself: {@code NAME.p12} with both, {@code
   * NAME.pem} with the latter.
   *
   * @param extension as {@code san=ip:127.0.0.1}
   * @param more options of {@code keytool -genkeypair}
   */
  public static void make(
      final Path directory, final String name, final String extension, final String... more)
      throws IOException, InterruptedException {
    final Path store = directory.resolve(name + ".p12");
    keytool(store, name, key(name, extension, more));
    keytool(
        store,
        name,
        List.of("-exportcert", "-rfc", "-file", directory.resolve(name + ".pem").toString()));
  }

  /**
   * Makes a key and a certificate for which another one of this directory vouches: {@code
   * NAME.p12}.
   *
   * @param ca made with the extension {@code bc:c}
   * @param extension as {@code san=ip:127.0.0.1}
   * @param more options of {@code keytool -genkeypair}
   */
  public static void makeSigned(
      final Path directory,
      final String ca,
      final String name,
      final String extension,
      final String... more)
      throws IOException, InterruptedException {
    final Path store = Files.copy(directory.resolve(ca + ".p12"), directory.resolve(name + ".p12"));
    final List<String> key = key(name, extension, more);
    Collections.addAll(key, "-signer", ca, "-signerkeypass", PASSWORD);
    keytool(store, name, key);
    keytool(store, ca, List.of("-delete"));
  }

  private static List<String> key(final String name, final String extension, final String... more) {
    final List<String> key = new ArrayList<>();
    Collections.addAll(key, "-genkeypair", "-keyalg", "EC", "-storetype", "PKCS12");
    Collections.addAll(key, "-dname", "CN=" + name, "-ext", extension, "-validity", "2");
    Collections.addAll(key, more);
    return key;
  }

  private static void keytool(final Path store, final String alias, final List<String> arguments)
      throws IOException, InterruptedException {
    final List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(arguments);
    Collections.addAll(
        command, "-keystore", store.toString(), "-storepass", PASSWORD, "-alias", alias);
    final Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    final String output;
    try (InputStream in = process.getInputStream()) {
      output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    final int status = process.waitFor();
    if (status != 0) {
      throw new IllegalStateException("%s: %d: %s".formatted(command, status, output));
    }
  }
}
