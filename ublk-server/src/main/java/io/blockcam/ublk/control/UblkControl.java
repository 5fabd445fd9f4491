package io.blockcam.ublk.control;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.nativebindings.uapi.ublk_param_basic;
import io.blockcam.nativebindings.uapi.ublk_param_discard;
import io.blockcam.nativebindings.uapi.ublk_params;
import io.blockcam.nativebindings.uapi.ublksrv_ctrl_cmd;
import io.blockcam.nativebindings.uapi.ublksrv_ctrl_dev_info;
import io.blockcam.ublk.target.Geometry;
import io.blockcam.ublk.target.Zeroing;
import io.blockcam.uring.IoUring;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The commands of {@code /dev/ublk-control} (Documentation/block/ublk.rst, "Control plane").
 *
 * <p>Most commands are carried out by a kernel worker and some wait for others: START_DEV for the
 * queues, STOP_DEV for requests in flight, DEL_DEV for the last user. So each has a limit, and each
 * has a ring of its own: one that never ends cannot disturb the next. What an unfinished command
 * points to stays allocated for ever, because the kernel may still write there.
 *
 * <p>One thread at a time.
 */
public final class UblkControl implements AutoCloseable {

  /** How long a command may take that waits for nobody; it answers in microseconds. */
  public static final Duration LIMIT = Duration.ofSeconds(20);

  private static final long POLL_NS = 2_000_000;

  private static final Pattern NODE = Pattern.compile("ublkc([0-9]{1,7})");
  static final String CONTROL_PATH = "/dev/ublk-control";
  private static final short NO_QUEUE = (short) -1;
  private static final int CPU_MASK_BYTES = 128;

  private final Posix posix;
  private final int fd;

  private UblkControl(final Posix posix, final int fd) {
    this.posix = posix;
    this.fd = fd;
  }

  /**
   * Opens the driver.
   *
   * @param posix becomes this object's
   * @throws NoUblkException when there is no driver or no permission; the message says what to do
   */
  public static UblkControl open(final Posix posix) throws IOException {
    final int fd = posix.open(CONTROL_PATH, Linux.O_RDWR() | Linux.O_CLOEXEC(), 0);
    if (fd >= 0) {
      return new UblkControl(posix, fd);
    }
    if (fd == -Linux.ENOENT() || fd == -Linux.ENODEV() || fd == -Linux.ENXIO()) {
      throw new NoUblkException(
          "no "
              + CONTROL_PATH
              + ": this kernel has no ublk driver loaded; try `modprobe ublk_drv` (Linux 6.4 or"
              + " newer with CONFIG_BLK_DEV_UBLK)");
    }
    if (fd == -Linux.EACCES() || fd == -Linux.EPERM()) {
      throw new NoUblkException("no permission to open " + CONTROL_PATH + ": run as root");
    }
    throw new ErrnoException("open", CONTROL_PATH, -fd);
  }

  /** UBLK_F_* that this driver knows; 0 when it is too old to say (before 6.4). */
  public long features() throws IOException {
    try (Buffer buffer = new Buffer(Long.BYTES)) {
      final int result = run(Ublk.UBLK_U_CMD_GET_FEATURES(), -1, NO_QUEUE, buffer, 0, LIMIT);
      if (result < 0) {
        throw new NoUblkException(
            "the ublk driver of this kernel is too old (GET_FEATURES: "
                + Errno.describe(-result)
                + "); Linux 6.4 or newer is needed");
      }
      return buffer.segment.get(ValueLayout.JAVA_LONG, 0);
    }
  }

