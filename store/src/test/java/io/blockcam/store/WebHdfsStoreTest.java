package io.blockcam.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.blockcam.store.ScriptedServer.Exchange;
import io.blockcam.store.ScriptedServer.Script;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What the store makes of servers that behave badly, or only differently. */
final class WebHdfsStoreTest {
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration LONG = Duration.ofSeconds(30);

  private final List<AutoCloseable> opened = new ArrayList<>();

  @AfterEach
  void closeAll() throws Exception {
    for (final AutoCloseable closeable : opened.reversed()) {
      closeable.close();
    }
  }

  // --- where data are sent to ---------------------------------------------------------------

  @Test
  void sendsDataWhereAStatus307Points() throws IOException {
    final ScriptedServer dataNode = server(WebHdfsStoreTest::takeObject);
    final ScriptedServer nameNode =
        server(exchange -> exchange.redirect(dataNode.location("archive/x?op=CREATE&token=t")));

    store(nameNode).create("x", source(100_000));

    final Exchange step1 = nameNode.exchanges().getFirst();
    assertThat(step1.method).isEqualTo("PUT");
    assertThat(step1.path).isEqualTo("/webhdfs/v1/archive/x");
    assertThat(step1.query)
        .containsEntry("overwrite", "true")
        .containsEntry("permission", "640")
        .containsEntry("blocksize", "134217728")
        .containsEntry("createflag", "CREATE,OVERWRITE,SYNC_BLOCK")
        .containsEntry("noredirect", "true")
        .containsEntry("user.name", "alice");
    assertThat(step1.headers).containsEntry("x-xsrf-header", "").doesNotContainKey("expect");
    assertThat(step1.headers.getOrDefault("content-length", "0")).isEqualTo("0");
    final Exchange step2 = dataNode.exchanges().getFirst();
    assertThat(step2.query).containsEntry("token", "t");
    assertThat(step2.headers)
        .containsEntry("content-type", "application/octet-stream")
        .containsEntry("content-length", "100000")
        .containsEntry("connection", "close")
        .containsEntry("expect", "100-continue");
    assertThat(step2.bodyBytesRead()).isEqualTo(100_000);
  }

  @Test
  void sendsDataWhereTheJsonPoints() throws IOException {
    final ScriptedServer dataNode = server(WebHdfsStoreTest::takeObject);
    final ScriptedServer nameNode =
        server(exchange -> exchange.json(200, "{'Location':'" + dataNode.location("x") + "'}"));

    store(nameNode).create("x", source(10));

    assertThat(dataNode.exchanges()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://127.0.0.1:1/webhdfs/v1/x?delegation=SECRET",
        "ftp://127.0.0.1:1/webhdfs/v1/x?delegation=SECRET",
        "http://user:SECRET@127.0.0.1:1/webhdfs/v1/x",
        "http://127.0.0.1:1/elsewhere?delegation=SECRET",
        "http:///webhdfs/v1/x?delegation=SECRET",
        "/webhdfs/v1/x?delegation=SECRET",
        "::: SECRET",
        ""
      })
  void refusesToSendDataElsewhere(final String location) throws IOException {
    final ScriptedServer nameNode = server(exchange -> exchange.redirect(location));
    final ObjectStore store = store(nameNode);

    assertThatThrownBy(() -> store.create("x", source(10)))
        .isExactlyInstanceOf(StoreException.class)
        .hasMessageNotContaining("SECRET");
    assertThatThrownBy(() -> store.read("x", 0, ByteBuffer.allocate(1)))
        .isExactlyInstanceOf(StoreException.class);
  }

