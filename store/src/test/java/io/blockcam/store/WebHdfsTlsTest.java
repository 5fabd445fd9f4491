package io.blockcam.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.util.Base64;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.TrustManagerFactorySpi;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code swebhdfs://}: who is trusted, and that data never leave TLS. */
final class WebHdfsTlsTest {
  @TempDir private static Path dir;
  private HttpsServer server;
  private volatile String location = "";

  @BeforeAll
  static void makeCertificates() throws Exception {
    Certificates.make(dir, "right", "san=ip:127.0.0.1");
    Certificates.make(dir, "other-host", "san=dns:elsewhere.example");
    Certificates.make(dir, "client", "san=dns:client.example");
  }

  @BeforeEach
  void start() throws Exception {
    server = start("right");
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @Test
  void transfersOverTls() throws IOException {
    location = "https://127.0.0.1:" + server.getAddress().getPort() + "/webhdfs/v1/data";
    try (ObjectStore store = open(server, "right")) {
      store.create("x", ObjectSource.of("x", new byte[3_000_000]));
    }
  }

  @Test
  void refusesACertificateNobodyVouchesFor() throws IOException {
    try (ObjectStore store = Stores.open(uri(server), StoreOptions.defaults(Map.of()))) {
      assertThatExceptionOfType(StoreRefusedException.class)
          .isThrownBy(() -> store.mkdirs("x"))
          .withMessageContaining("certificate of 127.0.0.1:");
    }
  }

  @Test
  void refusesTheCertificateOfAnotherHost() throws Exception {
    final HttpsServer impostor = start("other-host");
    try (ObjectStore store = open(impostor, "other-host")) {
      assertThatExceptionOfType(StoreRefusedException.class)
          .isThrownBy(() -> store.mkdirs("x"))
          .withMessageContaining("certificate");
    } finally {
      impostor.stop(0);
    }
  }

  @Test
  void refusesToSendDataWithoutTls() throws IOException {
    location = "http://127.0.0.1:1/webhdfs/v1/data";
    try (ObjectStore store = open(server, "right")) {
      assertThatThrownBy(() -> store.create("x", ObjectSource.of("x", new byte[10])))
          .isExactlyInstanceOf(StoreException.class)
          .hasMessageContaining("refused");
    }
  }

  @Test
  void refusesAFileWithoutCertificates() throws IOException {
    final Path empty = Files.writeString(dir.resolve("empty.pem"), "");

    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(
            () ->
                Stores.open(
                    uri(server), StoreOptions.defaults(Map.of()).withTrustedCertificates(empty)))
        .withMessageContaining("empty.pem");
  }

  // --- who we say that we are ---

  @Test
  void showsItsCertificateToAServerThatAsks() throws Exception {
    final HttpsServer asking = start("right", "client");
    try {
      location = "https://127.0.0.1:" + asking.getAddress().getPort() + "/webhdfs/v1/data";
      try (ObjectStore store = open(asking, identity("client", "rw-r-----"))) {
        store.create("x", ObjectSource.of("x", new byte[100]));
      }
      try (ObjectStore store = open(asking, "right")) {
        assertThatExceptionOfType(StoreException.class).isThrownBy(() -> store.mkdirs("x"));
      }
    } finally {
      asking.stop(0);
    }
  }

  @Test
  void refusesAKeyThatAnybodyMayRead() throws Exception {
    refuses(
        identity("client", "rw-r--r--"), "its mode is rw-r--r--: anybody may read it; chmod o=");
  }

  @Test
  void saysWhatIsWrongWithAnIdentity() throws Exception {
    final Path file = identity("client", "rw-------");
    final String pem = Files.readString(file);
    Files.writeString(file, pem.replace("PRIVATE KEY", "RSA PRIVATE KEY"));
    refuses(file, "its key is a 'RSA PRIVATE KEY'; `openssl pkcs8 -topk8 -nocrypt` makes");
    Files.writeString(file, pem.substring(pem.indexOf("-----BEGIN CERT")));
    refuses(file, "no PEM private key in it");
    Files.writeString(file, pem.substring(0, pem.indexOf("-----BEGIN CERT")));
    refuses(file, "no PEM certificate in it");
    Files.writeString(file, pem.replaceAll("(?m)^M", "!!!!"));
    refuses(file, file.toString());
    Files.delete(file);
    refuses(file, file.toString());
  }

  private void refuses(final Path identity, final String words) {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> open(server, identity))
        .withMessageStartingWith("cannot use the certificate and key in ")
        .withMessageContaining(words);
  }

