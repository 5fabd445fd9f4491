package io.blockcam.store;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/** Whom TLS trusts, and who we say that we are, from PEM files (RFC 7468). */
final class TlsContext {
  private static final long MOST_BYTES = 1 << 20;
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----");
  private static final Set<PosixFilePermission> OTHERS =
      Set.of(PosixFilePermission.OTHERS_READ, PosixFilePermission.OTHERS_WRITE);

  private TlsContext() {}

  /**
   * @return empty when the Java runtime's own will do
   * @throws StoreException when a file can not be used: one line
   */
  static Optional<SSLContext> of(final StoreOptions options) throws StoreException {
    if (options.trustedCertificates().isEmpty() && options.identity().isEmpty()) {
      return Optional.empty();
    }
    final @Nullable Path trusted = options.trustedCertificates().orElse(null);
    final @Nullable Path identity = options.identity().orElse(null);
    try {
      final SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          identity == null ? null : identityOf(identity),
          trusted == null ? null : trustIn(trusted),
          null);
      return Optional.of(context);
    } catch (final GeneralSecurityException e) {
      throw new StoreException("cannot set up TLS: " + Failures.reason(e), e);
    }
  }

  private static TrustManager[] trustIn(final Path pemFile) throws StoreException {
    try {
      final KeyStore trusted = emptyKeyStore();
      int number = 0;
      for (final Certificate certificate : certificates(blocks(pemFile))) {
        trusted.setCertificateEntry("trusted-" + number++, certificate);
      }
      final TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      return trust.getTrustManagers();
    } catch (final IOException | GeneralSecurityException e) {
      throw new StoreException(
          "cannot use the certificates in " + pemFile + ": " + Failures.reason(e), e);
    }
  }

  private static KeyManager[] identityOf(final Path pemFile) throws StoreException {
    try {
      final Set<PosixFilePermission> mode = Files.getPosixFilePermissions(pemFile);
      if (mode.stream().anyMatch(OTHERS::contains)) {
        throw new GeneralSecurityException(
            "it holds a key, and its mode is %s: anybody may read it; chmod o= %s"
                .formatted(PosixFilePermissions.toString(mode), pemFile));
      }
      final List<PemBlock> blocks = blocks(pemFile);
      final List<Certificate> chain = certificates(blocks);
      final KeyStore identity = emptyKeyStore();
      identity.setKeyEntry(
          "identity",
          privateKey(blocks, chain.get(0).getPublicKey().getAlgorithm()),
          new char[0],
          chain.toArray(Certificate[]::new));
      final KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(identity, new char[0]);
      return keys.getKeyManagers();
    } catch (final IOException | GeneralSecurityException e) {
      throw new StoreException(
          "cannot use the certificate and key in " + pemFile + ": " + Failures.reason(e), e);
    }
  }

  private static KeyStore emptyKeyStore() throws IOException, GeneralSecurityException {
    final KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  /** What stands between two lines of dashes. */
  private record PemBlock(String label, byte[] content) {}

  private static List<PemBlock> blocks(final Path file)
      throws IOException, GeneralSecurityException {
    if (Files.size(file) > MOST_BYTES) {
      throw new GeneralSecurityException("it is longer than any PEM file");
    }
    final List<PemBlock> blocks = new ArrayList<>();
    final Matcher block = BLOCK.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
    while (block.find()) {
      try {
        blocks.add(new PemBlock(block.group(1), Base64.getMimeDecoder().decode(block.group(2))));
      } catch (final IllegalArgumentException e) {
        throw new GeneralSecurityException("what it holds is no PEM", e);
      }
    }
    return blocks;
  }

  private static List<Certificate> certificates(final List<PemBlock> blocks)
      throws IOException, GeneralSecurityException {
    final CertificateFactory factory = CertificateFactory.getInstance("X.509");
    final List<Certificate> certificates = new ArrayList<>();
    for (final PemBlock block : blocks) {
      if (block.label().equals("CERTIFICATE")) {
        try (InputStream in = new ByteArrayInputStream(block.content())) {
          certificates.add(factory.generateCertificate(in));
        }
      }
    }
    if (certificates.isEmpty()) {
      throw new GeneralSecurityException("no PEM certificate in it");
    }
    return certificates;
  }

  private static PrivateKey privateKey(final List<PemBlock> blocks, final String algorithm)
      throws GeneralSecurityException {
    for (final PemBlock block : blocks) {
      if (block.label().equals("PRIVATE KEY")) {
        return KeyFactory.getInstance(algorithm)
            .generatePrivate(new PKCS8EncodedKeySpec(block.content()));
      }
      if (block.label().endsWith("PRIVATE KEY")) {
        throw new GeneralSecurityException(
            "its key is a '%s'; `openssl pkcs8 -topk8 -nocrypt` makes the 'PRIVATE KEY' that is wanted"
                .formatted(block.label()));
      }
    }
    throw new GeneralSecurityException("no PEM private key in it");
  }
}
