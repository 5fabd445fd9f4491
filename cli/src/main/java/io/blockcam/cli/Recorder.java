package io.blockcam.cli;

import io.blockcam.capture.OnFull;
import io.blockcam.store.ObjectStore;
import io.blockcam.ublk.DeviceOwner;
import io.blockcam.ublk.UblkDevice;
import io.blockcam.ublk.stack.DiskUsers;
import io.blockcam.ublk.target.FileTarget;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves and records a disk until it is told to stop, in one session after the other if one fails
 * and the device outlives it. Control thread.
 */
final class Recorder {

  private static final Logger LOG = LoggerFactory.getLogger(Recorder.class);

  private final ObjectStore store;
  private final FileTarget target;
  private final StopSignal signal;
  private final ControlSocket control;
  private volatile @Nullable RecordingSession current;

  /** What it does while there is no {@link #current} one. */
  private volatile Map<String, Object> beginning = Map.of();

  /** Guarded by this: whether what is set now holds. */
  private boolean settable;

  private final Answers answers = new Answers();
  private final RestartLimit limit = new RestartLimit();

  /** Why a session ends. */
  private sealed interface End {
    /** It was told to. */
    record Told(ControlSocket.Order order) implements End {}

    /** The disk can not be served any more. */
    record Failed(Throwable cause) implements End {}
  }

  /** All stays the caller's. */
  Recorder(
      final ObjectStore store,
      final FileTarget target,
      final StopSignal signal,
      final ControlSocket control) {
    this.store = store;
    this.target = target;
    this.signal = signal;
    this.control = control;
  }

  /**
   * Runs until a signal, an order or a failure that can not be mended.
   *
   * @param onLive told of the first session
   * @return the exit status
   */
  int run(final RecordingSession.Plan first, final Consumer<RecordingSession> onLive)
      throws IOException {
    RecordingSession.Plan plan = first;
    RecordingSession session = start(plan);
    boolean left = false;
    try {
      if (session.canBeLeft()) {
        control.takeLeave();
      }
      onLive.accept(session);
      while (true) {
        final End end = awaitEnd(session);
        if (end instanceof End.Failed failed) {
          LOG.error("the disk can not be served any more", failed.cause());
        }
        if (!session.canBeLeft() || end.equals(new End.Told(ControlSocket.Order.STOP))) {
          return end instanceof End.Told ? ExitCode.DONE : ExitCode.ENVIRONMENT;
        }
        left = true;
        target.leave(); // if the next session is another process's; not synced while users wait
        if (end instanceof End.Told) {
          control.stopListening();
          session.handOver();
          return ExitCode.LEFT;
        }
        plan = endSettings(plan, session);
        session = startAgain(session, plan);
        left = false;
      }
    } finally {
      if (!left) {
        control.stopListening();
        session.stop();
      }
    }
  }

  /** Of the session of the moment. */
  private final class Answers implements ControlSocket.Answers {
    @Override
    public long mark(final byte[] text) throws IOException, InterruptedException {
      return session().mark(text);
    }

    @Override
    public List<String> users() throws IOException {
      return DiskUsers.named(awaitSession().device().info().id());
    }

    @Override
    public Map<String, Object> status() {
      final RecordingSession session = current;
      return session == null ? beginning : session.status();
    }

    @Override
    public void setSpoolLimit(final long bytes) throws IOException {
      set(session -> session.setSpoolLimit(bytes));
    }

    @Override
    public void setOnFull(final OnFull wanted) throws IOException {
      set(session -> session.setOnFull(wanted));
    }

    private void set(final Consumer<RecordingSession> setting) throws IOException {
      synchronized (Recorder.this) {
        if (!settable) {
          throw new IllegalArgumentException("the recorder begins anew just now; try again");
        }
        setting.accept(session());
      }
    }

    /** What holds a disk that is left for the next session is known once that serves it. */
    private RecordingSession awaitSession() throws IOException {
      synchronized (Recorder.this) {
        try {
          while (current == null) {
            Recorder.this.wait();
          }
          return current;
        } catch (final InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IOException("interrupted while the recorder begins", e);
        }
      }
    }

    private RecordingSession session() throws IOException {
      final RecordingSession session = current;
      if (session == null) {
        throw new IOException("the recorder begins just now");
      }
      return session;
    }
  }

  /** What was set so far goes into the next plan; what would be set from now on would be lost. */
  private synchronized RecordingSession.Plan endSettings(
      final RecordingSession.Plan plan, final RecordingSession session) throws IOException {
    settable = false;
    current = null;
    return plan.next(session);
  }

  private RecordingSession startAgain(
      final RecordingSession failed, final RecordingSession.Plan plan) throws IOException {
    final long failedNs = System.nanoTime();
    failed.leave();
    final String device = failed.device().info().blockDevicePath();
    if (!limit.allowsOne(failedNs)) {
      throw new IOException(
          "failed %d times within %d s; %s waits for the next start"
              .formatted(RestartLimit.MOST + 1, RestartLimit.WITHIN.toSeconds(), device));
    }
    UblkDevice.awaitEndOfPredecessor(
        plan.device().withOwner(DeviceOwner.of(plan.recording().id())));
    final RecordingSession session = start(plan);
    LOG.warn(
        "{} is served again; its users have waited for {} ms",
        device,
        (System.nanoTime() - failedNs) / 1_000_000);
    return session;
  }

  private End awaitEnd(final RecordingSession session) {
    final CompletableFuture<End> end = new CompletableFuture<>();
    signal.wanted().thenRun(() -> end.complete(new End.Told(ControlSocket.Order.STOP)));
    control.order().thenAccept(order -> end.complete(new End.Told(order)));
    session.failure().thenAccept(cause -> end.complete(new End.Failed(cause)));
    return end.join();
  }

  private RecordingSession start(final RecordingSession.Plan plan) throws IOException {
    final Instant since = Instant.now();
    final RecordingSession session =
        RecordingSession.start(
            plan,
            store,
            target,
            doing -> {
              beginning = StatusReport.beginning(plan.recording(), plan.diskBytes(), since, doing);
              control.listen(plan.spoolDirectory(), answers); // the spool is this process's now
            });
    synchronized (this) {
      current = session;
      settable = true;
      notifyAll();
    }
    return session;
  }
}
