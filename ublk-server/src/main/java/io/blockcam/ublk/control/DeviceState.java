package io.blockcam.ublk.control;

/** State of a device as the driver tells it (UBLK_S_DEV_* of linux/ublk_cmd.h). */
public enum DeviceState {
  DEAD,
  LIVE,
  QUIESCED,
  FAIL_IO,
  UNKNOWN;

  static DeviceState of(final int state) {
    return state >= 0 && state < UNKNOWN.ordinal() ? values()[state] : UNKNOWN;
  }
}
