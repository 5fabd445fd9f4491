package io.blockcam.ublk.stack;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who uses a device: what is mounted from it or from what stands on it (partitions, device mapper,
 * md, loop devices), in whatever mount namespace; what is stacked on it; where it is swap; which
 * processes have it open. Control thread.
 *
 * <p>What this process may not look at, the namespaces of other users say, it does not know of.
 */
public final class DiskUsers {
  private static final Logger LOG = LoggerFactory.getLogger(DiskUsers.class);

  private static final Path SYSTEM = Path.of("/");

  /** This process, in proc. */
  private static final String OWN = "self";

  private static final Duration LOOK = Duration.ofMillis(100);

  /** So many are named; a disk that is in use is in use by few. */
  private static final int MOST_NAMED = 6;

  private final Path root;
  private final int ublk;

  /** Topmost first. */
  private final List<Device> devices = new ArrayList<>();

  private final List<Mounted> mounts = new ArrayList<>();

  /**
   * A block device.
   *
   * @param name as in /dev
   * @param numbers MAJOR:MINOR
   * @param mapped its name below /dev/mapper, or empty
   */
  private record Device(String name, String numbers, String mapped) {
    boolean isSource(final String source) {
      return source.equals("/dev/" + name)
          || (!mapped.isEmpty() && source.equals("/dev/mapper/" + mapped));
    }
  }

  /**
   * @param process in whose mount namespace
   * @param point where, a char for each byte
   */
  private record Mounted(String process, String point, Device device) {}

  private DiskUsers(final int ublk, final Path root) throws IOException {
    this.root = root;
    this.ublk = ublk;
    for (final Path device : StorageStack.above(ublk, root)) {
      devices.add(
          new Device(
              device.getFileName().toString(),
              KernelTable.firstLine(device.resolve("dev")),
              KernelTable.firstLine(device.resolve("dm/name"))));
    }
    findMounts();
  }

  /** Of the device as it is now. */
  static DiskUsers of(final int ublk) throws IOException {
    return new DiskUsers(ublk, SYSTEM);
  }

  /**
   * @param root where proc and sys are
   */
  static DiskUsers of(final int ublk, final Path root) throws IOException {
    return new DiskUsers(ublk, root);
  }

  /**
   * Each in a few words: {@code ublkb0p1 is mounted on /srv}; empty when there is none. What cannot
   * be known to be unused counts as used.
   */
  public static List<String> named(final int ublk) {
    try {
      return DiskUsers.of(ublk).named();
    } catch (final IOException e) {
      return List.of("who uses it cannot be found out (" + e + ")");
    }
  }

  /** As {@link #named(int)} has it. */
  List<String> named() throws IOException {
    final Set<String> named = new LinkedHashSet<>();
    for (final Mounted mount : mounts) {
      named.add(
          "%s is mounted on %s%s"
              .formatted(
                  mount.device().name(),
                  KernelTable.printable(mount.point()),
                  mount.process().equals(OWN)
                      ? ""
                      : " (as process " + mount.process() + " sees it)"));
    }
    for (final Device device : devices) {
      for (final String holder :
          names(root.resolve("sys/class/block/" + device.name() + "/holders"))) {
        named.add("%s is part of %s".formatted(device.name(), holder));
      }
    }
    addSwap(named);
    addLoops(named);
    addProcesses(named);
    return named.stream().limit(MOST_NAMED).toList();
  }

  /**
   * Writes back what file systems and page cache hold for the device, from the top of the stack
   * down. Takes as long as the disk does.
   *
   * @param posix the thread's
   */
  void sync(final Posix posix) {
    for (final Device device : devices) {
      for (final Mounted mount : mounts) {
        if (mount.device().equals(device)) {
          syncMount(posix, mount);
        }
      }
      syncDevice(posix, device);
    }
  }

  /**
   * The same in bounded time: on a thread of its own, since syncfs(2) and fsync(2) have no limit.
   *
   * @param hopeless whether it is in vain; asked again and again
   * @return whether it came to its end
   */
  public static boolean sync(final int ublk, final Duration limit, final BooleanSupplier hopeless)
      throws InterruptedException {
    final AtomicBoolean done = new AtomicBoolean();
    final long startNs = System.nanoTime();
    final Thread thread =
        Thread.ofPlatform()
            .name("ublk" + ublk + "-sync")
            .daemon(true)
            .start(
                () -> {
                  sync(Posix.linux(), ublk);
                  done.set(true);
                });
    boolean ended = false;
    while (!ended && System.nanoTime() - startNs < limit.toNanos() && !hopeless.getAsBoolean()) {
      ended = thread.join(LOOK);
    }
    return done.get();
  }

  private static void sync(final Posix posix, final int ublk) {
    try {
      of(ublk).sync(posix);
    } catch (final IOException e) {
      LOG.warn("what uses /dev/ublkb{} cannot be found: {}", ublk, e.toString());
      syncDevice(posix, new Device("ublkb" + ublk, "", ""));
    }
  }