  /**
   * ADD_DEV: makes the character device.
   *
   * @param id the number wanted, or empty for the next free one
   * @param queues wanted; the driver gives at most one per CPU
   * @param depth 1 .. 4096
   * @param maxIoBytes a multiple of the page size
   * @param flags UBLK_F_* wanted; the answer says which are in effect
   * @param owner kept with the device, see {@link DeviceInfo#owner}
   * @return what the driver made of it
   */
  public DeviceInfo add(
      final OptionalInt id,
      final int queues,
      final int depth,
      final int maxIoBytes,
      final long flags,
      final long owner)
      throws IOException {
    try (Buffer buffer = new Buffer(ublksrv_ctrl_dev_info.sizeof())) {
      final MemorySegment info = buffer.segment;
      ublksrv_ctrl_dev_info.dev_id(info, id.orElse(-1));
      ublksrv_ctrl_dev_info.nr_hw_queues(info, (short) queues);
      ublksrv_ctrl_dev_info.queue_depth(info, (short) depth);
      ublksrv_ctrl_dev_info.max_io_buf_bytes(info, maxIoBytes);
      ublksrv_ctrl_dev_info.ublksrv_pid(info, (int) ProcessHandle.current().pid());
      ublksrv_ctrl_dev_info.flags(info, flags);
      ublksrv_ctrl_dev_info.ublksrv_flags(info, owner);
      final int result = run(Ublk.UBLK_U_CMD_ADD_DEV(), id.orElse(-1), NO_QUEUE, buffer, 0, LIMIT);
      if (result == -Linux.EEXIST()) {
        throw new DeviceIdTakenException(id.orElse(-1));
      }
      if (result == -Linux.EPERM() || result == -Linux.EACCES()) {
        throw new NoUblkException("the kernel refuses to add a ublk device: run as root");
      }
      ErrnoException.orThrow(result, "ADD_DEV", "queues " + queues, "depth " + depth);
      return DeviceInfo.read(info);
    }
  }

  /** SET_PARAMS: tells the size and the abilities of the disk. Before START_DEV. */
  public void setParams(final int id, final Geometry geometry, final int maxIoBytes)
      throws IOException {
    try (Buffer buffer = new Buffer(ublk_params.sizeof())) {
      final MemorySegment params = buffer.segment;
      ublk_params.len(params, (int) ublk_params.sizeof());
      int types = Ublk.UBLK_PARAM_TYPE_BASIC();

      final MemorySegment basic = ublk_params.basic(params);
      int attributes = 0;
      if (geometry.hasVolatileCache()) {
        attributes |= Ublk.UBLK_ATTR_VOLATILE_CACHE() | Ublk.UBLK_ATTR_FUA();
      }
      if (geometry.readOnly()) {
        attributes |= Ublk.UBLK_ATTR_READ_ONLY();
      }
      final byte physicalShift =
          (byte) Integer.numberOfTrailingZeros(geometry.physicalBlockBytes());
      ublk_param_basic.attrs(basic, attributes);
      ublk_param_basic.logical_bs_shift(
          basic, (byte) Integer.numberOfTrailingZeros(geometry.logicalBlockBytes()));
      ublk_param_basic.physical_bs_shift(basic, physicalShift);
      ublk_param_basic.io_min_shift(basic, physicalShift);
      ublk_param_basic.io_opt_shift(basic, physicalShift);
      ublk_param_basic.max_sectors(basic, maxIoBytes / Geometry.SECTOR_BYTES);
      ublk_param_basic.dev_sectors(basic, geometry.bytes() / Geometry.SECTOR_BYTES);

      if (geometry.zeroing() != Zeroing.NONE) {
        types |= Ublk.UBLK_PARAM_TYPE_DISCARD();
        final MemorySegment discard = ublk_params.discard(params);
        ublk_param_discard.discard_granularity(discard, geometry.physicalBlockBytes());
        ublk_param_discard.max_discard_sectors(discard, geometry.zeroing().maxDiscardSectors());
        ublk_param_discard.max_write_zeroes_sectors(
            discard, geometry.zeroing().maxWriteZeroesSectors());
        ublk_param_discard.max_discard_segments(discard, (short) 1);
      }
      ublk_params.types(params, types);
      ErrnoException.orThrow(
          run(Ublk.UBLK_U_CMD_SET_PARAMS(), id, NO_QUEUE, buffer, 0, LIMIT),
          "SET_PARAMS",
          "device " + id,
          geometry);
    }
  }

