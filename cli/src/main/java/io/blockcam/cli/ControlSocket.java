package io.blockcam.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.capture.OnFull;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a recorder takes orders: a Unix socket in its spool, for its own user and root.
 *
 * <pre>
 *   client: stop | stop-unused | leave | status | mark HEX | spool-limit BYTES | on-full block | on-full gap
 *                                     one line; the text of a mark in hexadecimal digits
 *   server: ok PID                    at once
 *   server: done | failed             when the order is carried out, or the recorder has ended otherwise
 *   server: failed WHY                for stop-unused: somebody uses the disk
 *   server: done SEQUENCE | failed    for a mark: when it is durable
 *   server: done JSON | failed        for the status: at once, see StatusReport
 *   server: done VALUE | failed WHY   for a setting
 * </pre>
 *
 * <p>A recorder that is killed closes the connection without the last line. Control thread; orders
 * come in on threads of their own.
 */
final class ControlSocket implements AutoCloseable {

  /** What can be asked for. */
  enum Order {
    /** As SIGTERM does. */
    STOP("stop"),
    /** To end, and to leave the device and what is recorded to another process. */
    LEAVE("leave");

    private final String word;

    Order(final String word) {
      this.word = word;
    }

    String word() {
      return word;
    }
  }

  static final String FILE_NAME = "control";
  static final String OK = "ok ";
  static final String DONE = "done";
  static final String FAILED = "failed";

  private static final Logger LOG = LoggerFactory.getLogger(ControlSocket.class);
  static final String MARK = "mark ";
  static final String STATUS = "status";
  static final String SPOOL_LIMIT = "spool-limit ";
  static final String ON_FULL = "on-full ";
  static final String STOP_UNUSED = "stop-unused";
  private static final int MOST_CHARACTERS = MARK.length() + 2 * RecordDescriptor.BLOCK_BYTES;

  private final CompletableFuture<Order> order = new CompletableFuture<>();

  /** Who has given an order; guarded by itself, as {@link #closed} is. */
  private final List<SocketChannel> waiting = new ArrayList<>();

  private boolean closed;
  private @Nullable ServerSocketChannel server;
  private @Nullable Path file;

  /** Of {@link #file}: a start that failed late must not remove the one of the next recorder. */
  private @Nullable Object fileKey;

  private volatile Set<Order> orders = Set.of();
  private String answer = FAILED;
  private @Nullable Answers answers;

  /** What is asked of the recorder itself. */
  interface Answers {
    /** Puts a mark into the record: the sequence of its record, once it is durable. */
    long mark(byte[] text) throws IOException, InterruptedException;

    /** Gives the spool another limit. */
    void setSpoolLimit(long bytes) throws IOException;

    /** Changes what becomes of writes when there is no room for their records. */
    void setOnFull(OnFull wanted) throws IOException;

    /** Who uses the disk, each in a few words. Waits for the disk, as an order does. */
    List<String> users() throws IOException;

    /** What it does now. Waits for nothing. */
    Map<String, Object> status() throws IOException;
  }

  /**
   * Begins to take orders, unless it does already. A recorder that can not works all the same.
   *
   * @param spool of this recorder, locked by it: a socket that stands there is a dead one's
   * @param recorder answers what is no order
   */
  void listen(final Path spool, final Answers recorder) {
    if (server != null) {
      return;
    }
    answers = recorder;
    orders = Set.of(Order.STOP);
    final Path path = spool.resolve(FILE_NAME);
    try {
      Files.deleteIfExists(path);
      final ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      server = channel;
      channel.bind(UnixDomainSocketAddress.of(path));
      file = path;
      fileKey = key(path);
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
      Thread.ofPlatform().name("control").daemon().start(() -> accept(channel));
    } catch (final IOException | RuntimeException e) {
      LOG.warn("no orders can be taken at {}: {}", path, Messages.of(e));
    }
  }

  /** From now on {@link Order#LEAVE} can be carried out, too. */
  void takeLeave() {
    orders = Set.of(Order.values());
  }

  private static @Nullable Object key(final Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
  }

  /** Completes with the first order. */
  CompletableFuture<Order> order() {
    return order;
  }

  /** Takes no more orders. To be called while the spool is still locked: the next one listens. */
  void stopListening() {
    try {
      if (server != null) {
        server.close();
      }
      if (file != null && Files.exists(file) && Objects.equals(key(file), fileKey)) {
        Files.delete(file);
      }
    } catch (final IOException e) {
      LOG.debug("control socket: {}", e.getMessage());
    }
    server = null;
    file = null;
  }

  /** The order is carried out: so {@link #close} tells whoever gave it. */
  void done() {
    answer = DONE;
  }

  @Override
  public void close() {
    stopListening();
    synchronized (waiting) {
      closed = true;
      for (final SocketChannel client : waiting) {
        tell(client, answer);
        closeQuietly(client);
      }
      waiting.clear();
    }
  }

  private void accept(final ServerSocketChannel channel) {
    while (channel.isOpen()) {
      try {
        final SocketChannel client = channel.accept();
        Thread.ofVirtual().name("control-client").start(() -> serve(client));
      } catch (final ClosedChannelException e) {
        return;
      } catch (final IOException | RuntimeException | Error e) {
        LOG.warn("an order could not be taken: {}", e.toString());
      }
    }
  }

