package io.blockcam.ublk;

import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.control.DeviceState;
import io.blockcam.ublk.control.UblkControl;
import io.blockcam.ublk.target.Target;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What an earlier server of the same owner has left of its device. Control thread. */
final class LeftDevice {
  private static final Logger LOG = LoggerFactory.getLogger(LeftDevice.class);
  private static final long POLL_NS = 10_000_000;

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
    for (final DeviceInfo device : ofOwner()) {
      final DeviceInfo settled = settled(device);
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

  private List<DeviceInfo> ofOwner() throws IOException {
    return control.devices().stream().filter(device -> device.owner() == options.owner()).toList();
  }

  /** The driver needs a moment to notice that a server has died. */
  private DeviceInfo settled(final DeviceInfo device) throws IOException {
    final long deadlineNs = System.nanoTime() + options.startLimit().toNanos();
    DeviceInfo info = device;
    while (info.state() == DeviceState.LIVE
        && !info.isServerAlive()
        && System.nanoTime() - deadlineNs < 0) {
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