  /** GET_QUEUE_AFFINITY: the CPUs whose requests reach a queue, as a cpu_set_t of 1024 bits. */
  public byte[] affinity(final int id, final int queue) throws IOException {
    try (Buffer buffer = new Buffer(CPU_MASK_BYTES)) {
      ErrnoException.orThrow(
          run(Ublk.UBLK_U_CMD_GET_QUEUE_AFFINITY(), id, NO_QUEUE, buffer, queue, LIMIT),
          "GET_QUEUE_AFFINITY",
          "device " + id,
          "queue " + queue);
      return buffer.segment.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** START_DEV: the disk appears. Waits until every queue has fetched all its tags. */
  public void start(final int id, final Duration limit) throws IOException {
    final long pid = ProcessHandle.current().pid();
    ErrnoException.orThrow(
        run(Ublk.UBLK_U_CMD_START_DEV(), id, NO_QUEUE, null, pid, limit),
        "START_DEV",
        "device " + id);
  }

  /**
   * START_USER_RECOVERY: a device that has lost its server may be opened again. While the driver
   * still lets go of the old server's descriptors it answers EBUSY: waited for.
   */
  public void startRecovery(final int id, final Duration limit) throws IOException {
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    int result = recover(Ublk.UBLK_U_CMD_START_USER_RECOVERY(), id, 0, limit);
    while (result == -Linux.EBUSY() && System.nanoTime() - deadlineNs < 0) {
      LockSupport.parkNanos(POLL_NS);
      result = recover(Ublk.UBLK_U_CMD_START_USER_RECOVERY(), id, 0, limit);
    }
    ErrnoException.orThrow(result, "START_USER_RECOVERY", "device " + id);
  }

  /** END_USER_RECOVERY: requests go on. Waits until every queue has fetched all its tags. */
  public void endRecovery(final int id, final Duration limit) throws IOException {
    final long pid = ProcessHandle.current().pid();
    ErrnoException.orThrow(
        recover(Ublk.UBLK_U_CMD_END_USER_RECOVERY(), id, pid, limit),
        "END_USER_RECOVERY",
        "device " + id);
  }

  private int recover(final long command, final int id, final long data, final Duration limit)
      throws IOException {
    return run(command, id, NO_QUEUE, null, data, limit);
  }

  /** GET_PARAMS: size of the disk in bytes. */
  public long diskBytes(final int id) throws IOException {
    try (Buffer buffer = new Buffer(ublk_params.sizeof())) {
      ublk_params.len(buffer.segment, (int) ublk_params.sizeof());
      ErrnoException.orThrow(
          run(Ublk.UBLK_U_CMD_GET_PARAMS(), id, NO_QUEUE, buffer, 0, LIMIT),
          "GET_PARAMS",
          "device " + id);
      return ublk_param_basic.dev_sectors(ublk_params.basic(buffer.segment))
          * Geometry.SECTOR_BYTES;
    }
  }

  /** Every device of this driver, whoever made it. */
  public List<DeviceInfo> devices() throws IOException {
    final List<DeviceInfo> devices = new ArrayList<>();
    try (DirectoryStream<Path> nodes = Files.newDirectoryStream(Path.of("/dev"), "ublkc*")) {
      for (final Path node : nodes) {
        final Matcher name = NODE.matcher(node.getFileName().toString());
        if (name.matches()) { // one that goes away meanwhile is none
          find(Integer.parseInt(name.group(1))).ifPresent(devices::add);
        }
      }
    }
    devices.sort(Comparator.comparing(DeviceInfo::id));
    return devices;
  }

  /**
   * TRY_STOP_DEV: the disk goes away if nobody has it open.
   *
   * @return whether it went; false when it is in use
   */
  public boolean tryStop(final int id, final Duration limit) throws IOException {
    final int result = run(Ublk.UBLK_U_CMD_TRY_STOP_DEV(), id, NO_QUEUE, null, 0, limit);
    if (result == -Linux.EBUSY()) {
      return false;
    }
    ErrnoException.orThrow(result, "TRY_STOP_DEV", "device " + id);
    return true;
  }

  /**
   * STOP_DEV: the disk goes away, whoever uses it. The kernel writes back what it has cached while
   * the queues still serve.
   */
  public void stop(final int id, final Duration limit) throws IOException {
    ErrnoException.orThrow(
        run(Ublk.UBLK_U_CMD_STOP_DEV(), id, NO_QUEUE, null, 0, limit), "STOP_DEV", "device " + id);
  }

  /**
   * DEL_DEV_ASYNC: removes the device. Its nodes are gone at once, its number is free when nobody
   * holds it any more: a file system that is still mounted does. DEL_DEV would wait for that, with
   * a lock that every other start and stop of a device on this machine needs.
   *
   * @param limit how long to wait for the number to become free
   * @return whether it did
   */
  public boolean delete(final int id, final Duration limit) throws IOException {
    final int result = run(Ublk.UBLK_U_CMD_DEL_DEV_ASYNC(), id, NO_QUEUE, null, 0, LIMIT);
    if (result == -Linux.EOPNOTSUPP()) { // before 6.7
      ErrnoException.orThrow(
          run(Ublk.UBLK_U_CMD_DEL_DEV(), id, NO_QUEUE, null, 0, limit), "DEL_DEV", "device " + id);
      return true;
    }
    ErrnoException.orThrow(result, "DEL_DEV_ASYNC", "device " + id);
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    while (find(id).isPresent()) {
      if (System.nanoTime() - deadlineNs >= 0) {
        return false;
      }
      LockSupport.parkNanos(POLL_NS);
    }
    return true;
  }

  /** GET_DEV_INFO. */
  public DeviceInfo info(final int id) throws IOException {
    return find(id)
        .orElseThrow(() -> new ErrnoException("GET_DEV_INFO", "device " + id, Linux.ENODEV()));
  }

  private Optional<DeviceInfo> find(final int id) throws IOException {
    try (Buffer buffer = new Buffer(ublksrv_ctrl_dev_info.sizeof())) {
      final int result = run(Ublk.UBLK_U_CMD_GET_DEV_INFO(), id, NO_QUEUE, buffer, 0, LIMIT);
      if (result == -Linux.ENODEV()) {
        return Optional.empty();
      }
      ErrnoException.orThrow(result, "GET_DEV_INFO", "device " + id);
      return Optional.of(DeviceInfo.read(buffer.segment));
    }
  }

  /**
   * Sends one command and waits for its end.
   *
   * @return at least 0, or -errno
   */
  private int run(
      final long command,
      final int id,
      final short queue,
      final @Nullable Buffer buffer,
      final long data,
      final Duration limit)
      throws IOException {
    final IoUring ring = IoUring.builder().entries(4).sqe128(true).build(posix);
    boolean ended = false;
    try {
      final MemorySegment cmd = ring.prepareUringCmd128(fd, (int) command, /* userData= */ 1);
      ublksrv_ctrl_cmd.dev_id(cmd, id);
      ublksrv_ctrl_cmd.queue_id(cmd, queue);
      ublksrv_ctrl_cmd.data(cmd, 0, data);
      if (buffer != null) {
        buffer.inUse = true;
        ublksrv_ctrl_cmd.addr(cmd, buffer.segment.address());
        ublksrv_ctrl_cmd.len(cmd, (short) buffer.segment.byteSize());
      }
      final long deadlineNs = System.nanoTime() + limit.toNanos();
      while (ring.completions() == 0) {
        final long leftNs = deadlineNs - System.nanoTime();
        if (leftNs <= 0) {
          throw new ControlTimeoutException(
              "ublk command 0x"
                  + Long.toHexString(command)
                  + " for device "
                  + id
                  + " did not end within "
                  + limit.toSeconds()
                  + " s");
        }
        ring.submitAndWait(1, leftNs);
      }
      final int result = ring.cqeResult(0);
      ring.advance(1);
      ended = true;
      return result;
    } finally {
      if (ended) {
        if (buffer != null) {
          buffer.inUse = false;
        }
        ring.close();
      }
    }
  }

  @Override
  public void close() {
    posix.close(fd);
  }

  /** Memory that a command points to. Kept for ever when the command did not end. */
  private static final class Buffer implements AutoCloseable {

    private final Arena arena = Arena.ofShared();
    private final MemorySegment segment;
    private boolean inUse;

    Buffer(final long bytes) {
      segment = arena.allocate(bytes, Long.BYTES);
    }

    @Override
    public void close() {
      if (!inUse) {
        arena.close();
      }
    }
  }
}
