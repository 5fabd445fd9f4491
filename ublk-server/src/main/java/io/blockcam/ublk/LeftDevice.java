package io.blockcam.ublk;

import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.control.DeviceState;
import io.blockcam.ublk.control.UblkControl;
import io.blockcam.ublk.target.Target;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an earlier server of the same owner has left of its device. Control thread. */
final class LeftDevice {
  private static final Logger LOG = LoggerFactory.getLogger(LeftDevice.class);
  private static final long POLL_NS = 10_000_000;

  /** A wait that is longer is told of. */
  private static final long TELL_NS = 1_000_000_000;

  private final UblkControl control;
  private final DeviceOptions options;
  private final Target target;

  LeftDevice(final UblkControl control, final DeviceOptions options, final Target target) {
    this.control = control;
    this.options = options;
    this.target = target;
  }

  /**
   * The device that waits for its server. One that is dead is removed on the way.
   *
   * @return empty when there is none, and one has to be made
   * @throws IOException when there is one that can not be taken over: one line, it is left alone
   */
  Optional<DeviceInfo> find() throws IOException {
    if (options.owner() == DeviceOwner.NOBODY) {
      return Optional.empty();
    }
    Optional<DeviceInfo> found = Optional.empty();
    for (final DeviceInfo device : ofOwner(control, options.owner())) {
      final DeviceInfo settled = settled(control, device, options.startLimit());
      if (settled.state() == DeviceState.DEAD) {
        LOG.warn("device {} was left behind, dead: removing it", settled.id());
        control.delete(settled.id(), UblkDevice.FREE_LIMIT);
      } else if (found.isPresent()) {
        throw new IOException(
            "%s and %s both wait for this server; remove one with `blockcam reap --id N`"
                .formatted(found.get().blockDevicePath(), settled.blockDevicePath()));
      } else {
        found = Optional.of(checked(settled));
      }
    }
    return found;
  }

  /**
   * Waits for what a server that is dead had on its way to its disk. Until that has ended its ring
   * holds the backing store, and the lock on it, and the driver does not call it dead
   * (io_ring_exit_work, ublk_ch_release).
   *
   * @throws IOException when it does not end in time
   */
  static void awaitEnd(final UblkControl control, final long owner, final Duration limit)
      throws IOException {
    for (final DeviceInfo device : ofOwner(control, owner)) {
      final DeviceInfo settled = settled(control, device, limit);
      if (isUnsettled(settled)) {
        throw new IOException(
            "%s: its server, process %d, is dead, and for %d s its disk has not answered what it was sent; see what holds up the disk"
                .formatted(settled.blockDevicePath(), settled.serverPid(), limit.toSeconds()));
      }
    }
  }

  private static List<DeviceInfo> ofOwner(final UblkControl control, final long owner)
      throws IOException {
    return control.devices().stream().filter(device -> device.owner() == owner).toList();
  }

  private static boolean isUnsettled(final DeviceInfo device) {
    // Whoever looks for a device serves none: what says that it does is what it was before.
    return device.state() == DeviceState.LIVE
        && (!device.isServerAlive() || device.serverPid() == ProcessHandle.current().pid());
  }

  /**
   * The driver needs a moment to notice that a server has died; a slow disk makes it a long one.
   */
  private static DeviceInfo settled(
      final UblkControl control, final DeviceInfo device, final Duration limit) throws IOException {
    final long startNs = System.nanoTime();
    boolean told = false;
    DeviceInfo info = device;
    while (isUnsettled(info) && System.nanoTime() - startNs < limit.toNanos()) {
      if (!told && System.nanoTime() - startNs > TELL_NS) {
        told = true;
        LOG.warn(
            "{}: its server, process {}, is dead, and its disk has not answered yet what it was sent; waiting for that",
            info.blockDevicePath(),
            info.serverPid());
      }
      LockSupport.parkNanos(POLL_NS);
      info = control.info(device.id());
    }
    return info;
  }

  private DeviceInfo checked(final DeviceInfo device) throws IOException {
    if (device.state() != DeviceState.QUIESCED) {
      throw new IOException(
          "%s is served by process %d already, state %s; stop that one first"
              .formatted(device.blockDevicePath(), device.serverPid(), device.state()));
    }
    final long bytes = control.diskBytes(device.id());
    if (bytes != target.geometry().bytes()) {
      throw new IOException(
          "%s waits for this server with a disk of %d bytes, the backing store has %d; bring the right one back, or remove it with `blockcam reap --id %d`"
              .formatted(device.blockDevicePath(), bytes, target.geometry().bytes(), device.id()));
    }
    if (device.maxIoBytes() > options.maxIoBytes()) {
      throw new IOException(
          "%s waits for this server with requests of up to %d bytes, more than the %d this one takes; start the version that made it"
              .formatted(device.blockDevicePath(), device.maxIoBytes(), options.maxIoBytes()));
    }
    if (options.id().isPresent() && options.id().getAsInt() != device.id()) {
      throw new IOException(
          "%s waits for this server, and --id says %d; leave --id out, or remove it with `blockcam reap --id %d`"
              .formatted(device.blockDevicePath(), options.id().getAsInt(), device.id()));
    }
    if (device.queues() != options.queues() || device.depth() != options.depth()) {
      LOG.warn(
          "{} keeps the {} queues of depth {} that it has, whatever is asked for",
          device.blockDevicePath(),
          device.queues(),
          device.depth());
    }
    LOG.info("{} waits for its server: taking it over", device.blockDevicePath());
    return device;
  }
}
