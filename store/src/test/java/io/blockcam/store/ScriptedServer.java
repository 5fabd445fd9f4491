package io.blockcam.store;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP server on a bare socket that does to its clients what a test wants done, also what no
 * HTTP library would do. One thread per connection; the script is called once per request.
 */
final class ScriptedServer implements AutoCloseable {

  /** Answers one request. */
  @FunctionalInterface
  interface Script {
    void serve(Exchange exchange) throws IOException;
  }

  private final ServerSocket listener;
  private final List<Socket> connections = new CopyOnWriteArrayList<>();
  private final List<Exchange> exchanges = new CopyOnWriteArrayList<>();
  private final Script script;

  ScriptedServer(final Script script) throws IOException {
    this.script = script;
    this.listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().daemon().name("scripted-server").start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  /** Returns where this server would take data. */
  String location(final String rest) {
    return "http://127.0.0.1:" + port() + "/webhdfs/v1/" + rest;
  }

  /** Returns the requests so far, in their order. */
  List<Exchange> exchanges() {
    return exchanges;
  }

  /** Returns the operations asked for so far, in their order. */
  List<String> ops() {
    return exchanges.stream().map(Exchange::op).toList();
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (final Socket connection : connections) {
      connection.close();
    }
  }

  private void accept() {
    try {
      while (true) {
        final Socket connection = listener.accept();
        connections.add(connection);
        Thread.ofPlatform().daemon().name("scripted-connection").start(() -> serve(connection));
      }
    } catch (final IOException e) {
      // Closed.
    }
  }

  private void serve(final Socket connection) {
    try (connection) {
      final InputStream in = new BufferedInputStream(connection.getInputStream());
      while (true) {
        final Exchange exchange = Exchange.read(connection, in);
        if (exchange == null) {
          return;
        }
        exchanges.add(exchange);
        script.serve(exchange);
      }
    } catch (final IOException e) {
      // The client went away, or the script cut the connection.
    }
  }

  /** One request, and the means to answer it. */
  static final class Exchange {
    final String method;
    final String path;
    final Map<String, String> query = new HashMap<>();
    final Map<String, String> headers = new HashMap<>();
    private final Socket connection;
    private final InputStream in;
    private final AtomicLong bodyBytesRead = new AtomicLong();

    private Exchange(final Socket connection, final InputStream in, final String requestLine) {
      this.connection = connection;
      this.in = in;
      final int space = requestLine.indexOf(' ');
      this.method = requestLine.substring(0, space);
      final URI target =
          URI.create(requestLine.substring(space + 1, requestLine.indexOf(' ', space + 1)));
      this.path = target.getPath();
      if (target.getRawQuery() != null) {
        for (final String parameter : target.getRawQuery().split("&", -1)) {
          final int equals = parameter.indexOf('=');
          query.put(
              parameter.substring(0, equals),
              URLDecoder.decode(parameter.substring(equals + 1), StandardCharsets.UTF_8));
        }
      }
    }

    private static @Nullable Exchange read(final Socket connection, final InputStream in)
        throws IOException {
      String line = readLine(in);
      if (line.isEmpty()) {
        return null;
      }
      final Exchange exchange = new Exchange(connection, in, line);
      for (line = readLine(in); !line.isEmpty(); line = readLine(in)) {
        final int colon = line.indexOf(':');
        exchange.headers.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
      return exchange;
    }

    private static String readLine(final InputStream in) throws IOException {
      final StringBuilder line = new StringBuilder();
      int c;
      while ((c = in.read()) >= 0 && c != '\n') {
        if (c != '\r') {
          line.append((char) c);
        }
      }
      return line.toString();
    }

    String op() {
      return query.getOrDefault("op", "");
    }

    long bodyBytesRead() {
      return bodyBytesRead.get();
    }

    /** Reads the whole body. */
    byte[] body() throws IOException {
      return body(Integer.parseInt(headers.getOrDefault("content-length", "0")));
    }

    /** Reads some of the body. */
    byte[] body(final int bytes) throws IOException {
      final byte[] body = new byte[bytes];
      int done = 0;
      while (done < bytes) {
        final int count = in.read(body, done, bytes - done);
        if (count < 0) {
          throw new IOException("the client broke off");
        }
        done += count;
        bodyBytesRead.addAndGet(count);
      }
      return body;
    }

    /** Sends exactly these characters. */
    void raw(final String text) throws IOException {
      final OutputStream out = connection.getOutputStream();
      out.write(text.getBytes(StandardCharsets.ISO_8859_1));
      out.flush();
    }

    void answer(final int status, final String headerLines, final byte[] body) throws IOException {
      raw("HTTP/1.1 " + status + " x\r\n" + headerLines);
      raw("Content-Length: " + body.length + "\r\n\r\n");
      connection.getOutputStream().write(body);
    }

    void json(final int status, final String json) throws IOException {
      answer(
          status,
          "Content-Type: application/json\r\n",
          json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    void html(final int status) throws IOException {
      answer(
          status,
          "Content-Type: text/html\r\n",
          "<html>hi</html>".getBytes(StandardCharsets.UTF_8));
    }

    void redirect(final String location) throws IOException {
      answer(307, "Location: " + location + "\r\n", new byte[0]);
    }

    /** Fails as Hadoop does. */
    void remoteException(final int status, final String exception, final String message)
        throws IOException {
      json(
          status,
          String.format(
              "{'RemoteException':{'exception':'%s','javaClassName':'x.%s','message':'%s'}}",
              exception, exception, message));
    }

    void goOn() throws IOException {
      raw("HTTP/1.1 100 Continue\r\n\r\n");
    }

    /** Answers as a DataNode that has taken an object. */
    void created() throws IOException {
      answer(201, "Location: hdfs://x/y\r\nConnection: close\r\n", new byte[0]);
      connection.shutdownOutput();
    }

    /** Drops the connection: what was not sent is lost, the client gets a reset. */
    void cut() throws IOException {
      connection.setSoLinger(true, 0);
      connection.close();
    }

    /** Ends the answer by ending the connection. */
    void end() throws IOException {
      connection.close();
    }

    /** Does nothing until the client goes away. */
    void hang() throws IOException {
      // The client sends nothing more, or is not read any more.
      synchronized (this) {
        try {
          while (!connection.isClosed()) {
            wait(20);
          }
        } catch (final InterruptedException e) {
          throw new IOException(e);
        }
      }
    }
  }
}