  @Test
  void refusesASecondRedirect() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              if (exchange.method.equals("PUT")) {
                exchange.goOn();
                exchange.body();
              }
              exchange.redirect("http://127.0.0.1:1/webhdfs/v1/x");
            });
    final ObjectStore store = store(nameNodeOf(dataNode));

    assertThatThrownBy(() -> store.create("x", source(10))).isInstanceOf(StoreException.class);
    assertThatThrownBy(() -> store.open("x", 0, 10)).isInstanceOf(StoreException.class);
  }

  @Test
  void asksForAnotherDataNodeWhenOneIsNotThere() throws IOException {
    final ScriptedServer dataNode = server(WebHdfsStoreTest::takeObject);
    final String dead = "127.0.0.1:" + closedPort();
    final ScriptedServer nameNode =
        server(
            exchange ->
                exchange.redirect(
                    dead.equals(exchange.query.get("excludedatanodes"))
                        ? dataNode.location("x")
                        : "http://" + dead + "/webhdfs/v1/x"));

    store(nameNode).create("x", source(10));

    assertThat(dataNode.exchanges()).hasSize(1);
  }

  // --- sending ------------------------------------------------------------------------------

  @Test
  void doesNotSendTheBodyToAServerThatSaysNo() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              exchange.remoteException(403, "AccessControlException", "Permission denied: user=x");
              exchange.end();
            });
    final ObjectStore store = store(nameNodeOf(dataNode));

    assertThatExceptionOfType(StoreRefusedException.class)
        .isThrownBy(() -> store.create("dir/x", source(5_000_000)))
        .withMessageContaining("/archive/dir/x")
        .withMessageContaining("Permission denied: user=x");
    assertThat(dataNode.exchanges().getFirst().bodyBytesRead()).isZero();
  }

  @Test
  void tellsWhyAServerStopsInTheMiddle() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              exchange.goOn();
              exchange.body(1 << 20);
              exchange.remoteException(403, "DSQuotaExceededException", "quota of /x is exceeded");
              // With the rest of the body unread: the client gets a reset after the answer.
              exchange.end();
            });

    assertThatExceptionOfType(StoreRefusedException.class)
        .isThrownBy(() -> store(nameNodeOf(dataNode)).create("x", source(64 << 20)))
        .withMessageContaining("quota of /x is exceeded");
  }

  @Test
  void sendsTheBodyToAServerThatKnowsNothingOf100Continue() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              exchange.body();
              exchange.created();
            });

    store(nameNodeOf(dataNode), SHORT).create("x", source(100_000));

    assertThat(dataNode.exchanges().getFirst().bodyBytesRead()).isEqualTo(100_000);
  }

  @Test
  void toleratesA100ContinueThatComesLate() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              // The client has given up waiting once the body comes.
              exchange.body(1);
              exchange.goOn();
              exchange.body(4_999_999);
              exchange.goOn();
              exchange.created();
            });

    store(nameNodeOf(dataNode), SHORT).create("x", source(5_000_000));
  }

  @Test
  void doesNotTakeABrokenUploadForASuccess() throws IOException {
    final ScriptedServer cutBeforeTheEnd =
        server(
            exchange -> {
              exchange.goOn();
              exchange.body(100_000);
              exchange.cut();
            });
    final ScriptedServer cutAfterTheLastByte =
        server(
            exchange -> {
              exchange.goOn();
              exchange.body();
              exchange.end();
            });
    for (final ScriptedServer dataNode : List.of(cutBeforeTheEnd, cutAfterTheLastByte)) {
      assertThatExceptionOfType(StoreUnavailableException.class)
          .isThrownBy(() -> store(nameNodeOf(dataNode)).create("x", source(32 << 20)));
    }
  }

  @Test
  void readsTheSourceOnceToSendAndCompareIt() throws IOException {
    final byte[] content = ObjectStoreContract.bytes(3_000_000);
    final AtomicInteger passes = new AtomicInteger();
    final ObjectSource source =
        new TestSource(
            content.length,
            () -> {
              passes.incrementAndGet();
              return new ByteArrayInputStream(content);
            });
    final ScriptedServer server = server(exchange -> hdfs(exchange, content));
    final ObjectStore store = store(server);

    store.create("x", source);

    assertThat(store.matches("x", source)).isTrue();
    assertThat(passes).hasValue(1);
    assertThat(server.ops()).doesNotContain("OPEN");
  }

  // --- standing still -----------------------------------------------------------------------

  @Test
  void givesUpOnAServerThatNeverAnswers() throws IOException {
    final ObjectStore store = store(server(Exchange::hang), SHORT);

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> store.status("x"))
        .withMessageContaining("no answer from 127.0.0.1:");
  }

  @Test
  void givesUpOnAnAnswerThatComesByteByByteForEver() throws IOException {
    final ScriptedServer server =
        server(
            exchange -> {
              exchange.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
              while (true) {
                exchange.raw(" ");
                pause(20);
              }
            });

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> store(server, SHORT).status("x"))
        .withMessageContaining("no answer");
  }

  @Test
  void givesUpOnADataNodeThatStopsReading() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              exchange.goOn();
              exchange.hang();
            });

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> store(nameNodeOf(dataNode), SHORT).create("x", source(64 << 20)))
        .withMessageContaining("no answer");
  }

  @Test
  void givesUpOnADataNodeThatStopsSending() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              exchange.raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
              exchange.hang();
            });

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(
            () -> store(nameNodeOf(dataNode), SHORT).read("x", 0, ByteBuffer.allocate(1000)))
        .withMessageContaining("no answer");
  }

  @Test
  void endsAnUploadThatStandsStillWhenItsThreadIsInterrupted() throws Exception {
    final CountDownLatch sending = new CountDownLatch(1);
    final ScriptedServer dataNode = server(exchange -> takeNothing(exchange, sending));
    final ObjectStore store = store(nameNodeOf(dataNode), LONG);
    final FutureTask<Boolean> upload =
        new FutureTask<>(
            () -> {
              assertThatExceptionOfType(StoreUnavailableException.class)
                  .isThrownBy(() -> store.create("x", source(64 << 20)))
                  .withMessageContaining("interrupted");
              return Thread.currentThread().isInterrupted();
            });
    final Thread thread = Thread.ofPlatform().start(upload);
    sending.await();

    thread.interrupt();

    assertThat(upload.get()).as("interrupt status").isTrue();
  }

  @Test
  void endsAnUploadThatStandsStillWhenTheStoreIsClosed() throws Exception {
    final CountDownLatch sending = new CountDownLatch(1);
    final ScriptedServer dataNode = server(exchange -> takeNothing(exchange, sending));
    final ObjectStore store = store(nameNodeOf(dataNode), LONG);
    final AtomicReference<StoreUnavailableException> thrown = new AtomicReference<>();
    final Thread thread =
        Thread.ofPlatform()
            .start(
                () ->
                    thrown.set(
                        catchThrowableOfType(
                            StoreUnavailableException.class,
                            () -> store.create("x", source(64 << 20)))));
    sending.await();

    store.close();

    thread.join();
    assertThat(thrown.get()).hasMessageContaining("closed");
  }

  // --- answers that are not what they should be ----------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "403,SafeModeException,StoreUnavailableException",
    "403,StandbyException,StoreUnavailableException",
    "403,RetriableException,StoreUnavailableException",
    "403,IOException,StoreUnavailableException",
    "500,RuntimeException,StoreUnavailableException",
    "403,AccessControlException,StoreRefusedException",
    "401,SecurityException,StoreRefusedException",
    "403,DSQuotaExceededException,StoreRefusedException",
    "403,NSQuotaExceededException,StoreRefusedException",
    "403,InvalidToken,StoreRefusedException",
    "403,FileAlreadyExistsException,StoreException",
    "400,IllegalArgumentException,StoreException",
    "403,SomethingNewException,StoreException"
  })
  void classifiesByTheNameOfTheException(
      final int status, final String exception, final String expected) throws IOException {
    final ScriptedServer server =
        server(exchange -> exchange.remoteException(status, exception, "why\\n\\tat Stack.trace"));

    assertThatThrownBy(() -> store(server).mkdirs("x"))
        .extracting(e -> e.getClass().getSimpleName())
        .isEqualTo(expected);
    assertThatThrownBy(() -> store(server).mkdirs("x"))
        .hasMessageContaining(exception + ": why")
        .hasMessageNotContaining("Stack");
  }

  @ParameterizedTest
  @CsvSource({
    "200,StoreException",
    "302,StoreException",
    "404,StoreException",
    "401,StoreRefusedException",
    "403,StoreRefusedException",
    "429,StoreUnavailableException",
    "500,StoreUnavailableException",
    "502,StoreUnavailableException",
    "503,StoreUnavailableException"
  })
  void doesNotBelieveHtml(final int status, final String expected) throws IOException {
    final ScriptedServer server = server(exchange -> exchange.html(status));
    final ObjectStore store = store(server);

    for (final var call :
        List.<ThrowingCallable>of(
            () -> store.status("x"),
            () -> store.list("x"),
            () -> store.delete("x"),
            () -> store.rename("x", "y"),
            () -> store.create("x", source(1)),
            () -> store.open("x", 0, 1))) {
      assertThatThrownBy(call).extracting(e -> e.getClass().getSimpleName()).isEqualTo(expected);
    }
    assertThatThrownBy(() -> store.status("x"))
        .hasMessageContaining("127.0.0.1:" + server.port())
        .hasMessageContaining("" + status);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "null",
        "{\"FileStatus\":null}",
        "{\"FileStatus\":{\"type\":\"FILE\"}}",
        "{\"FileStatus\":{\"length\":-1,\"type\":\"FILE\"}}",
        "{\"FileStatus\":{\"length\":\"12\",\"type\":\"FILE\"}}",
        "{\"FileStatus\":{\"length\":1e99,\"type\":\"FILE\"}}"
      })
  void refusesJsonThatSaysSomethingElse(final String json) throws IOException {
    final ScriptedServer server = server(exchange -> exchange.json(200, json));

    assertThatThrownBy(() -> store(server).status("x"))
        .isExactlyInstanceOf(StoreException.class)
        .hasMessageContaining("does not speak WebHDFS");
  }

  @Test
  void takesAnAnswerThatIsCutOffForAFaultThatPasses() throws IOException {
    final Script byLength =
        exchange -> {
          exchange.raw(
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"F");
          exchange.end();
        };
    final Script byConnection =
        exchange -> {
          exchange.raw(
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"FileStatus\":{");
          exchange.end();
        };
    final Script inTheHeader =
        exchange -> {
          exchange.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n");
          exchange.end();
        };
    final Script inAChunk =
        exchange -> {
          exchange.raw(
              "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                  + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"Fil");
          exchange.end();
        };
    final Script atOnce = Exchange::cut;
    for (final Script script : List.of(byLength, byConnection, inTheHeader, inAChunk, atOnce)) {
      final ScriptedServer server = server(script);
      assertThatExceptionOfType(StoreUnavailableException.class)
          .isThrownBy(() -> store(server).status("x"));
    }
  }

  @Test
  void refusesAServerThatDoesNotSpeakHttp() throws IOException {
    final ScriptedServer server =
        server(
            exchange -> {
              exchange.raw("SSH-2.0-OpenSSH_9.2p1\r\n");
              exchange.end();
            });

    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store(server).status("x"))
        .withMessageContaining("127.0.0.1:" + server.port());
  }

  @Test
  void doesNotReadWithoutEnd() throws IOException {
    final Script endlessBody =
        exchange -> {
          exchange.raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"a\":\"");
          final String megabyte = "x".repeat(1 << 20);
          while (true) {
            exchange.raw(megabyte);
          }
        };
    final Script endlessHeader =
        exchange -> {
          exchange.raw("HTTP/1.1 200 OK\r\nX: ");
          while (true) {
            exchange.raw("x".repeat(8192));
          }
        };
    final Script deepJson = exchange -> exchange.json(200, "[".repeat(1_000_000));
    for (final Script script : List.of(endlessBody, endlessHeader, deepJson)) {
      final ScriptedServer server = server(script);
      assertThatExceptionOfType(StoreException.class).isThrownBy(() -> store(server).status("x"));
    }
  }

  @Test
  void doesNotDeliverFewerBytesThanWanted() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              exchange.raw(
                  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n12345");
              exchange.end();
            });
    final ObjectStore store = store(nameNodeOf(dataNode));

    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.read("x", 0, ByteBuffer.allocate(6)));
    try (InputStream in = store.open("x", 0, 5)) {
      assertThat(in.readAllBytes()).isEqualTo("12345".getBytes(UTF_8));
    }
  }

  /** B14: each byte would begin the time-out of the socket anew. */
  @Test
  void givesUpADataNodeThatSendsByteByByte() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              exchange.raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9999\r\n\r\n");
              for (int i = 0; i < 9999; i++) {
                exchange.raw("x");
                LockSupport.parkNanos(10_000_000);
              }
            });
    final ObjectStore store = store(nameNodeOf(dataNode), SHORT);

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> store.read("x", 0, ByteBuffer.allocate(9999)))
        .withMessageContaining("bytes within");
  }

  @Test
  void readsAgainWhatADataNodeDidNotDeliver() throws IOException {
    final AtomicInteger attempts = new AtomicInteger();
    final ScriptedServer dataNode =
        server(
            exchange -> {
              exchange.raw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n12");
              if (attempts.incrementAndGet() == 3) {
                exchange.raw("345");
              }
              exchange.end();
            });
    final ByteBuffer buffer = ByteBuffer.allocate(7).position(1).limit(6);

    store(nameNodeOf(dataNode)).read("x", 0, buffer);

    assertThat(buffer.array()).isEqualTo("\00012345\0".getBytes(UTF_8));
  }

  @Test
  void asksAgainWhenTheServerHasClosedAConnectionThatWasKept() throws IOException {
    final ScriptedServer server =
        server(
            exchange -> {
              exchange.json(200, "{'FileStatus':{'length':1,'type':'FILE'}}");
              exchange.end();
            });
    final ObjectStore store = store(server);

    for (int i = 0; i < 20; i++) {
      assertThat(store.status("x")).isPresent();
    }
  }

  // --- servers that can less -----------------------------------------------------------------

  /** A proxy that let nothing through for a moment says nothing about the cluster. */
  @Test
  void goesOnAskingForSyncWhenNothingElseWasTakenEither() throws IOException {
    final ScriptedServer dataNode = server(WebHdfsStoreTest::takeObject);
    final AtomicInteger refusals = new AtomicInteger(2);
    final ScriptedServer nameNode =
        server(
            exchange -> {
              if (refusals.getAndDecrement() > 0) {
                exchange.json(405, "{}");
              } else {
                exchange.redirect(dataNode.location("data"));
              }
            });
    final ObjectStore store = store(nameNode);
    assertThatExceptionOfType(StoreException.class).isThrownBy(() -> store.create("x", source(10)));

    store.create("x", source(10));

    assertThat(nameNode.exchanges().getLast().query)
        .containsEntry("createflag", "CREATE,OVERWRITE,SYNC_BLOCK");
  }

  @Test
  void storesWhereNoSyncCanBeAskedFor() throws IOException {
    final ScriptedServer dataNode =
        server(
            exchange -> {
              if (exchange.path.contains("sync")) {
                exchange.remoteException(400, "IllegalArgumentException", "No enum constant");
                exchange.end();
              } else {
                takeObject(exchange);
              }
            });
    final ScriptedServer nameNode =
        server(
            exchange ->
                exchange.redirect(
                    dataNode.location(
                        exchange.query.containsKey("createflag") ? "sync" : "plain")));
    final ObjectStore store = store(nameNode);

    // Of a body this short the client sends all even to somebody who said no.
    store.create("x", source(10));
    store.create("y", source(5_000_000));

    assertThat(dataNode.exchanges())
        .extracting(exchange -> exchange.path)
        .containsExactly("/webhdfs/v1/sync", "/webhdfs/v1/plain", "/webhdfs/v1/plain");
  }

  @Test
  void readsBackWhereNoChecksumIsKnown() throws IOException {
    final byte[] content = ObjectStoreContract.bytes(1000);
    final ScriptedServer server =
        server(
            exchange -> {
              if (exchange.op().equals("GETFILECHECKSUM")) {
                exchange.remoteException(400, "UnsupportedOperationException", "no");
              } else {
                hdfs(exchange, content);
              }
            });
    final ObjectStore store = store(server);

    assertThat(store.matches("x", ObjectSource.of("x", content))).isTrue();
    content[5] ^= 1;
    assertThat(store.matches("x", ObjectSource.of("x", ObjectStoreContract.bytes(1000)))).isFalse();
    assertThat(server.ops().stream().filter("GETFILECHECKSUM"::equals)).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'FileChecksum':{'algorithm':'COMPOSITE-CRC32C','bytes':'01020304','length':4}}",
        "{'FileChecksum':{'algorithm':'MD5-of-0MD5-of-512CRC32C','bytes':'00','length':1}}",
        "{'FileChecksum':{'algorithm':'MD5-of-0MD5-of-0CRC32','bytes':'00','length':1}}",
        "{'FileChecksum':{'algorithm':'MD5-of-0MD5-of-512CRC32C','length':28,"
            + "'bytes':'000002000000000000000000ffffffffffffffffffffffffffffffff00000000'}}",
        "{'FileChecksum':null}",
        "{}"
      })
  void readsBackWhereTheChecksumIsOfAnotherKind(final String checksum) throws IOException {
    final byte[] content = ObjectStoreContract.bytes(1000);
    final ScriptedServer server =
        server(
            exchange -> {
              if (exchange.op().equals("GETFILECHECKSUM")) {
                exchange.json(200, checksum);
              } else {
                hdfs(exchange, content);
              }
            });

    assertThat(store(server).matches("x", ObjectSource.of("x", content))).isTrue();
    assertThat(server.ops()).contains("OPEN");
  }

  @Test
  void takesTheBooleanOfHttpFsForARename() throws IOException {
    final AtomicReference<String> answer = new AtomicReference<>("{'boolean':true}");
    final AtomicReference<String> found =
        new AtomicReference<>("{'FileStatus':{'length':1,'type':'FILE'}}");
    final ScriptedServer server =
        server(
            exchange -> {
              if (exchange.op().equals("RENAME")) {
                exchange.json(200, answer.get());
              } else if (found.get().isEmpty()) {
                exchange.remoteException(404, "FileNotFoundException", "no");
              } else {
                exchange.json(200, found.get());
              }
            });
    final ObjectStore store = store(server);

    assertThat(store.rename("a", "b")).isTrue();
    assertThat(server.exchanges().getFirst().query)
        .containsEntry("destination", "/archive/b")
        .containsEntry("renameoptions", "NONE");

    answer.set("{'boolean':false}");
    found.set("");
    assertThatExceptionOfType(ObjectNotFoundException.class)
        .isThrownBy(() -> store.rename("a", "b"));

    found.set("{'FileStatus':{'length':1,'type':'FILE'}}");
    assertThat(store.rename("a", "b")).isFalse();
  }

  /** HttpFS lets HDFS move the object into a directory of that name. */
  @Test
  void takesBackWhatHttpFsMovedIntoADirectory() throws IOException {
    final ScriptedServer server =
        server(
            exchange -> {
              if (exchange.op().equals("RENAME")) {
                exchange.json(200, "{'boolean':true}");
              } else {
                exchange.json(200, "{'FileStatus':{'length':0,'type':'DIRECTORY'}}");
              }
            });

    assertThat(store(server).rename("tmp/a", "b")).isFalse();

    assertThat(server.ops()).containsExactly("RENAME", "GETFILESTATUS", "RENAME");
    assertThat(server.exchanges().getLast().path).endsWith("/archive/b/a");
    assertThat(server.exchanges().getLast().query).containsEntry("destination", "/archive/tmp/a");
  }

  @Test
  void listsAtOnceWhereNoPagesAreKnown() throws IOException {
    final Script unknown =
        exchange ->
            exchange.remoteException(400, "IllegalArgumentException", "Invalid value for op");
    final Script sameAgain =
        exchange ->
            exchange.json(
                200,
                "{'DirectoryListing':{'remainingEntries':5,'partialListing':"
                    + "{'FileStatuses':{'FileStatus':["
                    + "{'pathSuffix':'a','length':1,'type':'FILE'}]}}}}");
    for (final Script batch : List.of(unknown, sameAgain)) {
      final ScriptedServer server =
          server(
              exchange -> {
                if (exchange.op().equals("LISTSTATUS_BATCH")) {
                  batch.serve(exchange);
                } else {
                  exchange.json(
                      200,
                      "{'FileStatuses':{'FileStatus':["
                          + "{'pathSuffix':'b','length':2,'type':'FILE'},"
                          + "{'pathSuffix':'a','length':0,'type':'DIRECTORY'}]}}");
                }
              });
      final ObjectStore store = store(server);

      assertThat(store.list("x")).extracting(ObjectStatus::path).containsExactly("x/a", "x/b");
      final int asked = server.exchanges().size();
      assertThat(store.list("x")).hasSize(2);
      assertThat(server.exchanges()).hasSize(asked + 1);
    }
  }

  // --- several NameNodes ---------------------------------------------------------------------

  @Test
  void asksTheNextNameNodeWhenOneIsStandbyOrNotThere() throws IOException {
    final ScriptedServer standby =
        server(exchange -> exchange.remoteException(403, "StandbyException", "standby"));
    final ScriptedServer active = server(exchange -> exchange.json(200, "{'boolean':true}"));
    final ObjectStore store =
        store(
            "127.0.0.1:"
                + closedPort()
                + ",127.0.0.1:"
                + standby.port()
                + ",127.0.0.1:"
                + active.port());

    store.mkdirs("x");
    store.mkdirs("y");

    assertThat(standby.exchanges()).hasSize(1);
    assertThat(active.exchanges()).hasSize(2);
  }

  @Test
  void doesNotAskTwiceWhenItIsUnknownWhatTheFirstNameNodeDid() throws IOException {
    final ScriptedServer breaks = server(Exchange::cut);
    final ScriptedServer other = server(exchange -> exchange.json(200, "{'boolean':true}"));
    final ObjectStore store = store("127.0.0.1:" + breaks.port() + ",127.0.0.1:" + other.port());

    assertThatExceptionOfType(StoreUnavailableException.class).isThrownBy(() -> store.delete("x"));
    assertThat(other.exchanges()).isEmpty();

    assertThat(store.delete("x")).as("the next attempt goes to the other").isTrue();
  }

  @Test
  void tellsWhenAllNameNodesAreStandby() throws IOException {
    final ScriptedServer standby =
        server(exchange -> exchange.remoteException(403, "StandbyException", "standby"));
    final ObjectStore store = store("127.0.0.1:" + standby.port() + ",127.0.0.1:" + standby.port());

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> store.status("x"))
        .withMessageContaining("StandbyException");
  }

  @Test
  void tellsWhichHostCannotBeReached() throws IOException {
    final int port = closedPort();

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> store("127.0.0.1:" + port).status("x"))
        .withMessageContaining("cannot connect to 127.0.0.1:" + port)
        .withMessageContaining("refused");
    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> store("no-such-host.invalid:9870").status("x"))
        .withMessageContaining("unknown host no-such-host.invalid");
  }

  // --- secrets -------------------------------------------------------------------------------

  @Test
  void keepsTokensOutOfMessagesAndLogs() throws IOException {
    final Logger logger = (Logger) LoggerFactory.getLogger("io.blockcam");
    final ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    logger.setLevel(Level.TRACE);
    try {
      final ScriptedServer dataNode = server(Exchange::cut);
      final ScriptedServer nameNode =
          server(exchange -> exchange.redirect(dataNode.location("x?delegation=SECRET")));
      final ObjectStore store = store(nameNode);

      assertThatThrownBy(() -> store.create("x", source(10)))
          .isInstanceOf(StoreUnavailableException.class)
          .hasStackTraceContaining("connection")
          .satisfies(
              e -> {
                for (Throwable t = e; t != null; t = t.getCause()) {
                  assertThat(t.toString()).doesNotContain("SECRET");
                }
              });
      assertThat(log.list).isNotEmpty();
      assertThat(log.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .noneMatch(line -> line.contains("SECRET"));
    } finally {
      logger.setLevel(null);
      logger.detachAppender(log);
    }
  }

  // --- help ----------------------------------------------------------------------------------

  /** Answers as an HDFS whose only object has the given content. */
  private static void hdfs(final Exchange exchange, final byte[] content) throws IOException {
    final String length = exchange.headers.getOrDefault("content-length", "0");
    switch (exchange.op()) {
      case "CREATE" -> {
        if (length.equals("0")) {
          exchange.redirect(
              "http://" + exchange.headers.get("host") + exchange.path + "?op=CREATE");
        } else {
          takeObject(exchange);
        }
      }
      case "GETFILESTATUS" ->
          exchange.json(200, "{'FileStatus':{'length':" + content.length + ",'type':'FILE'}}");
      case "GETFILECHECKSUM" -> {
        final HdfsChecksum checksum =
            new HdfsChecksum(HdfsChecksum.Algorithm.usual(content.length, 128 << 20));
        checksum.update(content, 0, content.length);
        // Without a second step, as HttpFS does it.
        exchange.json(
            200,
            "{'FileChecksum':{'algorithm':'MD5-of-0MD5-of-512CRC32C','length':28,'bytes':'"
                + "000002000000000000000000"
                + HexFormat.of().formatHex(checksum.digest())
                + "00000000'}}");
      }
      case "OPEN" -> {
        if (exchange.query.containsKey("noredirect")) {
          exchange.redirect("http://" + exchange.headers.get("host") + exchange.path + "?op=OPEN");
        } else {
          exchange.answer(200, "Content-Type: application/octet-stream\r\n", content);
        }
      }
      default -> exchange.html(404);
    }
  }

  private static void takeObject(final Exchange exchange) throws IOException {
    exchange.goOn();
    exchange.body();
    exchange.created();
  }

  private static void takeNothing(final Exchange exchange, final CountDownLatch begun)
      throws IOException {
    exchange.goOn();
    exchange.body(1 << 20);
    begun.countDown();
    exchange.hang();
  }

  private ScriptedServer nameNodeOf(final ScriptedServer dataNode) throws IOException {
    return server(exchange -> exchange.redirect(dataNode.location("data")));
  }

  private ScriptedServer server(final Script script) throws IOException {
    final ScriptedServer server = new ScriptedServer(script);
    opened.add(server);
    return server;
  }

  private ObjectStore store(final ScriptedServer server) throws IOException {
    return store(server, LONG);
  }

  private ObjectStore store(final ScriptedServer server, final Duration limit) throws IOException {
    return store("127.0.0.1:" + server.port(), limit);
  }

  private ObjectStore store(final String nameNodes) throws IOException {
    return store(nameNodes, LONG);
  }

  private ObjectStore store(final String nameNodes, final Duration limit) throws IOException {
    final ObjectStore store =
        Stores.open(
            StoreUri.parse("webhdfs://" + nameNodes + "/archive"),
            StoreOptions.defaults(Map.of("HADOOP_USER_NAME", "alice")).withTimeouts(limit, limit));
    opened.add(store);
    return store;
  }

  private static int closedPort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static ObjectSource source(final int lengthBytes) {
    return ObjectSource.of("source", new byte[lengthBytes]);
  }

  private static void pause(final int millis) throws IOException {
    try {
      Thread.sleep(millis);
    } catch (final InterruptedException e) {
      throw new IOException(e);
    }
  }
}
