package io.blockcam.ublk.control;

import java.io.IOException;

/** The number that was asked for belongs to a device that exists. */
public final class DeviceIdTakenException extends IOException {

  private static final long serialVersionUID = 1L;

  DeviceIdTakenException(final int id) {
    super(
        "device id " + id + " is taken: /dev/ublkb" + id + " exists; choose another --id or none");
  }
}
