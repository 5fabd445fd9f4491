package io.blockcam.ublk.queue;

import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.tap.WriteTap;
import io.blockcam.ublk.target.Target;
import org.jspecify.annotations.Nullable;

/**
 * The device that the queues serve.
 *
 * @param info what the driver made of it
 * @param charDeviceFd /dev/ublkcN, open for the life of the queues
 * @param target what it stands on; stays the caller's
 * @param tap where every write is shown first, or null
 */
public record ServedDevice(
    DeviceInfo info, int charDeviceFd, Target target, @Nullable WriteTap tap) {}
