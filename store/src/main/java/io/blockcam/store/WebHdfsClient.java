package io.blockcam.store;

import com.fasterxml.jackson.databind.JsonNode;
import io.blockcam.store.StoreUri.HostPort;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.NoHttpResponseException;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Speaks HTTP with NameNodes and DataNodes.
 *
 * <p>A transfer has two steps (WebHDFS REST API, "Create and Write to a File"): the NameNode names
 * a DataNode, by status 307 or, when asked with {@code noredirect}, in JSON; the data go there. The
 * second step is taken by hand, so that nothing is sent to a host nobody meant, and with the scheme
 * that the archive URI asked for.
 *
 * <p>Of a request only method, operation, host and path are ever logged: a Location may hold a
 * delegation token.
 */
final class WebHdfsClient implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(WebHdfsClient.class);
  private static final String PREFIX = "/webhdfs/v1";

  /** A page of a listing has 1000 names of at most 255 characters each. */
  private static final int MAX_REPLY_BYTES = 8 << 20;

  /** DataNodes tried within one transfer as long as none could be connected to. */
  private static final int MAX_DATA_NODES = 3;

  private final StoreUri.WebHdfs uri;
  private final String user;
  private final CloseableHttpClient http;
  private final Watchdog watchdog;
  private final Duration limit;
  private final RequestConfig uploadConfig;

  /** Index of the NameNode that answered last. */
  private final AtomicInteger active = new AtomicInteger();

  private volatile boolean closed;

  WebHdfsClient(final StoreUri.WebHdfs uri, final StoreOptions options) throws StoreException {
    this.uri = uri;
    this.user = uri.user().orElse(options.user());
    this.http = HttpTransport.create(options, uri.tls());
    this.watchdog = new Watchdog("store-watchdog");
    this.limit = options.connectTimeout().plus(options.responseTimeout());
    this.uploadConfig =
        RequestConfig.custom()
            .setConnectionRequestTimeout(Timeout.of(options.responseTimeout()))
            .setResponseTimeout(Timeout.of(options.responseTimeout()))
            .setProtocolUpgradeEnabled(false)
            // The first step of CREATE checks nothing. A DataNode sends 100 Continue once the file
            // is made: waiting for it keeps 128 MiB from being sent to somebody who says no.
            .setExpectContinueEnabled(true)
            .build();
  }

  /**
   * Asks a NameNode, the active one first.
   *
   * @param what begins messages: "cannot ..."
   * @param method of HTTP
   * @param op of WebHDFS
   * @param path absolute, not encoded
   * @param parameters names and values by turns
   * @return the answer, whatever it says
   */
  WebHdfsReply ask(
      final String what,
      final String method,
      final String op,
      final String path,
      final String... parameters)
      throws StoreException {
    final List<HostPort> nameNodes = uri.nameNodes();
    final int first = active.get();
    for (int i = 0; ; i++) {
      final int index = (first + i) % nameNodes.size();
      final boolean last = i == nameNodes.size() - 1;
      try {
        final URI target = nameNodeUri(nameNodes.get(index), op, path, parameters);
        final WebHdfsReply reply =
            method.equals("GET") ? get(what, target) : change(what, method, target);
        final boolean standby =
            reply.failedWith("StandbyException", "ObserverRetryOnActiveException");
        if (last || !standby) {
          if (!standby) {
            active.set(index);
          }
          return reply;
        }
        LOG.debug("{} is a standby NameNode", nameNodes.get(index));
      } catch (final StoreUnavailableException e) {
        // Whether the request has arrived is unknown unless there was no connection: only then may
        // it be sent again, to another one.
        if (last || !isNotConnected(e)) {
          active.set((index + 1) % nameNodes.size());
          throw e;
        }
        LOG.debug("next NameNode after: {}", e.getMessage());
      }
    }
  }

  /**
   * Sends the body of an object to a DataNode.
   *
   * @param what begins messages
   * @param op of WebHDFS
   * @param path absolute, not encoded
   * @param body sent once
   * @param parameters names and values by turns
   * @return the answer of the DataNode, or that of the NameNode when it names none
   */
  WebHdfsReply upload(
      final String what,
      final String op,
      final String path,
      final UploadEntity body,
      final String... parameters)
      throws StoreException {
    return transfer(
        new Question(what, "PUT", op, path, parameters),
        location -> {
          final HttpUriRequestBase request = new HttpUriRequestBase("PUT", location);
          request.setConfig(uploadConfig);
          // A body may end early: nothing else can follow on this connection.
          request.setHeader("Connection", "close");
          request.setEntity(body);
          return exchange(what, request, body);
        },
        refused -> refused);
  }

  /** Asks something that a DataNode answers in JSON. */
  WebHdfsReply askDataNode(
      final String what, final String op, final String path, final String... parameters)
      throws StoreException {
    return transfer(
        new Question(what, "GET", op, path, parameters),
        location -> get(what, location),
        refused -> refused);
  }

  /**
   * Opens data that a DataNode sends.
   *
   * @return the body, owned by the caller, of unknown length
   * @throws StoreException also when the answer is not a success
   */
  InputStream download(
      final String what, final String op, final String path, final String... parameters)
      throws StoreException {
    return transfer(
        new Question(what, "GET", op, path, parameters),
        location -> openBody(what, new HttpUriRequestBase("GET", location)),
        refused -> {
          throw refused.failure(what);
        });
  }

  /** Ends what is under way and frees connections. */
  @Override
  public void close() {
    closed = true;
    http.close(CloseMode.IMMEDIATE);
    watchdog.close();
  }

  /** The second step of a transfer. */
  @FunctionalInterface
  private interface SecondStep<T> {
    T at(URI location) throws StoreException;
  }

  /** What to make of a NameNode that names no DataNode. */
  @FunctionalInterface
  private interface Refusal<T> {
    T of(WebHdfsReply reply) throws StoreException;
  }

  /**
   * What a NameNode is asked.
   *
   * @param what begins messages
   * @param method of HTTP
   * @param op of WebHDFS
   * @param path absolute, not encoded
   * @param parameters names and values by turns
   */
  private record Question(
      String what, String method, String op, String path, List<String> parameters) {

    Question(
        final String what,
        final String method,
        final String op,
        final String path,
        final String... parameters) {
      this(what, method, op, path, List.of(parameters));
    }
  }

  private <T> T transfer(
      final Question question, final SecondStep<T> second, final Refusal<T> refusal)
      throws StoreException {
    final List<String> excluded = new ArrayList<>();
    while (true) {
      final List<String> all = new ArrayList<>(question.parameters());
      all.addAll(List.of("noredirect", "true"));
      if (!excluded.isEmpty()) {
        // A DataNode that died stays on the NameNode's list for ten minutes.
        all.addAll(List.of("excludedatanodes", String.join(",", excluded)));
      }
      final WebHdfsReply first =
          ask(
              question.what(),
              question.method(),
              question.op(),
              question.path(),
              all.toArray(String[]::new));
      final Optional<URI> location = location(question.what(), question.op(), first);
      if (location.isEmpty()) {
        return refusal.of(first);
      }
      try {
        return second.at(location.get());
      } catch (final StoreUnavailableException e) {
        excluded.add(location.get().getRawAuthority());
        if (excluded.size() == MAX_DATA_NODES || !isNotConnected(e)) {
          throw e;
        }
        LOG.debug("next DataNode after: {}", e.getMessage());
      }
    }
  }

  /** Returns where the second step goes; empty when the first one failed or was all there is. */
  private Optional<URI> location(final String what, final String op, final WebHdfsReply reply)
      throws StoreException {
    final String text;
    if (reply.status() == 307) {
      text = reply.location().orElse("");
    } else if (!reply.succeeded() && reply.status() / 100 != 3) {
      return Optional.empty();
    } else {
      final JsonNode location = reply.json(what).path("Location");
      if (location.isMissingNode() && op.equals("GETFILECHECKSUM")) {
        // HttpFS answers it itself.
        return Optional.empty();
      }
      text = location.asText("");
    }
    try {
      final URI target = new URI(PercentEncoding.complete(text));
      final String scheme = uri.tls() ? "https" : "http";
      final String path = target.getRawPath();
      if (scheme.equalsIgnoreCase(target.getScheme())
          && target.getHost() != null
          && target.getRawUserInfo() == null
          && path != null
          && path.startsWith(PREFIX + "/")) {
        return Optional.of(target);
      }
      throw new StoreException(
          String.format(
              "%s: %s sends the data to '%s://%s', which is not %s://host:port%s: refused",
              what,
              reply.from(),
              target.getScheme(),
              target.getHost() == null ? "" : target.getHost(),
              scheme,
              PREFIX));
    } catch (final URISyntaxException e) {
      // Without the cause: its message holds the whole URI.
      throw new StoreException(what + ": " + reply.from() + " names no usable place for the data");
    }
  }

  private URI nameNodeUri(
      final HostPort nameNode, final String op, final String path, final String... parameters) {
    final StringBuilder text = new StringBuilder(uri.tls() ? "https://" : "http://");
    text.append(nameNode).append(PREFIX).append(PercentEncoding.encode(path));
    text.append("?op=").append(op).append("&user.name=").append(PercentEncoding.encode(user));
    for (int i = 0; i < parameters.length; i += 2) {
      text.append('&').append(parameters[i]).append('=');
      text.append(PercentEncoding.encode(parameters[i + 1]));
    }
    return URI.create(text.toString());
  }

  /** Asks what may be asked twice. */
  private WebHdfsReply get(final String what, final URI target) throws StoreException {
    try {
      return exchange(what, new HttpUriRequestBase("GET", target), null);
    } catch (final StoreUnavailableException e) {
      if (!(e.getCause() instanceof NoHttpResponseException)) {
        throw e;
      }
      // The server closed a connection it had kept, at the moment we used it again.
      return exchange(what, new HttpUriRequestBase("GET", target), null);
    }
  }

  private WebHdfsReply change(final String what, final String method, final URI target)
      throws StoreException {
    return exchange(what, new HttpUriRequestBase(method, target), null);
  }

  private WebHdfsReply exchange(
      final String what, final HttpUriRequestBase request, @Nullable final UploadEntity upload)
      throws StoreException {
    final String peer = prepare(what, request);
    try (Watchdog.Watch watch = watchdog.watch(limit, request::cancel)) {
      if (upload != null) {
        upload.watchedBy(watch);
      }
      try {
        return http.execute(
            HttpHost.create(request.getUri()), request, response -> read(peer, response));
      } catch (final IOException | URISyntaxException | RuntimeException e) {
        throw failure(what, peer, e, watch.stalled());
      }
    }
  }

  private InputStream openBody(final String what, final HttpUriRequestBase request)
      throws StoreException {
    final String peer = prepare(what, request);
    final Watchdog.Watch watch = watchdog.watch(limit, request::cancel);
    ClassicHttpResponse response = null;
    try {
      response = http.executeOpen(HttpHost.create(request.getUri()), request, null);
      final HttpEntity entity = response.getEntity();
      if (response.getCode() != 200 || entity == null) {
        throw read(peer, response).failure(what);
      }
      final Body body = new Body(what, peer, request, response, entity.getContent());
      response = null;
      return body;
    } catch (final IOException | URISyntaxException | RuntimeException e) {
      throw failure(what, peer, e, watch.stalled());
    } finally {
      watch.close();
      if (response != null) {
        request.cancel();
        closeQuietly(response);
      }
    }
  }

  private String prepare(final String what, final HttpUriRequestBase request)
      throws StoreException {
    if (closed) {
      throw new StoreUnavailableException(what + ": the store is closed");
    }
    // The CSRF filter of Hadoop (dfs.webhdfs.rest-csrf.enabled) wants the header, not a value.
    request.setHeader("X-XSRF-HEADER", "");
    try {
      final URI target = request.getUri();
      final String peer = target.getRawAuthority();
      LOG.debug("{} {} {}", request.getMethod(), peer, target.getRawPath());
      return peer;
    } catch (final URISyntaxException e) {
      throw new StoreException(what + ": unusable address");
    }
  }

  private static WebHdfsReply read(final String peer, final ClassicHttpResponse response)
      throws IOException {
    final Header location = response.getFirstHeader("Location");
    final HttpEntity entity = response.getEntity();
    byte[] body = {};
    String type = "";
    if (entity != null) {
      if (entity.getContentType() != null) {
        type = entity.getContentType();
      }
      final InputStream in = entity.getContent();
      if (in != null) {
        body = in.readNBytes(MAX_REPLY_BYTES + 1);
      }
      if (body.length > MAX_REPLY_BYTES) {
        throw new StoreException(
            peer + " sent an answer of more than " + MAX_REPLY_BYTES + " bytes");
      }
    }
    return new WebHdfsReply(
        peer,
        response.getCode(),
        type,
        body,
        location == null ? Optional.empty() : Optional.ofNullable(location.getValue()));
  }

  /** Turns what the HTTP client throws into our words. */
  private StoreException failure(
      final String what, final String peer, final Exception e, final boolean stalled) {
    for (Throwable t = e; t != null; t = t.getCause()) {
      if (t instanceof StoreException already) {
        return already;
      }
    }
    if (Thread.currentThread().isInterrupted() || e instanceof ClosedByInterruptException) {
      return new StoreUnavailableException(what + ": interrupted", e);
    }
    if (closed) {
      return new StoreUnavailableException(what + ": the store was closed", e);
    }
    if (stalled
        || (e instanceof SocketTimeoutException && !(e instanceof ConnectTimeoutException))) {
      return new StoreUnavailableException(
          what + ": no answer from " + peer + " within " + limit.toSeconds() + " s", e);
    }
    if (e instanceof UnknownHostException) {
      return new StoreUnavailableException(what + ": unknown host " + peer, e);
    }
    if (isConnectFailure(e) || e instanceof InterruptedIOException) {
      return new StoreUnavailableException(
          what + ": cannot connect to " + peer + ": " + Failures.reason(e), e);
    }
    if (e instanceof SSLHandshakeException || e instanceof SSLPeerUnverifiedException) {
      return new StoreRefusedException(
          what + ": no trust in the TLS certificate of " + peer + ": " + Failures.reason(e), e);
    }
    if (e.getCause() instanceof HttpException || e instanceof URISyntaxException) {
      return new StoreException(
          what + ": " + peer + " does not speak HTTP: check host and port", e);
    }
    if (e instanceof IOException) {
      return new StoreUnavailableException(
          what + ": the connection to " + peer + " broke: " + Failures.reason(e), e);
    }
    return new StoreException(what + ": " + Failures.reason(e), e);
  }

  private static boolean isNotConnected(final StoreUnavailableException e) {
    return e.getCause() != null && isConnectFailure(e.getCause());
  }

  private static boolean isConnectFailure(final Throwable e) {
    return e instanceof ConnectException
        || e instanceof ConnectTimeoutException
        || e instanceof NoRouteToHostException
        || e instanceof UnknownHostException;
  }

  private static void closeQuietly(final Closeable closeable) {
    try {
      closeable.close();
    } catch (final IOException e) {
      LOG.debug("close failed: {}", e.getMessage());
    }
  }

  /**
   * The body of an answer. Closing it early drops the connection instead of reading the rest. What
   * is sent byte by byte never lets the time-out of the socket pass, so that some progress is
   * wanted for the time that was waited in all.
   */
  private final class Body extends InputStream {
    private static final int LEAST_PROGRESS_BYTES = 16 << 10;

    private final String what;
    private final String peer;
    private final HttpUriRequestBase request;
    private final ClassicHttpResponse response;
    private final InputStream in;
    private boolean ended;
    private int progressBytes;
    private long waitedNs;

    private Body(
        final String what,
        final String peer,
        final HttpUriRequestBase request,
        final ClassicHttpResponse response,
        final InputStream in) {
      this.what = what;
      this.peer = peer;
      this.request = request;
      this.response = response;
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      final byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(final byte[] b, final int off, final int len) throws IOException {
      try {
        final long beganNs = System.nanoTime();
        final int count = in.read(b, off, len);
        ended |= count < 0;
        checkProgress(count, System.nanoTime() - beganNs);
        return count;
      } catch (final IOException | RuntimeException e) {
        throw failure(what, peer, e, false);
      }
    }

    private void checkProgress(final int bytes, final long passedNs)
        throws StoreUnavailableException {
      progressBytes += bytes;
      waitedNs += passedNs;
      if (!ended && waitedNs > limit.toNanos()) {
        if (progressBytes < LEAST_PROGRESS_BYTES) {
          throw new StoreUnavailableException(
              "%s: %s has sent no more than %d bytes within %d s"
                  .formatted(what, peer, progressBytes, limit.toSeconds()));
        }
        progressBytes = 0;
        waitedNs = 0;
      }
    }

    @Override
    public void close() {
      if (!ended) {
        request.cancel();
      }
      closeQuietly(response);
    }
  }
}
