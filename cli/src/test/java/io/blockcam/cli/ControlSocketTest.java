package io.blockcam.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.capture.OnFull;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
final class ControlSocketTest {

  @TempDir private Path spool;
  private final ControlSocket control = new ControlSocket();
  private final Marks marked = new Marks();

  @AfterEach
  void close() {
    control.close();
  }

  @Test
  void tellsWhenTheOrderIsCarriedOut() throws Exception {
    control.listen(spool, marked);
    control.takeLeave();
    final CompletableFuture<Void> told = carryOut(ControlSocket.Order.LEAVE);
    assertThat(control.order().get(10, TimeUnit.SECONDS)).isEqualTo(ControlSocket.Order.LEAVE);
    assertThat(told).isNotDone();

    control.stopListening();
    assertThat(spool.resolve("control")).as("the next one may listen").doesNotExist();
    control.done();
    control.close();

    told.get(10, TimeUnit.SECONDS);
  }

  /** A start that failed has let go of the spool, and another one was faster. */
  @Test
  void doesNotRemoveWhatTheNextOneListensAt() {
    control.listen(spool, marked);
    try (ControlSocket next = new ControlSocket()) {
      next.listen(spool, marked);

      control.close();

      assertThat(spool.resolve("control")).exists();
    }
    assertThat(spool.resolve("control")).doesNotExist();
  }

  /** Of a recorder that takes all marks but one. */
  private static final class Marks implements ControlSocket.Answers {
    private final List<String> texts = new ArrayList<>();
    private List<String> users = List.of();
    private final CompletableFuture<Void> disk = new CompletableFuture<>();

    @Override
    public List<String> users() throws IOException {
      disk.join();
      if (texts.contains("refused")) {
        throw new IOException("not now");
      }
      return users;
    }

    @Override
    public Map<String, Object> status() throws IOException {
      if (texts.contains("refused")) {
        throw new IOException("not now");
      }
      return Map.of("name", "web\u00fc\n1", "pid", 7);
    }

    @Override
    public void setSpoolLimit(final long bytes) throws IOException {
      if (bytes < 1000) {
        throw new IllegalArgumentException("a spool of %d bytes is too small".formatted(bytes));
      }
      if (texts.contains("refused")) {
        throw new IOException("not now");
      }
      texts.add("limit " + bytes);
    }

    @Override
    public void setOnFull(final OnFull wanted) {
      texts.add("on full " + wanted);
    }

    @Override
    public long mark(final byte[] text) throws IOException {
      texts.add(new String(text, StandardCharsets.UTF_8));
      if (texts.getLast().equals("refused")) {
        throw new IOException("refused");
      }
      return 41 + texts.size();
    }
  }

