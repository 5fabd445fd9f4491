package io.blockcam.cli;

import io.blockcam.archive.Recording;
import io.blockcam.capture.Capture;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.OnFull;
import io.blockcam.capture.disk.DiskFingerprinter;
import io.blockcam.capture.disk.TargetBacking;
import io.blockcam.capture.spool.DiskFingerprint;
import io.blockcam.capture.spool.Spool;
import io.blockcam.nativebindings.NiceThreads;
import io.blockcam.store.ObjectStore;
import io.blockcam.ublk.DeviceOptions;
import io.blockcam.ublk.DeviceOwner;
import io.blockcam.ublk.ReleaseStack;
import io.blockcam.ublk.UblkDevice;
import io.blockcam.ublk.target.FileTarget;
import io.blockcam.uploader.IndexKeeper;
import io.blockcam.uploader.Pace;
import io.blockcam.uploader.Sending;
import io.blockcam.uploader.Uploader;
import io.blockcam.uploader.UploaderStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A disk that is served and recorded, from {@link #start} to {@link #stop}. Control thread.
 *
 * <p>The order of a stop is that of {@code acquired.add} in {@link #start}, read from the end. Each
 * step has a limit; together they stay below the {@code TimeoutStopSec} of the service.
 */
final class RecordingSession {

  private static final Logger LOG = LoggerFactory.getLogger(RecordingSession.class);

  /** How long a stop may take to bring the ring into the spool. */
  private static final Duration SPOOL_LIMIT = Duration.ofSeconds(40);

  private static final Duration MARK_LIMIT = Duration.ofSeconds(30);

  /** How long the users of the disk wait for the spool; the ring keeps what it does not take. */
  private static final Duration HAND_OVER_LIMIT = Duration.ofSeconds(5);

  private final Instant since = Instant.now();
  private final ObjectStore store;
  private final Spool spool;
  private final Uploader uploader;
  private final SpoolMeter meter;
  private final Capture capture;
  private final DiskMemory memory;
  private final UblkDevice device;
  private final ReleaseStack acquired;

  /** The other way down: the device stays, and the next session goes on with it. */
  private final ReleaseStack leaving = new ReleaseStack();

  private boolean handingOver;

  /** Whether the device is or was live: from then on nothing of this run may be removed again. */
  private boolean live;

  /**
   * What a session is made of.
   *
   * @param recording which one goes on, or begins
   * @param diskBytes size of the disk; more than before when it has grown
   * @param spoolDirectory of it
   * @param spoolLimitBytes how much its segments may take
   * @param capture the ring and the segments
   * @param device how the disk is served
   * @param shipLimit how long a stop waits for the archive
   * @param before what the disk looked like when the recorder last looked, or null
   * @param gap whether the disk may have changed unseen since
   * @param sending how segments are sent
   */
  record Plan(
      Recording recording,
      long diskBytes,
      Path spoolDirectory,
      long spoolLimitBytes,
      CaptureOptions capture,
      DeviceOptions device,
      Duration shipLimit,
      @Nullable DiskFingerprint before,
      boolean gap,
      Sending sending) {

    /**
     * For the session after one that was {@linkplain RecordingSession#leave left}.
     *
     * @param last what was set meanwhile holds for the next one, too
     */
    Plan next(final RecordingSession last) throws IOException {
      return new Plan(
          recording,
          diskBytes,
          spoolDirectory,
          last.spoolLimitBytes(),
          capture.with(last.onFull()),
          device,
          shipLimit,
          Spool.diskOf(spoolDirectory).orElse(null),
          /* gap= */ false,
          sending);
    }
  }

  /**
   * Brings everything up, or leaves everything as it was.
   *
   * @param store stays the caller's
   * @param target stays the caller's; a file that it has made is removed when the start fails
   * @param beginning told what is done, from the moment on when the spool is this process's
   */
  static RecordingSession start(
      final Plan plan,
      final ObjectStore store,
      final FileTarget target,
      final Consumer<String> beginning)
      throws IOException {
    final ReleaseStack acquired = new ReleaseStack();
    try {
      return new RecordingSession(plan, store, target, beginning, acquired);
    } catch (final IOException | RuntimeException e) {
      acquired.undo(e);
      throw e;
    }
  }

  private RecordingSession(
      final Plan plan,
      final ObjectStore store,
      final FileTarget target,
      final Consumer<String> beginning,
      final ReleaseStack acquired)
      throws IOException {
    this.acquired = acquired;
    this.store = store;
    if (isAbsentOrEmpty(plan.spoolDirectory())) {
      acquired.add(
          () -> {
            if (!live) {
              removeAll(plan.spoolDirectory());
            }
          });
    }
    spool = openSpool(plan, beginning);
    meter = new SpoolMeter(spool);
    onBothWays(spool::close);
    onBothWays(meter::close);
    uploader = uploader(plan, store, spool);
    onBothWays(uploader::close);
    acquired.add(() -> ship(uploader, plan.shipLimit()));
    final IndexKeeper index =
        new IndexKeeper(
            store,
            plan.recording().name(),
            uploader::awaitPublished,
            plan.spoolDirectory().resolve("index"),
            new NiceThreads());
    onBothWays(index::close);
    if (plan.gap()) {
      spool.distrustDisk(plan.capture().leastRegionBytes());
    }
    spool.growDisk(plan.diskBytes());
    beginning.accept("what an earlier run has left in the ring is brought into the spool");
    capture = Capture.start(spool, plan.capture(), new TargetBacking(target));
    capture.whetherRoomIsMade(() -> isShipping(uploader.status()));
    acquired.add(() -> stopCapture(capture));
    leaving.add(() -> leaveCapture(capture));
    memory =
        new DiskMemory(
            new DiskFingerprinter(target, InstantSource.system()),
            capture::sampledBlocks,
            spool,
            plan.before());
    acquired.add(
        () -> {
          // At rest only if the device has ended as it should and all of it is on the disk.
          memory.end(!acquired.hasFailed(), DiskMemory.END_LIMIT);
          if (!live && plan.before() != null) {
            spool.remember(plan.before());
          }
        });
    leaving.add(() -> memory.leave(DiskMemory.END_LIMIT));
    // From the first write on it is not the disk that was left.
    memory.begin();
    beginning.accept("the device is made");
    device =
        UblkDevice.start(
            plan.device().withOwner(DeviceOwner.of(plan.recording().id())), target, capture.tap());
    live = true;
    target.keep();
    acquired.add(target::sync);
    acquired.add(() -> device.stop(capture::isHopeless));
    leaving.add(device::leave);
    acquired.add(capture::prepareStop);
    // Not earlier: a start that fails must not have published anything.
    uploader.start();
    index.start();
    meter.begin();
  }

  private static Uploader uploader(final Plan plan, final ObjectStore store, final Spool spool) {
    return new Uploader(
        store,
        plan.recording(),
        new SpoolSource(spool),
        plan.sending(),
        Pace.usual(),
        new NiceThreads());
  }

  private static Spool openSpool(final Plan plan, final Consumer<String> beginning)
      throws IOException {
    return Spool.open(
        plan.spoolDirectory(),
        plan.recording(),
        plan.spoolLimitBytes(),
        () -> beginning.accept("the spool is put in order"));
  }

  /** Undoes what was acquired, whether the session is stopped or left. */
  private void onBothWays(final ReleaseStack.Step step) {
    acquired.add(step);
    leaving.add(step);
  }

  /**
   * Gives the spool another limit, until the process ends. Any thread.
   *
   * @throws IllegalArgumentException when that does not hold one write
   */
  void setSpoolLimit(final long bytes) {
    capture.setSpoolLimit(bytes);
  }

  /** Changes what becomes of writes when there is no room, until the process ends. Any thread. */
  void setOnFull(final OnFull wanted) {
    capture.setOnFull(wanted);
  }

  /** How much the spool may take. */
  long spoolLimitBytes() {
    return spool.limitBytes();
  }

  /** What becomes of writes when there is no room. */
  OnFull onFull() {
    return capture.status().gaps().onFull();
  }

  /** What it does now, see {@link StatusReport}. Any thread; waits for nothing. */
  Map<String, Object> status() {
    return StatusReport.json(
        new StatusReport.Identity(
            spool.recording(), spool.diskBytes(), device.info(), spool.directory(), since),
        store,
        new StatusReport.Reading(capture.status(), uploader.status(), meter.rates()),
        Instant.now());
  }

  /**
   * How long {@link #stop} takes at most, when the kernel answers at all.
   *
   * @param shipLimit how long it waits for the archive
   */
  static Duration longestStop(final DeviceOptions device, final Duration shipLimit) {
    return device
        .longestStop()
        .plus(FileTarget.SYNC_LIMIT)
        .plus(DiskMemory.END_LIMIT)
        .plus(SPOOL_LIMIT)
        .plus(Capture.END_LIMIT)
        .plus(shipLimit);
  }

  /** Where the disk is. */
  UblkDevice device() {
    return device;
  }

  /**
   * Names this moment. Any thread.
   *
   * @return the sequence of the record
   */
  long mark(final byte[] text) throws IOException, InterruptedException {
    return capture.mark(text, MARK_LIMIT);
  }

  /** Completes with the reason when the disk cannot be served any more; never otherwise. */
  CompletableFuture<Throwable> failure() {
    return device.failure().applyToEither(capture.failure(), Function.identity());
  }

  /**
   * Ends the session: what was recorded goes into the spool and, if the archive answers in time,
   * out of it. Every step is taken, whatever became of the one before.
   */
  void stop() throws IOException {
    acquired.release();
  }

  /** Whether {@link #leave} is possible: on older kernels the device ends with its server. */
  boolean canBeLeft() {
    return device.info().outlivesServer();
  }

  /**
   * Ends the session in place of {@link #stop}, but not the device: its users wait until the next
   * session goes on with it. What was recorded stays where it is, as after a kill.
   *
   * @throws IOException when not everything is let go of; only the end of the process does that
   */
  void leave() throws IOException {
    leaving.release();
  }

  /**
   * The same for a start that follows at once in another process: the epoch ends in the record.
   *
   * @throws IOException as {@link #leave}
   */
  void handOver() throws IOException {
    handingOver = true;
    leave();
  }

  private void leaveCapture(final Capture left) throws IOException {
    if (handingOver) {
      left.handOver(HAND_OVER_LIMIT);
    } else {
      left.leave();
    }
  }

  private static void stopCapture(final Capture capture) throws IOException {
    if (!capture.stop(SPOOL_LIMIT)) {
      LOG.warn("not everything could be brought into the spool; the next start goes on with it");
    }
  }

  private void ship(final Uploader uploader, final Duration limit) throws InterruptedException {
    if (live && !uploader.drain(limit)) {
      LOG.warn(
          "{} segments are not shipped yet; they stay in the spool and the next start ships them: {}",
          uploader.status().backlog(),
          uploader.status().lastError());
    }
  }

  private static boolean isShipping(final UploaderStatus status) {
    return status.state() == UploaderStatus.State.SHIPPING && status.failures() == 0;
  }

  private static boolean isAbsentOrEmpty(final Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return true;
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.findAny().isEmpty();
    }
  }

  /** A start that failed leaves no spool: it would pass for a recording that was begun. */
  private static void removeAll(final Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }
}
