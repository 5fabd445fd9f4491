package io.blockcam.store;

import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.apache.hc.client5.http.DnsResolver;
import org.apache.hc.client5.http.SchemePortResolver;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.io.HttpClientConnectionOperator;
import org.apache.hc.client5.http.ssl.ClientTlsStrategyBuilder;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.config.RegistryBuilder;
import org.apache.hc.core5.http.impl.DefaultConnectionReuseStrategy;
import org.apache.hc.core5.http.impl.io.HttpRequestExecutor;
import org.apache.hc.core5.http.io.SocketConfig;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * Sets an HTTP client up for WebHDFS: it follows no redirect, retries nothing, keeps no cookie and
 * asks no proxy, since each of these hides from us what happened to a request.
 */
final class HttpTransport {
  private static final int MAX_CONNECTIONS = 64;

  /** For a server that knows nothing of 100 Continue; a DataNode sends it when the file is made. */
  private static final Duration CONTINUE_WAIT = Duration.ofSeconds(10);

  /** Longest header line accepted; a Location with a delegation token is about 1 KiB. */
  private static final int MAX_LINE_BYTES = 32 << 10;

  private HttpTransport() {}

  /**
   * @param tls whether HTTPS is spoken; if not, nothing of TLS is set up, since reading the
   *     certificates of the Java runtime takes longer than a short command
   */
  static CloseableHttpClient create(final StoreOptions options, final boolean tls)
      throws StoreException {
    final Timeout connect = Timeout.of(options.connectTimeout());
    final Timeout response = Timeout.of(options.responseTimeout());
    final Http1Config http1 =
        Http1Config.custom()
            .setMaxLineLength(MAX_LINE_BYTES)
            .setMaxHeaderCount(200)
            .setWaitForContinueTimeout(
                Timeout.of(
                    options.responseTimeout().compareTo(CONTINUE_WAIT) < 0
                        ? options.responseTimeout()
                        : CONTINUE_WAIT))
            .build();
    final var connections =
        new InterruptibleConnections()
            .setTlsSocketStrategy(tls ? tls(options) : HttpTransport::refuseTls)
            .setDefaultTlsConfig(TlsConfig.custom().setHandshakeTimeout(response).build())
            .setMaxConnTotal(MAX_CONNECTIONS)
            .setMaxConnPerRoute(MAX_CONNECTIONS / 2)
            .setDefaultSocketConfig(
                SocketConfig.custom().setTcpNoDelay(true).setSoTimeout(response).build())
            .setDefaultConnectionConfig(
                ConnectionConfig.custom()
                    .setConnectTimeout(connect)
                    .setSocketTimeout(response)
                    .setValidateAfterInactivity(TimeValue.ofSeconds(1))
                    .build())
            .setConnectionFactory(
                ManagedHttpClientConnectionFactory.builder().http1Config(http1).build())
            .build();
    return HttpClientBuilder.create()
        .setConnectionManager(connections)
        .setRequestExecutor(
            new HttpRequestExecutor(http1, DefaultConnectionReuseStrategy.INSTANCE, null))
        .setDefaultRequestConfig(
            RequestConfig.custom()
                .setConnectionRequestTimeout(response)
                .setResponseTimeout(response)
                .setProtocolUpgradeEnabled(false)
                .build())
        .setUserAgent("blockcam")
        .disableRedirectHandling()
        .disableAutomaticRetries()
        .disableCookieManagement()
        .disableAuthCaching()
        .disableContentCompression()
        .build();
  }

  /** A {@link TlsSocketStrategy}: a client that was made for plain HTTP is asked for HTTPS. */
  private static SSLSocket refuseTls(
      final Socket socket,
      final String target,
      final int port,
      @Nullable final Object attachment,
      final HttpContext context)
      throws SSLException {
    throw new SSLException(
        "no TLS with " + target + ":" + port + ": the archive is plain webhdfs://");
  }

  private static TlsSocketStrategy tls(final StoreOptions options) throws StoreException {
    final ClientTlsStrategyBuilder builder = ClientTlsStrategyBuilder.create();
    TlsContext.of(options).ifPresent(builder::setSslContext);
    return builder.buildClassic();
  }

  /**
   * Connections on socket channels: unlike a plain socket, a channel is closed when the thread that
   * blocks on it is interrupted, so that a thread inside a transfer can be stopped at once.
   */
  private static final class InterruptibleConnections
      extends PoolingHttpClientConnectionManagerBuilder {
    @Override
    protected HttpClientConnectionOperator createConnectionOperator(
        final SchemePortResolver schemePortResolver,
        final DnsResolver dnsResolver,
        final TlsSocketStrategy tlsSocketStrategy) {
      return new DefaultHttpClientConnectionOperator(
          proxy -> SocketChannel.open().socket(),
          schemePortResolver,
          dnsResolver,
          RegistryBuilder.<TlsSocketStrategy>create().register("https", tlsSocketStrategy).build());
    }
  }
}
