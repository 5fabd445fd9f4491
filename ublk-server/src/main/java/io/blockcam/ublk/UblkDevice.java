package io.blockcam.ublk;

import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.ublk.control.DeviceIdTakenException;
import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.control.DeviceState;
import io.blockcam.ublk.control.UblkControl;
import io.blockcam.ublk.queue.QueueSet;
import io.blockcam.ublk.queue.ServedDevice;
import io.blockcam.ublk.stack.DiskUsers;
import io.blockcam.ublk.tap.WriteTap;
import io.blockcam.ublk.target.Target;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A live block device, {@code /dev/ublkbN}, from {@link #start} to {@link #stop}.
 *
 * <p>One control thread starts and stops it; the queues' threads serve it.
 */
public final class UblkDevice {

  private static final Logger LOG = LoggerFactory.getLogger(UblkDevice.class);

  /** udev may hold a fresh node for a moment. */
  private static final int OPEN_ATTEMPTS = 200;

  private static final int OPEN_PAUSE_MS = 10;

  /** Between two looks whether somebody still uses the disk. */
  private static final int USERS_PAUSE_MS = 100;

  /** How long the queues may take to leave; each waits five seconds for the target at most. */
  private static final Duration LEAVE_LIMIT = Duration.ofSeconds(8);

  /** The kernel frees the number of a device that nobody uses in milliseconds. */
  static final Duration FREE_LIMIT = Duration.ofSeconds(5);

  private final DeviceInfo info;
  private volatile BooleanSupplier hopeless = () -> false;
  private final CompletableFuture<Throwable> failure = new CompletableFuture<>();

  // Two ways down: the device goes, or it stays and waits for its next server.
  private final ReleaseStack stopping = new ReleaseStack();
  private final ReleaseStack leaving = new ReleaseStack();

  private UblkDevice(final DeviceInfo info) {
    this.info = info;
  }

  /**
   * Brings a device up.
   *
   * @param target stays the caller's; must stay open until {@link #stop} has returned
   * @param tap where every write is shown before it reaches the target, or null
   * @return the device, open for business
   * @throws io.blockcam.ublk.control.NoUblkException when this machine or user cannot have any
   */
  public static UblkDevice start(
      final DeviceOptions options, final Target target, final @Nullable WriteTap tap)
      throws IOException {
    final UblkControl control = UblkControl.open(Posix.linux());
    final Optional<DeviceInfo> left;
    final UblkDevice device;
    try {
      left = new LeftDevice(control, options, target).find();
      device = new UblkDevice(left.isPresent() ? left.get() : addNew(control, options, target));
    } catch (final IOException | RuntimeException e) {
      control.close();
      throw e;
    }
    try {
      device.serve(control, options, target, tap, left.isPresent());
      return device;
    } catch (final IOException | RuntimeException e) {
      // One that was there goes on waiting for a server that comes up.
      (left.isPresent() ? device.leaving : device.stopping).undo(e);
      throw e;
    }
  }

  /**
   * Waits until the kernel has ended what a server of this owner that is dead had on its way to the
   * backing store: before that nobody else can open it. To be called before a target is opened.
   *
   * @throws IOException when that takes longer than {@link DeviceOptions#startLimit}: one line
   * @throws io.blockcam.ublk.control.NoUblkException when this machine or user cannot have any
   */
  public static void awaitEndOfPredecessor(final DeviceOptions options) throws IOException {
    if (options.owner() != DeviceOwner.NOBODY) {
      try (UblkControl control = UblkControl.open(Posix.linux())) {
        LeftDevice.awaitEnd(control, options.owner(), options.startLimit());
      }
    }
  }

  /**
   * @param waits whether its users wait for it
   */
  private void serve(
      final UblkControl control,
      final DeviceOptions options,
      final Target target,
      final @Nullable WriteTap tap,
      final boolean waits)
      throws IOException {
    stopping.add(control::close);
    leaving.add(control::close);
    stopping.add(() -> delete(control, info));
    if (waits) {
      control.startRecovery(info.id(), options.startLimit());
    }
    final Posix posix = Posix.linux();
    final int fd = openCharDevice(posix, info);
    stopping.add(() -> posix.close(fd));
    leaving.add(() -> posix.close(fd));
    final List<byte[]> affinities = new ArrayList<>();
    for (int q = 0; q < info.queues(); q++) {
      affinities.add(control.affinity(info.id(), q));
    }
    final QueueSet queues =
        new QueueSet(
            Posix::linux, new ServedDevice(info, fd, target, tap), affinities, failure::complete);
    final StopLimits limits = StopLimits.within(options.stopLimit());
    stopping.add(() -> endQueues(queues, info, limits));
    stopping.add(() -> stop(control, limits)); // ends the fetches, so that the threads end
    leaving.add(() -> leaveQueues(queues, info));
    queues.start(options.startLimit());
    queues.watch(options.requestLimit());
    if (waits) {
      control.endRecovery(info.id(), options.startLimit());
      LOG.info("{} goes on: its users have waited and lose nothing", info.blockDevicePath());
    } else {
      control.start(info.id(), options.startLimit());
    }
    stopping.add(() -> endUse(limits));
  }

  private static DeviceInfo addNew(
      final UblkControl control, final DeviceOptions options, final Target target)
      throws IOException {
    final long features = control.features();
    long flags = features & Ublk.UBLK_F_CMD_IOCTL_ENCODE();
    if (options.owner() != DeviceOwner.NOBODY
        && (features & DeviceInfo.RECOVERY) == DeviceInfo.RECOVERY) {
      flags |= DeviceInfo.RECOVERY;
    }
    if (!options.scanPartitions()) {
      flags |= features & Ublk.UBLK_F_NO_AUTO_PART_SCAN();
    }
    final DeviceInfo info = add(control, options, flags);
    if (info.maxIoBytes() != options.maxIoBytes() || info.depth() != options.depth()) {
      LOG.info("the driver gave depth {}, {} bytes per request", info.depth(), info.maxIoBytes());
    }
    boolean done = false;
    try {
      control.setParams(info.id(), target.geometry(), info.maxIoBytes());
      done = true;
      return info;
    } finally {
      if (!done) {
        delete(control, info);
      }
    }
  }

  /** Adds the device; if its number is only held by one whose server was killed, removes that. */
  private static DeviceInfo add(
      final UblkControl control, final DeviceOptions options, final long flags) throws IOException {
    try {
      return tryAdd(control, options, flags);
    } catch (final DeviceIdTakenException taken) {
      final DeviceInfo left = control.info(options.id().orElse(-1));
      if (left.state() != DeviceState.DEAD || left.isServerAlive()) {
        throw taken;
      }
      LOG.warn(
          "device {} was left behind by process {}, which is gone: removing it",
          left.id(),
          left.serverPid());
      if (!control.delete(left.id(), FREE_LIMIT)) {
        throw taken; // somebody still has it open, a mounted file system say
      }
      return tryAdd(control, options, flags);
    }
  }

  private static DeviceInfo tryAdd(
      final UblkControl control, final DeviceOptions options, final long flags) throws IOException {
    return control.add(
        options.id(),
        options.queues(),
        options.depth(),
        options.maxIoBytes(),
        flags,
        options.owner());
  }

  private static int openCharDevice(final Posix posix, final DeviceInfo info) throws IOException {
    int fd = -Linux.ENOENT();
    for (int i = 0; i < OPEN_ATTEMPTS; i++) {
      fd = posix.open(info.charDevicePath(), Linux.O_RDWR() | Linux.O_CLOEXEC(), 0);
      if (fd != -Linux.ENOENT() && fd != -Linux.EBUSY()) {
        break;
      }
      try {
        Thread.sleep(OPEN_PAUSE_MS);
      } catch (final InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while waiting for " + info.charDevicePath(), e);
      }
    }
    return ErrnoException.orThrow(fd, "open", info.charDevicePath());
  }

  /** What the driver knows of it; {@link DeviceInfo#blockDevicePath()} is where users find it. */
  public DeviceInfo info() {
    return info;
  }

  /**
   * Completes with the reason when a queue fails; never otherwise. The device must be stopped then,
   * or {@linkplain #leave left}.
   */
  public CompletableFuture<Throwable> failure() {
    return failure;
  }

  /**
   * Takes the device down, within {@link DeviceOptions#stopLimit} and a little: what the kernel
   * still has cached is written while the queues serve, the device stops, the queues end, the
   * number is given back. Each step is taken whatever became of the one before.
   *
   * @throws IOException the first thing that went wrong; nothing more can be done then
   */
  public void stop() throws IOException {
    stop(() -> false);
  }

  /**
   * The same.
   *
   * @param waitsInVain whether the tap takes nothing more and will not: then nothing is waited for
   *     that needs it
   */
  public void stop(final BooleanSupplier waitsInVain) throws IOException {
    hopeless = waitsInVain;
    stopping.release();
  }

  /**
   * Lets go of a device that {@linkplain DeviceInfo#outlivesServer outlives} its server: its users
   * wait for the next one, {@link #start}ed by anybody with the same owner. Requests in flight stay
   * without an answer and are sent to that one, once nothing of them is on its way to the target
   * any more. Instead of {@link #stop}.
   *
   * @throws IOException when not everything is let go of; only the end of the process does that
   */
  public void leave() throws IOException {
    if (!info.outlivesServer()) {
      throw new IllegalStateException(info.blockDevicePath() + " ends with its server");
    }
    leaving.release();
  }

  private void stop(final UblkControl control, final StopLimits limits)
      throws IOException, InterruptedException {
    if ((info.flags() & Ublk.UBLK_F_SAFE_STOP_DEV()) != 0) {
      try {
        if (control.tryStop(info.id(), limits.stop())) {
          return;
        }
        LOG.warn("{} is still in use: removing it anyway", info.blockDevicePath());
      } catch (final IOException e) {
        LOG.debug("the gentle stop did not work: {}", e.getMessage()); // also: it was never live
      }
    }
    if (info.outlivesServer()) {
      // The driver aborts what a recoverable device still has to write back
      // (ublk_force_abort_dev), so that is written before.
      flush(limits.flushAgain());
    }
    control.stop(info.id(), limits.stop());
  }

  private static void endQueues(
      final QueueSet queues, final DeviceInfo info, final StopLimits limits)
      throws InterruptedException {
    try {
      if (!queues.join(limits.queues())) {
        LOG.error("{}: its queues did not end in time", info.blockDevicePath());
      }
    } finally {
      queues.close();
    }
  }

  private static void leaveQueues(final QueueSet queues, final DeviceInfo info)
      throws IOException, InterruptedException {
    try {
      if (!queues.leave(LEAVE_LIMIT)) {
        throw new IOException(
            "the queues of %s do not end, or what they have given to the disk does not"
                .formatted(info.blockDevicePath()));
      }
    } finally {
      queues.close();
    }
  }

  private static void delete(final UblkControl control, final DeviceInfo info) throws IOException {
    if (!control.delete(info.id(), FREE_LIMIT)) {
      LOG.warn("something still holds device {} (a mounted file system?)", info.id());
    }
  }

  /**
   * Writes back what file systems and the page cache hold, and waits for a while until nobody uses
   * the disk any more: what they write after the stop is lost. Not at all when a queue has failed:
   * the device would only answer with errors.
   */
  private void endUse(final StopLimits limits) throws InterruptedException {
    if (failure.isDone()) {
      return;
    }
    List<String> users = DiskUsers.named(info.id());
    if (!users.isEmpty()) {
      LOG.warn(
          "{} is in use: {}. Writing back what is cached for it, and waiting {} s until nobody uses it",
          info.blockDevicePath(),
          String.join("; ", users),
          limits.users().toSeconds());
    }
    flush(limits.flush());
    final long deadlineNs = System.nanoTime() + limits.users().toNanos();
    while (!users.isEmpty()
        && !failure.isDone()
        && !hopeless.getAsBoolean()
        && System.nanoTime() - deadlineNs < 0) {
      Thread.sleep(USERS_PAUSE_MS);
      users = DiskUsers.named(info.id());
    }
  }

  /** It waits for the backing store and for the record, and either may have failed for good. */
  private void flush(final Duration limit) throws InterruptedException {
    final long startNs = System.nanoTime();
    if (!DiskUsers.sync(info.id(), limit, hopeless)) {
      LOG.warn(
          "{} was not flushed within {} s: what its users wrote last may be lost",
          info.blockDevicePath(),
          Duration.ofNanos(System.nanoTime() - startNs).toSeconds());
    }
  }
}
