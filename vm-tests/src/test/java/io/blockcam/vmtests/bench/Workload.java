package io.blockcam.vmtests.bench;

import java.util.List;

/** What a disk is made to do. */
sealed interface Workload {

  Job WRITE_4K_ONE = small("4k write qd1", "randwrite", 1);
  Job WRITE_4K_MANY = small("4k write qd32", "randwrite", 32);
  Job READ_4K_ONE = small("4k read qd1", "randread", 1);
  Job READ_4K_MANY = small("4k read qd32", "randread", 32);
  Job WRITE_LARGE = large("128k write qd8", "write");
  Job READ_LARGE = large("128k read qd8", "read");
  Job MIXED =
      new Job(
          "4k 70/30 qd16",
          List.of("rw=randrw", "rwmixread=70", "bs=4k", "iodepth=16", "time_based"),
          Job.LAST_CPU,
          true);
  Workload SYNCED =
      new Job(
          "4k write+fsync",
          List.of("rw=randwrite", "bs=4k", "iodepth=1", "fsync=1", "time_based"),
          Job.LAST_CPU,
          true);
  Workload WRITE_4K_JOBS =
      new Job(
          "4k write 4 jobs",
          List.of("rw=randwrite", "bs=4k", "iodepth=8", "numjobs=4", "time_based"),
          Job.ANY_CPU,
          true);
  Workload MKFS = new Script("mkfs.ext4", "mkfs.ext4 -q -F -E nodiscard $1");
  Workload UNTAR =
      new Script(
          "mkfs+untar+sync",
          "mkfs.ext4 -q -F -E nodiscard $1; mount $1 $2; tar xf $3 -C $2; sync -f $2; umount $2");

  /** All of them, in the order of the tables. */
  List<Workload> ALL =
      List.of(
          WRITE_4K_ONE,
          WRITE_4K_MANY,
          READ_4K_ONE,
          READ_4K_MANY,
          WRITE_LARGE,
          READ_LARGE,
          MIXED,
          SYNCED,
          WRITE_4K_JOBS,
          MKFS,
          UNTAR);

  /** Its name in the tables. */
  String name();

  /** Whether a disk that keeps nothing takes no part. */
  boolean needsContent();

  /**
   * A job of fio(1).
   *
   * @param options without the dashes
   * @param cpu where fio runs: on the last CPU, so that the servers have the others, or on any
   */
  record Job(String name, List<String> options, int cpu, boolean needsContent) implements Workload {
    static final int ANY_CPU = -1;
    static final int LAST_CPU = Runtime.getRuntime().availableProcessors() - 1;
  }

  /**
   * Commands of sh(1).
   *
   * @param commands get the device as $1, an empty directory as $2 and a tar file as $3
   */
  record Script(String name, String commands) implements Workload {
    @Override
    public boolean needsContent() {
      return true;
    }
  }

  private static Job small(final String name, final String rw, final int depth) {
    return new Job(
        name, List.of("rw=" + rw, "bs=4k", "iodepth=" + depth, "time_based"), Job.LAST_CPU, false);
  }

  /** As much as a log of writes has room for. */
  private static Job large(final String name, final String rw) {
    return new Job(
        name, List.of("rw=" + rw, "bs=128k", "iodepth=8", "io_size=96M"), Job.LAST_CPU, true);
  }
}
