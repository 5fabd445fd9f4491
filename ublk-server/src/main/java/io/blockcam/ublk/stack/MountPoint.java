package io.blockcam.ublk.stack;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One line of mountinfo (proc(5)), as far as it is needed; names as {@link KernelTable} has them.
 *
 * @param point where it is mounted
 * @param device MAJOR:MINOR of what is mounted; 0:N of what has no device of its own, as btrfs
 * @param source what was given to mount(8), often a device
 */
record MountPoint(String point, String device, String source) {

  /** Fields of a line; behind them optional ones, a dash, the type, and the source. */
  private static final int DEVICE = 2;

  private static final int POINT = 4;
  private static final String DASH = " - ";

  /** All lines of a mountinfo. */
  static List<MountPoint> in(final Path mountinfo) throws IOException {
    final List<MountPoint> all = new ArrayList<>();
    for (final String line : KernelTable.lines(mountinfo)) {
      final int dash = line.indexOf(DASH);
      final String[] fields = line.split(" ", -1);
      if (dash < 0 || fields.length <= POINT) {
        continue;
      }
      final String[] rest = line.substring(dash + DASH.length()).split(" ", -1);
      all.add(
          new MountPoint(
              KernelTable.unescaped(fields[POINT]),
              fields[DEVICE],
              rest.length > 1 ? KernelTable.unescaped(rest[1]) : ""));
    }
    return all;
  }
}
