package io.blockcam.vmtests.bench;

import java.util.List;

/**
 * What a disk is made to do.
 *
 * @param name in the tables
 * @param fio options of fio(1), without the dashes; none when it is a script
 * @param script of sh(1), which gets the device as $1, an empty directory as $2 and a tar file as
 *     $3
 * @param needsContent whether a disk that keeps nothing takes no part
 */
record Workload(String name, List<String> fio, String script, boolean needsContent) {

  static final Workload WRITE_4K_ONE = small("4k write qd1", "randwrite", 1, false);
  static final Workload WRITE_4K_MANY = small("4k write qd32", "randwrite", 32, false);
  static final Workload READ_4K_ONE = small("4k read qd1", "randread", 1, false);
  static final Workload READ_4K_MANY = small("4k read qd32", "randread", 32, false);
  static final Workload WRITE_LARGE = large("128k write qd8", "write");
  static final Workload READ_LARGE = large("128k read qd8", "read");
  static final Workload MIXED =
      new Workload(
          "4k 70/30 qd16",
          List.of("rw=randrw", "rwmixread=70", "bs=4k", "iodepth=16", "time_based"),
          "",
          true);
  static final Workload SYNCED =
      new Workload(
          "4k write+fsync",
          List.of("rw=randwrite", "bs=4k", "iodepth=1", "fsync=1", "time_based"),
          "",
          true);

  static final Workload MKFS =
      new Workload("mkfs.ext4", List.of(), "mkfs.ext4 -q -F -E nodiscard $1", true);
  static final Workload UNTAR =
      new Workload(
          "mkfs+untar+sync",
          List.of(),
          MKFS.script + "; mount $1 $2; tar xf $3 -C $2; sync -f $2; umount $2",
          true);

  /** All of them, in the order of the tables. */
  static final List<Workload> ALL =
      List.of(
          WRITE_4K_ONE,
          WRITE_4K_MANY,
          READ_4K_ONE,
          READ_4K_MANY,
          WRITE_LARGE,
          READ_LARGE,
          MIXED,
          SYNCED,
          MKFS,
          UNTAR);

  /** Whether it is no job of fio. */
  boolean isScript() {
    return !script.isEmpty();
  }

  private static Workload small(
      final String name, final String rw, final int depth, final boolean needsContent) {
    return new Workload(
        name, List.of("rw=" + rw, "bs=4k", "iodepth=" + depth, "time_based"), "", needsContent);
  }

  /** As much as a log of writes has room for. */
  private static Workload large(final String name, final String rw) {
    return new Workload(name, List.of("rw=" + rw, "bs=128k", "iodepth=8", "io_size=96M"), "", true);
  }
}