  @Test
  void doesNotStopADiskThatMayBeInUse() throws Exception {
    control.listen(spool, marked);
    marked.disk.complete(null);
    marked.texts.add("refused");
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      assertThatThrownBy(recorder::stopUnused)
          .isInstanceOf(CommandException.class)
          .hasMessage(
              "the disk is in use: not now." + " Unmount and close it first, or give --force");
    }
    assertThat(control.order()).isNotDone();
  }

  @Test
  void doesNotStopADiskThatIsInUse() throws Exception {
    control.listen(spool, marked);
    marked.disk.complete(null);
    marked.users = List.of("ublkb0p1 is mounted on /gr\u00f6\u00dfe", "ublkb0p2 is part of dm-3");
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      assertThatThrownBy(recorder::stopUnused)
          .isInstanceOf(CommandException.class)
          .hasMessage(
              "the disk is in use: ublkb0p1 is mounted on /gr\u00f6\u00dfe; ublkb0p2 is part of dm-3."
                  + " Unmount and close it first, or give --force");
    }
    assertThat(control.order()).isNotDone();

    marked.users = List.of();
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      final CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> stop(recorder));
      assertThat(control.order().get(10, TimeUnit.SECONDS)).isEqualTo(ControlSocket.Order.STOP);
      control.done();
      control.close();
      stopped.get(10, TimeUnit.SECONDS);
    }
  }

  /** Whether somebody waits for a disk that is not there yet is known when it is. */
  @Test
  void aStopThatComesWhileTheRecorderBeginsWaitsForTheDisk() throws Exception {
    control.listen(spool, marked);
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      final CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> stop(recorder));
      assertThatThrownBy(() -> control.order().get(200, TimeUnit.MILLISECONDS))
          .isInstanceOf(TimeoutException.class);

      marked.disk.complete(null);

      assertThat(control.order().get(10, TimeUnit.SECONDS)).isEqualTo(ControlSocket.Order.STOP);
      control.done();
      control.close();
      stopped.get(10, TimeUnit.SECONDS);
    }
  }

  @Test
  void aStartThatFailsAnswersTheStopThatWaits() throws Exception {
    control.listen(spool, marked);
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      final CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> stop(recorder));
      awaitOrderTaken(recorder);

      control.close();

      assertThatThrownBy(() -> stopped.get(10, TimeUnit.SECONDS))
          .rootCause()
          .hasMessageContaining("did not end as it should");
    }
  }

  /** Wherever the order is when the recorder ends. */
  @Test
  void answersAStopHoweverLateItComes() throws Exception {
    for (int round = 0; round < 200; round++) {
      final Path directory = Files.createDirectory(spool.resolve("round" + round));
      try (ControlSocket late = new ControlSocket()) {
        late.listen(directory, marked);
        try (RunningRecorder recorder = RunningRecorder.find(directory).orElseThrow()) {
          final CompletableFuture<Void> stopped = CompletableFuture.runAsync(() -> stop(recorder));
          while (recorder.pid() == 0 && !stopped.isDone()) {
            Thread.onSpinWait();
          }
          late.close();
          assertThatThrownBy(() -> stopped.get(20, TimeUnit.SECONDS))
              .isInstanceOf(ExecutionException.class);
        }
      }
    }
  }

  private static void awaitOrderTaken(final RunningRecorder recorder) throws InterruptedException {
    while (recorder.pid() == 0) {
      Thread.sleep(1);
    }
  }

  private static void stop(final RunningRecorder recorder) {
    try {
      recorder.stopUnused();
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void putsMarksIntoTheRecord() throws IOException {
    control.listen(spool, marked);
    final String text = "before the upgrade: \u00fcber\u00d7";
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      assertThat(recorder.mark(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(42);
    }
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      assertThatThrownBy(() -> recorder.mark("refused".getBytes(StandardCharsets.UTF_8)))
          .hasMessageContaining("has made no mark");
    }
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      assertThatThrownBy(() -> recorder.mark(new byte[4097])).isInstanceOf(IOException.class);
    }
    assertThat(marked.texts).containsExactly(text, "refused");
    assertThat(control.order()).as("and goes on").isNotDone();
  }

  @Test
  void takesOtherSettings() throws IOException {
    control.listen(spool, marked);
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      recorder.set(ControlSocket.SPOOL_LIMIT, Long.toString(1L << 40));
    }
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      assertThatThrownBy(() -> recorder.set(ControlSocket.SPOOL_LIMIT, "10"))
          .isInstanceOf(CommandException.class)
          .hasMessage("a spool of 10 bytes is too small");
    }
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      recorder.set(ControlSocket.ON_FULL, "gap");
    }
    assertThat(marked.texts).containsExactly("limit " + (1L << 40), "on full GAP");
    marked.texts.add("refused");
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      assertThatThrownBy(() -> recorder.set(ControlSocket.SPOOL_LIMIT, "5000"))
          .hasMessageContaining("keeps its setting; see its log");
    }
  }

  @Test
  void tellsWhatItDoes() throws IOException {
    control.listen(spool, marked);
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      assertThat(recorder.status().get("name").asText()).isEqualTo("web\u00fc\n1");
      assertThat(recorder.pid()).isEqualTo(ProcessHandle.current().pid());
    }
    marked.texts.add("refused");
    try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
      assertThatThrownBy(recorder::status).hasMessageContaining("tells nothing; see its log");
    }
    assertThat(control.order()).as("and goes on").isNotDone();
  }

  /** Whoever asks is not to hang with it. */
  @Test
  void isNotWaitedForWhenItDoesNotAnswer() throws Exception {
    try (ServerSocketChannel dumb = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dumb.bind(UnixDomainSocketAddress.of(spool.resolve("control")));
      try (RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow()) {
        assertThatThrownBy(recorder::status)
            .isInstanceOf(IOException.class)
            .hasMessageContaining("has not answered within");
      }
    }
  }

  @Test
  void tellsWhenItWasNotCarriedOut() throws Exception {
    control.listen(spool, marked);
    control.takeLeave();
    final CompletableFuture<Void> told = carryOut(ControlSocket.Order.STOP);
    control.order().get(10, TimeUnit.SECONDS);

    control.close();

    assertThatThrownBy(told::join)
        .isInstanceOf(CompletionException.class)
        .hasMessageContaining(
            "process %d did not end as it should".formatted(ProcessHandle.current().pid()));
  }

  @Test
  void takesNoOrderThatCanNotBeCarriedOut() throws Exception {
    control.listen(spool, marked);

    assertThatThrownBy(carryOut(ControlSocket.Order.LEAVE)::join)
        .hasMessageContaining("does not take the order");

    assertThat(control.order()).isNotDone();
  }

  @Test
  void takesNothingButOrders() throws Exception {
    control.listen(spool, marked);
    control.takeLeave();
    for (final String line : new String[] {"", "halt\n", "x".repeat(100_000), "stopp\n"}) {
      try (SocketChannel channel =
          SocketChannel.open(UnixDomainSocketAddress.of(spool.resolve("control")))) {
        try {
          channel.write(ByteBuffer.wrap(line.getBytes(US_ASCII)));
          channel.shutdownOutput();
          assertThat(channel.read(ByteBuffer.allocate(10))).as(line).isNegative();
        } catch (final IOException e) {
          assertThat(e).hasMessageContaining("reset"); // closed before all was read
        }
      }
    }
    assertThat(control.order()).isNotDone();
  }

  /** One that was killed leaves its socket. */
  @Test
  void replacesTheSocketOfADeadRecorder() throws Exception {
    final Path file = spool.resolve("control");
    try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(file));
    }
    assertThat(RunningRecorder.find(spool)).isEmpty();
    control.listen(spool, marked);
    control.takeLeave();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    try (RunningRecorder found = RunningRecorder.find(spool).orElseThrow()) {
      assertThat(found.pid()).as("not asked yet").isZero();
    }
  }

  @Test
  void isNotNeeded() throws IOException {
    final Path deep = Files.createDirectories(spool.resolve("d".repeat(200)));

    control.listen(deep, marked);

    assertThat(RunningRecorder.find(deep)).isEmpty();
    assertThat(control.order()).isNotDone();
  }

  private CompletableFuture<Void> carryOut(final ControlSocket.Order order) throws IOException {
    final RunningRecorder recorder = RunningRecorder.find(spool).orElseThrow();
    return CompletableFuture.runAsync(
        () -> {
          try (recorder) {
            recorder.carryOut(order);
          } catch (final IOException e) {
            throw new CompletionException(e.getMessage(), e);
          }
        });
  }
}
