package io.blockcam.ublk;

import io.blockcam.nativebindings.Errno;
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
import io.blockcam.ublk.tap.WriteTap;
import io.blockcam.ublk.target.Target;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
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

  /** What lets a device outlive its server without an error for its users. */
  private static final long RECOVERY =
      Ublk.UBLK_F_USER_RECOVERY() | Ublk.UBLK_F_USER_RECOVERY_REISSUE();

  /** udev may hold a fresh node for a moment. */
  private static final int OPEN_ATTEMPTS = 200;

  private static final int OPEN_PAUSE_MS = 10;

  /** The kernel frees the number of a device that nobody uses in milliseconds. */
  static final Duration FREE_LIMIT = Duration.ofSeconds(5);

  private final DeviceInfo info;
  private final ReleaseStack acquired;
  private final CompletableFuture<Throwable> failure;

  private UblkDevice(
      final DeviceInfo info,
      final ReleaseStack acquired,
      final CompletableFuture<Throwable> failure) {
    this.info = info;
    this.acquired = acquired;
    this.failure = failure;
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
    final Posix posix = Posix.linux();
    final UblkControl control = UblkControl.open(posix);
    final ReleaseStack acquired = new ReleaseStack();
    acquired.add(control::close);
    try {
      final Optional<DeviceInfo> left = new LeftDevice(control, options, target).find();
      final AtomicBoolean ours = new AtomicBoolean(left.isEmpty());
      final DeviceInfo info = left.isPresent() ? left.get() : addNew(control, options, target);
      acquired.add(
          () -> {
            if (ours.get()) {
              delete(control, info);
            } // else it goes on waiting for a server that comes up
          });
      if (left.isPresent()) {
        control.startRecovery(info.id(), options.startLimit());
      }
      final int fd = openCharDevice(posix, info);
      acquired.add(() -> posix.close(fd));
      final List<byte[]> affinities = new ArrayList<>();
      for (int q = 0; q < info.queues(); q++) {
        affinities.add(control.affinity(info.id(), q));
      }
      final CompletableFuture<Throwable> failure = new CompletableFuture<>();
      final QueueSet queues =
          new QueueSet(
              posix, new ServedDevice(info, fd, target, tap), affinities, failure::complete);
      final StopLimits limits = StopLimits.within(options.stopLimit());
      acquired.add(
          () -> {
            if (ours.get()) {
              endQueues(queues, info, limits);
            }
          });
      acquired.add(
          () -> {
            if (ours.get()) {
              stop(control, info, limits); // ends the fetches, so that the threads end
            }
          });
      queues.start(options.startLimit());
      queues.watch(options.requestLimit());
      if (left.isPresent()) {
        control.endRecovery(info.id(), options.startLimit());
        ours.set(true);
        LOG.info("{} goes on: its users have waited and lose nothing", info.blockDevicePath());
      } else {
        control.start(info.id(), options.startLimit());
      }
      acquired.add(() -> flushPageCache(info, failure, limits));
      return new UblkDevice(info, acquired, failure);
    } catch (final IOException | RuntimeException e) {
      acquired.undo(e);
      throw e;
    }
  }

  private static DeviceInfo addNew(
      final UblkControl control, final DeviceOptions options, final Target target)
      throws IOException {
    final long features = control.features();
    long flags = features & Ublk.UBLK_F_CMD_IOCTL_ENCODE();
    if (options.owner() != DeviceOwner.NOBODY && (features & RECOVERY) == RECOVERY) {
      flags |= RECOVERY;
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

  /** Completes with the reason when a queue fails; never otherwise. The device must be stopped. */
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
    acquired.release();
  }

  private static void stop(
      final UblkControl control, final DeviceInfo info, final StopLimits limits)
      throws IOException {
    if ((info.flags() & Ublk.UBLK_F_SAFE_STOP_DEV()) != 0) {
      try {
        if (control.tryStop(info.id(), limits.stop())) {
          return;
        }
        LOG.warn("{} is still in use; it goes away all the same", info.blockDevicePath());
      } catch (final IOException e) {
        LOG.debug("the gentle stop did not work: {}", e.getMessage()); // also: it was never live
      }
    }
    if ((info.flags() & RECOVERY) != 0) {
      // The driver aborts what a recoverable device still has to write back
      // (ublk_force_abort_dev), so that is written before.
      MountedFileSystems.sync(Posix.linux(), info.blockDevicePath(), limits.mounts());
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

  private static void delete(final UblkControl control, final DeviceInfo info) throws IOException {
    if (!control.delete(info.id(), FREE_LIMIT)) {
      LOG.warn("something still holds device {} (a mounted file system?)", info.id());
    }
  }

  /**
   * Writes back what the page cache holds. Our own descriptor is closed again before the device
   * stops, because stopping waits for it. On a thread of its own, since fsync(2) has no limit: it
   * waits for the backing store and for the record, and either may have failed for good. Not at all
   * when a queue has failed: the device would only answer with errors.
   */
  private static void flushPageCache(
      final DeviceInfo info, final CompletableFuture<Throwable> failure, final StopLimits limits)
      throws InterruptedException {
    if (failure.isDone()) {
      return;
    }
    final Thread flusher =
        Thread.ofPlatform()
            .name("ublk" + info.id() + "-flush")
            .daemon(true)
            .start(() -> flushPageCache(Posix.linux(), info.blockDevicePath()));
    if (!flusher.join(limits.flush())) {
      LOG.warn(
          "{} was not flushed within {} s: what its users wrote last may be lost",
          info.blockDevicePath(),
          limits.flush().toSeconds());
    }
  }

  private static void flushPageCache(final Posix posix, final String path) {
    final int fd = posix.open(path, Linux.O_RDONLY() | Linux.O_CLOEXEC(), 0);
    if (fd >= 0) {
      final int result = posix.fsync(fd);
      if (result < 0) {
        LOG.warn("fsync {}: {}", path, Errno.describe(-result));
      }
      posix.close(fd);
    }
  }
}
