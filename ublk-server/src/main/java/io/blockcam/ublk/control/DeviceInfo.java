package io.blockcam.ublk.control;

import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.nativebindings.uapi.ublksrv_ctrl_dev_info;
import io.blockcam.ublk.stack.KernelTable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Set;

/**
 * What the driver knows of a device ({@code struct ublksrv_ctrl_dev_info}).
 *
 * @param id the N of /dev/ublkbN
 * @param queues hardware queues
 * @param depth requests in flight per queue
 * @param maxIoBytes largest request
 * @param state as of the answer
 * @param serverPid thread group of its server, or -1
 * @param flags UBLK_F_* in effect
 * @param owner what its server has left there ({@code ublksrv_flags})
 */
public record DeviceInfo(
    int id,
    int queues,
    int depth,
    int maxIoBytes,
    DeviceState state,
    int serverPid,
    long flags,
    long owner) {

  static DeviceInfo read(final MemorySegment info) {
    return new DeviceInfo(
        ublksrv_ctrl_dev_info.dev_id(info),
        ublksrv_ctrl_dev_info.nr_hw_queues(info) & 0xffff,
        ublksrv_ctrl_dev_info.queue_depth(info) & 0xffff,
        ublksrv_ctrl_dev_info.max_io_buf_bytes(info),
        DeviceState.of(ublksrv_ctrl_dev_info.state(info) & 0xffff),
        ublksrv_ctrl_dev_info.ublksrv_pid(info),
        ublksrv_ctrl_dev_info.flags(info),
        ublksrv_ctrl_dev_info.ublksrv_flags(info));
  }

  /** What lets a device outlive its server without an error for its users. */
  public static final long RECOVERY =
      Ublk.UBLK_F_USER_RECOVERY() | Ublk.UBLK_F_USER_RECOVERY_REISSUE();

  /** Whether it waits for another server when this one is gone, and its requests with it. */
  public boolean outlivesServer() {
    return (flags & RECOVERY) == RECOVERY;
  }

  /**
   * Whether the process that served it is there: numbers of processes are used again, soon in a
   * container, so it must have the device open, or the driver while it starts. One whose files may
   * not be looked at counts as it.
   */
  public boolean isServerAlive() {
    if (serverPid <= 0 || !ProcessHandle.of(serverPid).map(ProcessHandle::isAlive).orElse(false)) {
      return false;
    }
    try {
      final Set<String> open = KernelTable.openFiles(Path.of("/proc", Integer.toString(serverPid)));
      return open.contains(charDevicePath())
          || (state == DeviceState.DEAD && open.contains(UblkControl.CONTROL_PATH));
    } catch (final IOException e) {
      return true;
    }
  }

  /** The block device that users of the disk open. */
  public String blockDevicePath() {
    return "/dev/ublkb" + id;
  }

  /** The character device that the server opens. */
  public String charDevicePath() {
    return "/dev/ublkc" + id;
  }
}
