package io.blockcam.store;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * What a store needs to know beside its URI. None of it is a secret: a key stands in a file.
 *
 * @param user HDFS user name where the URI names none
 * @param connectTimeout longest wait for a TCP connection
 * @param responseTimeout longest wait for the answer to a short request, and longest time a
 *     transfer may stand still
 * @param trustedCertificates a file of PEM certificates that TLS trusts instead of those of the
 *     Java runtime
 * @param identity a file with the PEM certificate and key that we show to servers that ask for one;
 *     nobody but its owner and group may read it
 */
public record StoreOptions(
    String user,
    Duration connectTimeout,
    Duration responseTimeout,
    Optional<Path> trustedCertificates,
    Optional<Path> identity) {

  /**
   * Returns what holds unless something else is asked for: 10 s to connect, 60 s to answer, the
   * user of {@code HADOOP_USER_NAME} or of the process.
   *
   * @param environment the environment of the process
   */
  public static StoreOptions defaults(final Map<String, String> environment) {
    final String user = environment.getOrDefault("HADOOP_USER_NAME", "");
    return new StoreOptions(
        user.isEmpty() ? System.getProperty("user.name") : user,
        Duration.ofSeconds(10),
        Duration.ofSeconds(60),
        Optional.empty(),
        Optional.empty());
  }

  /** Returns a copy with another user. */
  public StoreOptions withUser(final String name) {
    return new StoreOptions(name, connectTimeout, responseTimeout, trustedCertificates, identity);
  }

  /** Returns a copy with other time limits. */
  public StoreOptions withTimeouts(final Duration connect, final Duration response) {
    return new StoreOptions(user, connect, response, trustedCertificates, identity);
  }

  /** Returns a copy that trusts the certificates of a file only. */
  public StoreOptions withTrustedCertificates(final Path pemFile) {
    return new StoreOptions(user, connectTimeout, responseTimeout, Optional.of(pemFile), identity);
  }

  /** Returns a copy that shows the certificate of a file to servers that ask for one. */
  public StoreOptions withIdentity(final Path pemFile) {
    return new StoreOptions(
        user, connectTimeout, responseTimeout, trustedCertificates, Optional.of(pemFile));
  }
}