  private ObjectStore open(final HttpsServer at, final Path identity) throws IOException {
    return Stores.open(
        uri(at),
        StoreOptions.defaults(Map.of())
            .withTrustedCertificates(dir.resolve("right.pem"))
            .withIdentity(identity));
  }

  /** Certificate and key of one of the key stores, in a file of that mode. */
  private static Path identity(final String name, final String mode) throws Exception {
    final String key =
        Base64.getMimeEncoder()
            .encodeToString(
                keys(name).getKey(name, Certificates.PASSWORD.toCharArray()).getEncoded());
    final Path file = dir.resolve(name + "-identity.pem");
    Files.writeString(
        file,
        "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n%s"
            .formatted(key, Files.readString(dir.resolve(name + ".pem"))));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    return file;
  }

  private static KeyStore keys(final String name) throws Exception {
    final KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(dir.resolve(name + ".p12"))) {
      keys.load(in, Certificates.PASSWORD.toCharArray());
    }
    return keys;
  }

  @Test
  void doesNotReadCertificatesForAPlainArchive() throws IOException {
    final Provider counting = new CountingTrust();
    Security.insertProviderAt(counting, 1);
    try {
      Stores.open("webhdfs://127.0.0.1:1/archive").close();
      assertThat(CountingTrust.USES).as("for plain HTTP").hasValue(0);
      Stores.open("swebhdfs://127.0.0.1:1/archive").close();
      assertThat(CountingTrust.USES).as("for TLS").hasPositiveValue();
    } finally {
      Security.removeProvider(counting.getName());
    }
  }

  /** Stands before the trust managers of the Java runtime and counts who asks for one. */
  public static final class CountingTrust extends Provider {
    private static final long serialVersionUID = 1L;
    private static final AtomicInteger USES = new AtomicInteger();

    CountingTrust() {
      super("counting", "1", "counts");
      put("TrustManagerFactory.PKIX", Factory.class.getName());
    }

    /** Called by the Java runtime. */
    public static final class Factory extends TrustManagerFactorySpi {
      @Override
      protected void engineInit(@Nullable final KeyStore keys) {
        USES.incrementAndGet();
      }

      @Override
      protected void engineInit(final ManagerFactoryParameters parameters) {
        USES.incrementAndGet();
      }

      @Override
      protected TrustManager[] engineGetTrustManagers() {
        return new TrustManager[0];
      }
    }
  }

  private ObjectStore open(final HttpsServer at, final String trusted) throws IOException {
    return Stores.open(
        uri(at),
        StoreOptions.defaults(Map.of()).withTrustedCertificates(dir.resolve(trusted + ".pem")));
  }

  private static StoreUri uri(final HttpsServer at) {
    return StoreUri.parse("swebhdfs://127.0.0.1:" + at.getAddress().getPort() + "/archive");
  }

  private HttpsServer start(final String certificate) throws Exception {
    return start(certificate, null);
  }

  /**
   * @param clients whose certificate it asks for, null when it asks nobody
   */
  private HttpsServer start(final String certificate, final @Nullable String clients)
      throws Exception {
    final KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys(certificate), Certificates.PASSWORD.toCharArray());
    final TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    final KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    if (clients != null) {
      trusted.setCertificateEntry(clients, keys(clients).getCertificate(clients));
    }
    trust.init(trusted);
    final SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), trust.getTrustManagers(), null);
    final HttpsServer started =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    started.setHttpsConfigurator(
        new HttpsConfigurator(context) {
          @Override
          public void configure(final HttpsParameters parameters) {
            final SSLParameters tls = context.getDefaultSSLParameters();
            tls.setNeedClientAuth(clients != null);
            parameters.setSSLParameters(tls);
          }
        });
    started.createContext(
        "/webhdfs/v1/archive",
        exchange -> {
          final byte[] body =
              ("{\"Location\":\"" + location + "\"}").getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    started.createContext(
        "/webhdfs/v1/data",
        exchange -> {
          exchange.getRequestBody().readAllBytes();
          exchange.sendResponseHeaders(201, -1);
          exchange.close();
        });
    started.start();
    return started;
  }
}
