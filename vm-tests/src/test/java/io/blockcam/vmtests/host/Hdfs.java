package io.blockcam.vmtests.host;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A real HDFS on loopback, and a reader of it that owes nothing to the product. */
public final class Hdfs implements AutoCloseable {

  private static final String SCHEME = "webhdfs://";

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .followRedirects(HttpClient.Redirect.NORMAL)
          .connectTimeout(Limits.seconds(10))
          .build();
  private final Path dir;
  private String uri = "";

  /**
   * @param dir where it keeps what is stored
   */
  public Hdfs(final Path dir) {
    this.dir = dir;
  }

  /** Starts it, with what was stored before; returns when it takes files. */
  public void start() {
    uri = script("start").strip();
  }

  /** Stops it; what is stored stays. */
  public void stop() {
    script("stop");
  }

  private String script(final String action) {
    return Shell.execute(
            Limits.seconds(200),
            Checkout.file("scripts/hdfs").toString(),
            action,
            "--dir",
            dir.toString())
        .shouldSucceed()
        .out();
  }

  /** {@code webhdfs://host:port}; stays the same over stop and start. */
  public String uri() {
    return uri;
  }

  /** Names in a directory, sorted; none when it does not exist. */
  public List<String> list(final String path) {
    final HttpResponse<byte[]> response = get(path, "LISTSTATUS");
    final List<String> names = new ArrayList<>();
    if (response.statusCode() == 200) {
      try {
        final JsonNode statuses = new ObjectMapper().readTree(response.body());
        for (final JsonNode status : statuses.path("FileStatuses").path("FileStatus")) {
          names.add(status.path("pathSuffix").asText());
        }
      } catch (final IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    names.sort(null);
    return names;
  }

  /** The bytes of a file. */
  public byte[] read(final String path) {
    final HttpResponse<byte[]> response = get(path, "OPEN");
    if (response.statusCode() != 200) {
      throw new AssertionError("GET " + path + " answered " + response.statusCode());
    }
    return response.body();
  }

  /** Removes a directory with all that is in it. */
  public void delete(final String path) {
    final HttpResponse<byte[]> response = send("DELETE", path, "DELETE&recursive=true");
    if (response.statusCode() != 200) {
      throw new AssertionError("DELETE " + path + " answered " + response.statusCode());
    }
  }

  private HttpResponse<byte[]> get(final String path, final String operation) {
    return send("GET", path, operation);
  }

  private HttpResponse<byte[]> send(
      final String method, final String path, final String operation) {
    final String base = "http://" + uri.substring(SCHEME.length()) + "/webhdfs/v1";
    try {
      return http.send(
          HttpRequest.newBuilder(URI.create(base + path + "?op=" + operation))
              .method(method, HttpRequest.BodyPublishers.noBody())
              .timeout(Limits.seconds(30))
              .build(),
          BodyHandlers.ofByteArray());
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  @Override
  public void close() {
    http.close();
    stop();
  }
}
