package io.blockcam.archive.store;

import java.io.IOException;
import java.io.InputStream;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.HttpConnection;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.http.impl.Http1StreamListener;
import org.apache.hc.core5.http.io.HttpClientConnection;
import org.apache.hc.core5.http.io.ResponseOutOfOrderStrategy;

/**
 * Notices that a server has answered before the body was sent. A DataNode that cannot go on (quota,
 * no space) says so and closes; without this the sender would learn of nothing but a broken pipe.
 *
 * <p>Looks only once {@code 100 Continue} has come, so that a late one is never taken for the
 * answer.
 */
final class EarlyAnswers implements Http1StreamListener, ResponseOutOfOrderStrategy {
  private final Set<HttpConnection> continued = ConcurrentHashMap.newKeySet();

  @Override
  public void onRequestHead(HttpConnection connection, HttpRequest request) {
    continued.remove(connection);
  }

  @Override
  public void onResponseHead(HttpConnection connection, HttpResponse response) {
    if (response.getCode() == HttpStatus.SC_CONTINUE) {
      continued.add(connection);
    } else {
      continued.remove(connection);
    }
  }

  @Override
  public void onExchangeComplete(HttpConnection connection, boolean keepAlive) {
    continued.remove(connection);
  }

  @Override
  public boolean isEarlyResponseDetected(
      ClassicHttpRequest request,
      HttpClientConnection connection,
      InputStream inputStream,
      long totalBytesSent,
      long nextWriteSize)
      throws IOException {
    return inputStream.available() > 0 && continued.contains(connection);
  }
}
