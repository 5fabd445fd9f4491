package io.blockcam.ublk.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which ublk devices a file stands on, through file systems, device mapper, loop devices and
 * partitions. It asks the kernel's tables and never the file: one on a device that nobody serves
 * would let the caller wait for ever. One thread.
 */
public final class StorageStack {

  /** As the kernel (MAXSYMLINKS). */
  private static final int MOST_LINKS = 40;

  /** Of an anonymous device, as btrfs, tmpfs and overlayfs have them (proc(5), mountinfo). */
  static final String ANONYMOUS = "0:";

  private static final Pattern UBLK = Pattern.compile("ublkb([0-9]{1,7})");
  private static final int MINOR_LOW_BITS = 8;

  private final Path root;
  private final List<Mount> mounts;
  private final Set<Path> seen = new HashSet<>();
  private final Set<Integer> found = new TreeSet<>();

  /** What is mounted where this process can name it. */
  private record Mount(Path point, String device, String source) {}

  private StorageStack(final Path root, final List<Mount> mounts) {
    this.root = root;
    this.mounts = mounts;
  }

  private static List<Mount> mounts(final Path root) throws IOException {
    final List<Mount> mounts = new ArrayList<>();
    for (final MountPoint mount : MountPoint.in(root.resolve("proc/self/mountinfo"))) {
      // No name that this process can say lies below one that it cannot.
      KernelTable.path(mount.point())
          .ifPresent(point -> mounts.add(new Mount(point, mount.device(), mount.source())));
    }
    return mounts;
  }

  /**
   * The numbers of the ublk devices below a file.
   *
   * @param file or directory or block device, which may not be there yet
   */
  public static Set<Integer> below(final Path file) throws IOException {
    return below(file, Path.of("/"));
  }

  /**
   * @param root where proc and sys are
   */
  static Set<Integer> below(final Path file, final Path root) throws IOException {
    final StorageStack stack = new StorageStack(root, mounts(root));
    stack.addFile(file.toAbsolutePath().normalize());
    return stack.found;
  }

  /**
   * The block devices that stand on a ublk device, itself among them: partitions, mapped devices,
   * loop devices on files in it.
   *
   * @return their directories in sysfs; none stands on one behind it
   */
  static List<Path> above(final int ublk) throws IOException {
    return above(ublk, Path.of("/"));
  }

  /**
   * @param root where proc and sys are
   */
  static List<Path> above(final int ublk, final Path root) throws IOException {
    record Standing(Path device, int onDevices) {}
    final List<Standing> above = new ArrayList<>();
    final List<Mount> mounts = mounts(root);
    for (final Path device : KernelTable.entries(root.resolve("sys/class/block"))) {
      final StorageStack stack = new StorageStack(root, mounts);
      stack.addDevice(device);
      if (stack.found.contains(ublk)) {
        above.add(new Standing(device.toRealPath(), stack.seen.size()));
      }
    }
    // Whatever stands on another one stands on all that this one stands on, too.
    return above.stream()
        .sorted(Comparator.comparing(Standing::onDevices).reversed())
        .map(Standing::device)
        .toList();
  }

  /** Follows links one at a time, and looks at nothing that is not known to answer. */
  private void addFile(final Path file) throws IOException {
    Path path = file;
    for (int links = 0; links <= MOST_LINKS; links++) {
      final Optional<Path> target = firstLink(path);
      if (target.isEmpty()) {
        addBlockDevice(path);
        return;
      }
      path = target.get();
    }
    throw new IOException(file + ": too many symbolic links");
  }

  /** What a path becomes when the first link in it is followed; empty when it has none. */
  private Optional<Path> firstLink(final Path path) throws IOException {
    final Path top = path.getRoot();
    for (int i = 1; i <= path.getNameCount(); i++) {
      final Path prefix = top.resolve(path.subpath(0, i));
      addMount(prefix);
      if (!found.isEmpty()) {
        continue; // it may not answer; but what is mounted there can be known
      }
      if (!Files.exists(prefix, LinkOption.NOFOLLOW_LINKS)) {
        return Optional.empty();
      }
      if (Files.isSymbolicLink(prefix)) {
        final Path target = prefix.resolveSibling(Files.readSymbolicLink(prefix));
        final Path rest =
            i == path.getNameCount()
                ? target
                : target.resolve(path.subpath(i, path.getNameCount()));
        return Optional.of(rest.normalize());
      }
    }
    return Optional.empty();
  }

  private void addBlockDevice(final Path path) throws IOException {
    if (!found.isEmpty() || !Files.exists(path)) {
      return;
    }
    final int type = (int) Files.getAttribute(path, "unix:mode") & 0xf000;
    if (type == 0x6000) { // S_IFBLK, inode(7)
      final long device = (long) Files.getAttribute(path, "unix:rdev");
      addDevice(root.resolve("sys/dev/block/" + numbers(device)));
    }
  }

  /** The encoding of makedev(3) in the C library. */
  private static String numbers(final long device) {
    final long major = device >>> MINOR_LOW_BITS & 0xfff | device >>> 32 & ~0xfffL;
    final long minor = device & 0xff | device >>> 12 & ~0xffL;
    return major + ":" + minor;
  }

  private void addMount(final Path path) throws IOException {
    Mount under = null;
    for (final Mount mount : mounts) {
      // The longest, and of those on top of each other the last.
      if (path.startsWith(mount.point())
          && (under == null || mount.point().getNameCount() >= under.point().getNameCount())) {
        under = mount;
      }
    }
    if (under == null) {
      return;
    }
    if (!under.device().startsWith(ANONYMOUS)) {
      addDevice(root.resolve("sys/dev/block/" + under.device()));
    } else if (under.source().startsWith("/dev/")) {
      final Optional<Path> source = KernelTable.path(under.source());
      if (source.isPresent()) {
        final Path name = Files.exists(source.get()) ? source.get().toRealPath() : source.get();
        addDevice(root.resolve("sys/class/block").resolve(name.getFileName()));
      }
    }
  }

  /** A device and those below it. */
  private void addDevice(final Path sysfs) throws IOException {
    final Deque<Path> left = new ArrayDeque<>();
    left.add(sysfs);
    while (!left.isEmpty()) {
      final Path device = left.remove();
      if (!Files.exists(device)) {
        continue;
      }
      final Path real = device.toRealPath();
      if (!seen.add(real)) {
        continue;
      }
      final Matcher ublk = UBLK.matcher(real.getFileName().toString());
      if (ublk.matches()) {
        found.add(Integer.valueOf(ublk.group(1)));
      }
      left.add(KernelTable.disk(real));
      left.addAll(KernelTable.entries(real.resolve("slaves"))); // a partition has none of its own
      final Optional<Path> loop = KernelTable.loopFile(real).flatMap(KernelTable::path);
      if (loop.isPresent()) {
        addFile(loop.get());
      }
    }
  }
}