  private void syncMount(final Posix posix, final Mounted mount) {
    final int flags = Linux.O_RDONLY() | Linux.O_DIRECTORY() | Linux.O_CLOEXEC();
    final String path =
        "%s/root%s".formatted(root.resolve("proc").resolve(mount.process()), mount.point());
    final int fd = openBytes(posix, path, flags);
    final int result = fd < 0 ? fd : posix.syncfs(fd);
    if (result < 0) {
      LOG.warn(
          "{}, mounted from {}, was not synced: {}",
          KernelTable.printable(mount.point()),
          mount.device().name(),
          Errno.describe(-result));
    }
    if (fd >= 0) {
      posix.close(fd);
    }
  }

  /** The page cache of the device itself. One that is not there has none. */
  private static void syncDevice(final Posix posix, final Device device) {
    final String path = "/dev/" + device.name();
    final int fd = posix.open(path, Linux.O_RDONLY() | Linux.O_CLOEXEC(), 0);
    if (fd >= 0) {
      final int result = posix.fsync(fd);
      if (result < 0) {
        LOG.warn("fsync {}: {}", path, Errno.describe(-result));
      }
      posix.close(fd);
    }
  }

  private static int openBytes(final Posix posix, final String path, final int flags) {
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment name = arena.allocateFrom(path, StandardCharsets.ISO_8859_1);
      return posix.openat(Linux.AT_FDCWD(), name, flags, 0);
    }
  }

  private void findMounts() throws IOException {
    final Set<String> namespaces = new HashSet<>();
    addMounts(OWN, namespaces);
    for (final String process : processes()) {
      addMounts(process, namespaces);
    }
  }

  private void addMounts(final String process, final Set<String> namespaces) throws IOException {
    final Path proc = root.resolve("proc").resolve(process);
    try {
      if (!namespaces.add(Files.readSymbolicLink(proc.resolve("ns/mnt")).toString())) {
        return;
      }
      for (final MountPoint mount : MountPoint.in(proc.resolve("mountinfo"))) {
        device(mount).ifPresent(device -> mounts.add(new Mounted(process, mount.point(), device)));
      }
    } catch (final IOException e) {
      LOG.debug("the mounts of process {}: {}", process, e.toString()); // gone, or another's
    }
  }

  /** Which of the devices is mounted there. */
  private Optional<Device> device(final MountPoint mount) {
    return devices.stream()
        .filter(
            device ->
                device.numbers().equals(mount.device())
                    || (mount.device().startsWith(StorageStack.ANONYMOUS)
                        && device.isSource(mount.source())))
        .findFirst();
  }

  private List<String> processes() throws IOException {
    return names(root.resolve("proc")).stream().filter(name -> name.matches("[0-9]+")).toList();
  }

  private void addSwap(final Set<String> to) throws IOException {
    final Path swaps = root.resolve("proc/swaps");
    if (!Files.exists(swaps)) {
      return;
    }
    for (final String line : KernelTable.lines(swaps)) {
      final String place = KernelTable.unescaped(line.split("[ \t]", 2)[0]);
      final Optional<Path> file =
          place.startsWith("/") ? KernelTable.path(place) : Optional.empty();
      if (file.isPresent() && StorageStack.below(file.get(), root).contains(ublk)) {
        to.add("%s is swap".formatted(place));
      }
    }
  }

  /** A loop device on a file in it is no holder in sysfs. */
  private void addLoops(final Set<String> to) throws IOException {
    for (final Device device : devices) {
      KernelTable.loopFile(root.resolve("sys/class/block").resolve(device.name()))
          .ifPresent(
              file ->
                  to.add(
                      "%s is the loop device %s"
                          .formatted(KernelTable.printable(file), device.name())));
    }
  }

  private void addProcesses(final Set<String> to) throws IOException {
    final Map<String, String> nodes = new HashMap<>();
    devices.forEach(device -> nodes.put("/dev/" + device.name(), device.name()));
    devices.stream()
        .filter(device -> !device.mapped().isEmpty())
        .forEach(device -> nodes.put("/dev/mapper/" + device.mapped(), device.name()));
    for (final String process : processes()) {
      final Path proc = root.resolve("proc").resolve(process);
      for (final String fd : openFiles(proc)) {
        final @Nullable String device = nodes.get(fd);
        if (device != null) {
          to.add("%s is open in process %s%s".formatted(device, process, command(proc)));
        }
      }
    }
  }

  /** What a process runs, in brackets; nothing of one that has ended meanwhile (ESRCH, proc(5)). */
  private static String command(final Path process) {
    try {
      return " (%s)".formatted(KernelTable.firstLine(process.resolve("comm")));
    } catch (final IOException e) {
      LOG.debug("the name of {}: {}", process, e.toString());
      return "";
    }
  }

  /** Nothing of another user's process, which this one may not look at. */
  private static Set<String> openFiles(final Path process) {
    try {
      return KernelTable.openFiles(process);
    } catch (final IOException e) {
      LOG.debug("the files of {}: {}", process, e.toString());
      return Set.of();
    }
  }

  private static List<String> names(final Path directory) throws IOException {
    return KernelTable.entries(directory).stream()
        .map(entry -> entry.getFileName().toString())
        .toList();
  }
}
