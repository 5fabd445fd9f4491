package io.blockcam.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A recorder in another process, at the other end of its {@link ControlSocket}. */
final class RunningRecorder implements AutoCloseable {

  private static final Duration STATUS_LIMIT = Duration.ofSeconds(5);
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final SocketChannel channel;
  private final BufferedReader answers;
  private volatile long pid;

  private RunningRecorder(final SocketChannel channel) {
    this.channel = channel;
    this.answers = new BufferedReader(Channels.newReader(channel, UTF_8));
  }

  /**
   * The one that has this spool.
   *
   * @return empty when there is none, or it takes no orders
   */
  static Optional<RunningRecorder> find(final Path spool) throws IOException {
    final Path file = spool.resolve(ControlSocket.FILE_NAME);
    if (Files.notExists(file)) {
      return Optional.empty();
    }
    if (!Files.exists(file)) {
      throw new IOException(
          "%s can not be looked at: only the recorder's own user and root may ask it"
              .formatted(file));
    }
    try {
      return Optional.of(new RunningRecorder(SocketChannel.open(UnixDomainSocketAddress.of(file))));
    } catch (final ConnectException e) {
      return Optional.empty(); // it was killed and has left its socket
    } catch (final IOException e) {
      throw new IOException("%s: %s".formatted(file, Messages.of(e)), e);
    }
  }

  /**
   * Gives an order, and waits until it is carried out.
   *
   * @throws IOException when that did not go well; what it says stands in that recorder's log
   */
  void carryOut(final ControlSocket.Order order) throws IOException {
    give(order.word());
    expectDone(answers.readLine());
  }

  /**
   * Stops it, and waits until it has ended; unless somebody uses its disk.
   *
   * @throws CommandException when somebody does: who
   * @throws IOException as {@link #carryOut}
   */
  void stopUnused() throws IOException {
    give(ControlSocket.STOP_UNUSED);
    final @Nullable String end = answers.readLine();
    if (end != null && end.startsWith(ControlSocket.FAILED + " ")) {
      throw CommandException.environment(
          "the disk is in use: %s. Unmount and close it first, or give --force"
              .formatted(end.substring(ControlSocket.FAILED.length() + 1)));
    }
    expectDone(end);
  }

  private void expectDone(final @Nullable String end) throws IOException {
    if (!ControlSocket.DONE.equals(end)) {
      throw new IOException("process %d did not end as it should; see its log".formatted(pid));
    }
  }

  /**
   * Has a mark put into the record.
   *
   * @return the sequence of its record, which is durable
   * @throws IOException when it is not in the record; why stands in that recorder's log
   */
  long mark(final byte[] text) throws IOException {
    give(ControlSocket.MARK + HexFormat.of().formatHex(text));
    final @Nullable String end = answers.readLine();
    if (end == null || !end.matches(ControlSocket.DONE + " [0-9]{1,18}")) {
      throw new IOException("process %d has made no mark; see its log".formatted(pid));
    }
    return Long.parseLong(end.substring(ControlSocket.DONE.length() + 1));
  }

  /**
   * Has it go on with another setting.
   *
   * @param setting as the socket names it, with the space behind
   * @throws CommandException when the value is not one that it can have
   */
  void set(final String setting, final String value) throws IOException {
    give(setting + value);
    final @Nullable String end = answers.readLine();
    if (end != null && end.startsWith(ControlSocket.FAILED + " ")) {
      throw CommandException.usage(end.substring(ControlSocket.FAILED.length() + 1));
    }
    if (!(ControlSocket.DONE + " " + value).equals(end)) {
      throw new IOException("process %d keeps its setting; see its log".formatted(pid));
    }
  }

  /**
   * What it does.
   *
   * @return as {@link StatusReport} has written it
   */
  JsonNode status() throws IOException {
    final Thread watch = closeAfter(STATUS_LIMIT);
    try {
      give(ControlSocket.STATUS);
      final @Nullable String end = answers.readLine();
      if (end == null || !end.startsWith(ControlSocket.DONE + " ")) {
        throw new IOException("process %d tells nothing; see its log".formatted(pid));
      }
      return JSON.readTree(end.substring(ControlSocket.DONE.length() + 1));
    } catch (final ClosedChannelException e) {
      throw new IOException(
          "the recorder has not answered within %d s".formatted(STATUS_LIMIT.toSeconds()), e);
    } finally {
      watch.interrupt();
    }
  }

  /** A socket of a file has no limit of its own for a read. */
  private Thread closeAfter(final Duration limit) {
    return Thread.ofVirtual()
        .start(
            () -> {
              try {
                Thread.sleep(limit);
                channel.close();
              } catch (final InterruptedException | IOException e) {
                // it has answered, or is closed already
              }
            });
  }

  private void give(final String order) throws IOException {
    final ByteBuffer line = ByteBuffer.wrap((order + '\n').getBytes(UTF_8));
    while (line.hasRemaining()) {
      channel.write(line);
    }
    final @Nullable String taken = answers.readLine();
    if (taken == null || !taken.matches(ControlSocket.OK + "[0-9]{1,9}")) {
      throw new IOException("the running recorder does not take the order; see its log");
    }
    pid = Long.parseLong(taken.substring(ControlSocket.OK.length()));
  }

  /** Its process; 0 until an order was taken. */
  long pid() {
    return pid;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
