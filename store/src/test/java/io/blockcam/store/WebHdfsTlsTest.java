package io.blockcam.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactorySpi;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code swebhdfs://}: who is trusted, and that data never leave TLS. */
final class WebHdfsTlsTest {
  private static final String PASSWORD = "changeit";

  @TempDir private static Path dir;
  private HttpsServer server;
  private volatile String location = "";

  @BeforeAll
  static void makeCertificates() throws Exception {
    makeCertificate("right", "ip:127.0.0.1");
    makeCertificate("other-host", "dns:elsewhere.example");
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
    final KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(dir.resolve(certificate + ".p12"))) {
      keys.load(in, PASSWORD.toCharArray());
    }
    final KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    final SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    final HttpsServer started =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    started.setHttpsConfigurator(new HttpsConfigurator(context));
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

  private static void makeCertificate(final String name, final String subjectAlternative)
      throws Exception {
    final Path store = dir.resolve(name + ".p12");
    keytool(
        List.of(
            "-genkeypair",
            "-keystore",
            store.toString(),
            "-storetype",
            "PKCS12",
            "-storepass",
            PASSWORD,
            "-alias",
            name,
            "-keyalg",
            "EC",
            "-dname",
            "CN=" + name,
            "-ext",
            "san=" + subjectAlternative,
            "-validity",
            "2"));
    keytool(
        List.of(
            "-exportcert",
            "-rfc",
            "-keystore",
            store.toString(),
            "-storepass",
            PASSWORD,
            "-alias",
            name,
            "-file",
            dir.resolve(name + ".pem").toString()));
  }

  private static void keytool(final List<String> arguments) throws Exception {
    final ProcessBuilder builder =
        new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    builder.command().addAll(arguments);
    final Process process = builder.redirectErrorStream(true).start();
    final String output;
    try (InputStream in = process.getInputStream()) {
      output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    assertThat(process.waitFor()).as(output).isZero();
  }
}
