package io.blockcam.ublk;

import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.control.DeviceState;
import io.blockcam.ublk.control.UblkControl;
import java.io.IOException;
import java.util.List;

/** Devices of ours whose server is gone. Control thread. */
public final class OrphanedDevices {

  private final UblkControl control;

  /**
   * @param control stays the caller's
   */
  public OrphanedDevices(final UblkControl control) {
    this.control = control;
  }

  /** All there are, by number. */
  public List<DeviceInfo> find() throws IOException {
    return control.devices().stream()
        .filter(device -> DeviceOwner.isOurs(device.owner()))
        .filter(device -> device.state() != DeviceState.LIVE && !device.isServerAlive())
        .toList();
  }

  /**
   * Removes one; what waits there ends with an error.
   *
   * @return whether its number is free, too
   */
  public boolean remove(final DeviceInfo device) throws IOException {
    if (device.state() != DeviceState.DEAD) {
      control.stop(device.id(), UblkControl.LIMIT);
    }
    return control.delete(device.id(), UblkDevice.FREE_LIMIT);
  }
}