  private void serve(final SocketChannel client) {
    try {
      final String user = client.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
      if (!user.equals("root") && !user.equals(System.getProperty("user.name"))) {
        throw new IOException("user " + Printable.of(user) + " may give no orders");
      }
      final String asked = firstLine(client);
      final String line = asked.equals(STOP_UNUSED) ? Order.STOP.word : asked;
      for (final Order candidate : orders) {
        if (candidate.word.equals(line)) {
          if (!takeIn(client)) {
            return;
          }
          LOG.info("asked to {} by user {}", asked, Printable.of(user));
          if (asked.equals(STOP_UNUSED) && isInUse(client)) {
            return;
          }
          order.complete(candidate);
          return;
        }
      }
      final Answers recorder = answers;
      if (recorder == null) {
        throw noOrder(line);
      }
      answer(client, question(recorder, line));
    } catch (final IOException e) {
      LOG.warn("control socket: {}", Messages.of(e));
      closeQuietly(client);
    }
  }

  /**
   * Tells a client that its order is taken; {@link #close} will tell what has come of it.
   *
   * @return false when it has told that already
   */
  private boolean takeIn(final SocketChannel client) {
    synchronized (waiting) {
      tell(client, OK + ProcessHandle.current().pid());
      if (closed) {
        tell(client, answer);
        closeQuietly(client);
        return false;
      }
      waiting.add(client);
      return true;
    }
  }

  /**
   * Whether somebody uses the disk; then the client is told who. Waits while there is no disk yet.
   */
  private boolean isInUse(final SocketChannel client) {
    final Answers recorder = answers;
    final List<String> users = recorder == null ? List.of() : users(recorder);
    if (users.isEmpty()) {
      return false;
    }
    synchronized (waiting) {
      if (!waiting.remove(client)) {
        return true; // the recorder has ended meanwhile, and said so
      }
    }
    tell(client, FAILED + " " + String.join("; ", users));
    closeQuietly(client);
    return true;
  }

  /** A disk that is not served yet counts as used. */
  private static List<String> users(final Answers recorder) {
    try {
      return recorder.users();
    } catch (final IOException e) {
      return List.of(Messages.of(e));
    }
  }

  /** What is to be done, and answers what is to be told. */
  private static Callable<String> question(final Answers recorder, final String line)
      throws IOException {
    if (line.startsWith(MARK)) {
      final byte[] text = text(line.substring(MARK.length()));
      return () -> Long.toString(recorder.mark(text));
    }
    if (line.equals(STATUS)) {
      return () -> Json.ascii(recorder.status());
    }
    if (line.matches(SPOOL_LIMIT + "[0-9]{1,18}")) {
      final String bytes = line.substring(SPOOL_LIMIT.length());
      return () -> {
        recorder.setSpoolLimit(Long.parseLong(bytes));
        return bytes;
      };
    }
    for (final OnFull wanted : OnFull.values()) {
      final String word = Words.option(wanted);
      if (line.equals(ON_FULL + word)) {
        return () -> {
          recorder.setOnFull(wanted);
          return word;
        };
      }
    }
    throw noOrder(line);
  }

  private static IOException noOrder(final String line) {
    return new IOException("'%s' is no order here".formatted(Printable.of(line)));
  }

  private static byte[] text(final String hex) throws IOException {
    final byte[] text;
    try {
      text = HexFormat.of().parseHex(hex);
    } catch (final IllegalArgumentException e) {
      throw new IOException("'%s' is no text of a mark".formatted(Printable.of(hex)), e);
    }
    if (text.length == 0) {
      throw new IOException("a mark without a text");
    }
    return text;
  }

  /** Says that it is taken, and then what comes of it. */
  private static void answer(final SocketChannel client, final Callable<String> question) {
    tell(client, OK + ProcessHandle.current().pid());
    try {
      tell(client, DONE + " " + question.call());
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (final IllegalArgumentException e) {
      tell(client, FAILED + " " + Messages.of(e)); // it is the asker's mistake
    } catch (final Exception e) {
      LOG.warn("no answer could be given: {}", Messages.of(e));
      tell(client, FAILED);
    } finally {
      closeQuietly(client);
    }
  }

  /** Of anybody; so no more of it is read than an order can have. */
  private static String firstLine(final SocketChannel client) throws IOException {
    final BufferedReader reader = new BufferedReader(Channels.newReader(client, UTF_8));
    final StringBuilder line = new StringBuilder();
    for (int c = reader.read(); c >= 0 && c != '\n'; c = reader.read()) {
      if (line.length() == MOST_CHARACTERS) {
        throw new IOException("'%s...' is no order".formatted(Printable.of(line.toString())));
      }
      line.append((char) c);
    }
    return line.toString();
  }

  private static void tell(final SocketChannel client, final String line) {
    try {
      final ByteBuffer bytes = ByteBuffer.wrap((line + '\n').getBytes(UTF_8));
      while (bytes.hasRemaining()) {
        client.write(bytes);
      }
    } catch (final IOException e) {
      LOG.debug("control socket: {}", e.getMessage()); // who does not wait for the answer
    }
  }

  private static void closeQuietly(final SocketChannel client) {
    try {
      client.close();
    } catch (final IOException e) {
      LOG.debug("control socket: {}", e.getMessage());
    }
  }
}
