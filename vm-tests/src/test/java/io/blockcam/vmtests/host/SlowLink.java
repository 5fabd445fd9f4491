package io.blockcam.vmtests.host;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The network between a recorder and an HDFS on loopback: carries so many bytes a second to the
 * DataNode, all connections together, or nothing. It rewrites where the NameNode sends its clients.
 */
public final class SlowLink implements AutoCloseable {

  /** Of scripts/hdfs: the NameNode's port of WebHDFS, and then the DataNode's. */
  private static final int PORTS_BETWEEN = 2;

  private static final int CHUNK_BYTES = 64 << 10;

  /** What a sleep that was too long is made up for: the host's timer may tick every 10 ms. */
  private static final long MOST_BEHIND_NS = TimeUnit.MILLISECONDS.toNanos(100);

  private final InetAddress loopback = InetAddress.getLoopbackAddress();
  private final List<Socket> open = new CopyOnWriteArrayList<>();
  private final ServerSocket nameNode;
  private final ServerSocket dataNode;
  private final String redirect;
  private final String redirected;
  private final long bytesPerSecond;
  private volatile boolean cut;
  private long freeAtNs = System.nanoTime();

  /**
   * @param hdfs started
   * @param bytesPerSecond to the DataNode
   */
  public SlowLink(final Hdfs hdfs, final long bytesPerSecond) throws IOException {
    this.bytesPerSecond = bytesPerSecond;
    final int port = Integer.parseInt(hdfs.uri().substring(hdfs.uri().lastIndexOf(':') + 1));
    this.nameNode = new ServerSocket(0, 50, loopback);
    this.dataNode = new ServerSocket(0, 50, loopback);
    this.redirect = ":" + (port + PORTS_BETWEEN) + "/";
    this.redirected = ":" + dataNode.getLocalPort() + "/";
    carry(nameNode, port, /* slow= */ false);
    carry(dataNode, port + PORTS_BETWEEN, /* slow= */ true);
  }

  /** {@code webhdfs://host:port}, through the link. */
  public String uri() {
    return "webhdfs://%s:%d".formatted(loopback.getHostAddress(), nameNode.getLocalPort());
  }

  /** Connections that are there end, new ones are not taken any more. */
  public void cut() {
    cut = true;
    open.forEach(SlowLink::closeQuietly);
  }

  /** Takes connections again. */
  public void mend() {
    cut = false;
  }

  private void carry(final ServerSocket listener, final int port, final boolean slow) {
    Thread.ofVirtual()
        .start(
            () -> {
              while (!listener.isClosed()) {
                try {
                  final Socket client = listener.accept();
                  open.add(client);
                  if (cut) {
                    closeQuietly(client);
                  } else {
                    connect(client, port, slow);
                  }
                } catch (final IOException e) {
                  // closed, or nobody listens behind it: the client sees its connection end
                }
              }
            });
  }

  private void connect(final Socket client, final int port, final boolean slow) throws IOException {
    final Socket server = new Socket();
    open.add(server);
    try {
      server.connect(new InetSocketAddress(loopback, port));
    } catch (final IOException e) {
      closeQuietly(client);
      throw e;
    }
    Thread.ofVirtual().start(() -> copy(client, server, slow, false));
    Thread.ofVirtual().start(() -> copy(server, client, false, !slow));
  }

  private void copy(
      final Socket from, final Socket to, final boolean slow, final boolean rewrites) {
    try (from;
        to) {
      final InputStream in = from.getInputStream();
      final OutputStream out = to.getOutputStream();
      final byte[] chunk = new byte[CHUNK_BYTES];
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        if (slow) {
          awaitTurn(n);
        }
        out.write(rewrites ? rewritten(chunk, n) : Arrays.copyOf(chunk, n));
        out.flush();
      }
    } catch (final IOException e) {
      // one side has ended, and both do
    }
  }

  /** Latin-1 keeps every byte as it is. */
  private byte[] rewritten(final byte[] chunk, final int n) {
    return new String(chunk, 0, n, StandardCharsets.ISO_8859_1)
        .replace(redirect, redirected)
        .getBytes(StandardCharsets.ISO_8859_1);
  }

  private void awaitTurn(final int bytes) {
    final long untilNs;
    synchronized (this) {
      freeAtNs =
          Math.max(freeAtNs, System.nanoTime() - MOST_BEHIND_NS)
              + bytes * TimeUnit.SECONDS.toNanos(1) / bytesPerSecond;
      untilNs = freeAtNs;
    }
    while (System.nanoTime() - untilNs < 0) {
      LockSupport.parkNanos(untilNs - System.nanoTime());
    }
  }

  private static void closeQuietly(final Socket socket) {
    try {
      socket.close();
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    nameNode.close();
    dataNode.close();
    open.forEach(SlowLink::closeQuietly);
  }
}
