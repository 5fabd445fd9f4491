package io.blockcam.simulator;

import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.Uring;
import io.blockcam.ublk.queue.DrivenQueue;
import io.blockcam.ublk.queue.FakeKernel;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.random.RandomGenerator;

/**
 * Carries out what the queues of one life ask of the backing disk: in any order, not always well.
 */
final class DiskArm {

  private static final int SECTOR_BYTES = 512;

  /** Place in a queue's table of the file for reads and writes; what is synced comes behind it. */
  private static final int SHARED_FILE = 1;

  private static final int EIO = Linux.EIO();
  private static final int EINTR = Linux.EINTR();
  private static final int OP_READ = Uring.IORING_OP_READ();
  private static final int OP_WRITE = Uring.IORING_OP_WRITE();
  private static final int OP_FSYNC = Uring.IORING_OP_FSYNC();
  private static final int OP_FALLOCATE = Uring.IORING_OP_FALLOCATE();

  private final RandomGenerator random;
  private final BackingDisk disk;
  private final List<DrivenQueue> queues;
  private final Guest guest;
  private final boolean direct;
  private boolean failing;

  DiskArm(
      final RandomGenerator random,
      final BackingDisk disk,
      final List<DrivenQueue> queues,
      final Guest guest,
      final boolean direct) {
    this.direct = direct;
    this.random = random;
    this.disk = disk;
    this.queues = queues;
    this.guest = guest;
    disk.failReads(() -> failing && random.nextInt(6) == 0);
  }

  /** Whether requests may fail. */
  void setFailing(final boolean on) {
    failing = on;
  }

  /** Completes some request of a queue; whether there was one. */
  boolean completeOne(final int q) {
    final FakeKernel kernel = queues.get(q).kernel();
    if (kernel.ioInFlight() == 0) {
      return false;
    }
    final int i = random.nextInt(kernel.ioInFlight());
    final int opcode = kernel.ioOpcode(i);
    if (opcode == OP_WRITE || opcode == OP_FALLOCATE) {
      writeOf(q, i);
    }
    if (random.nextInt(40) == 0) {
      kernel.completeIo(i, -EINTR);
    } else if (failing && random.nextInt(6) == 0 && isSync(kernel, i)) {
      failSyncs(q, i);
    } else if (failing && random.nextInt(6) == 0) {
      if (opcode != OP_READ && opcode != OP_FSYNC && random.nextBoolean()) {
        carryOut(q, i, sector -> random.nextBoolean());
      }
      if (isSync(kernel, i) || guest.isFua(q, (int) kernel.ioUserData(i) & 0xffff)) {
        disk.syncFailed();
      }
      kernel.completeIo(i, -EIO);
    } else if (opcode == OP_READ) {
      kernel.completeIo(i, kernel.ioLength(i));
    } else if (opcode == OP_WRITE) {
      completeWrite(q, i);
    } else if (opcode == OP_FALLOCATE) {
      carryOut(q, i, sector -> true);
      kernel.completeIo(i, 0);
    } else if (opcode == OP_FSYNC) {
      kernel.completeIo(i, disk.syncAll(description(q, kernel.ioFile(i))) ? 0 : -EIO);
    } else {
      throw new AssertionError("the backing disk is asked for opcode " + opcode);
    }
    return true;
  }

  private static boolean isSync(final FakeKernel kernel, final int i) {
    return kernel.ioOpcode(i) == OP_FSYNC
        || (kernel.ioOpcode(i) == OP_WRITE && (kernel.ioFlags(i) & Linux.RWF_DSYNC()) != 0);
  }

  /** The file of all queues, or the one that a queue syncs. */
  private static int description(final int q, final int file) {
    return file == SHARED_FILE ? SHARED_FILE : SHARED_FILE + 1 + q;
  }

  /**
   * The disk cannot write its cache back: all who wait for that are told. Of a page cache it is the
   * kernel that tells, each description once; a disk's own cache is told of to who asked, and to
   * nobody later.
   */
  private void failSyncs(final int q, final int i) {
    if (queues.get(q).kernel().ioOpcode(i) == OP_WRITE) {
      carryOut(q, i, sector -> random.nextBoolean());
    }
    disk.lose(random, !direct);
    for (int other = 0; other < queues.size(); other++) {
      final FakeKernel kernel = queues.get(other).kernel();
      for (int k = kernel.ioInFlight() - 1; k >= 0; k--) {
        if (isSync(kernel, k)) {
          guest.lossDuring(other, (int) kernel.ioUserData(k) & 0xffff);
          if (direct) {
            kernel.completeIo(k, -EIO);
          }
        }
      }
    }
    if (!direct) {
      final FakeKernel kernel = queues.get(q).kernel();
      disk.syncAll(description(q, kernel.ioFile(i)));
      kernel.completeIo(i, -EIO);
    }
  }

  private void completeWrite(final int q, final int i) {
    final FakeKernel kernel = queues.get(q).kernel();
    final int sectors = kernel.ioLength(i) / SECTOR_BYTES;
    final int first = (int) (kernel.ioOffset(i) / SECTOR_BYTES);
    final int done = random.nextInt(8) == 0 ? random.nextInt(1, sectors + 1) : sectors;
    carryOut(q, i, sector -> sector < first + done);
    if ((kernel.ioFlags(i) & Linux.RWF_DSYNC()) != 0) {
      disk.sync(first, first + done);
    }
    kernel.completeIo(i, done * SECTOR_BYTES);
  }

  /**
   * Takes a write out of the disk's hands as if it had never come there.
   *
   * @return false when the disk was asked for it already, or has it not in its hands
   */
  boolean forget(final int q, final long firstSector) {
    final FakeKernel kernel = queues.get(q).kernel();
    for (int i = 0; i < kernel.ioInFlight(); i++) {
      if (kernel.ioOpcode(i) == OP_WRITE && kernel.ioOffset(i) / SECTOR_BYTES == firstSector) {
        final GuestWrite write = guest.writeOf(q, (int) kernel.ioUserData(i) & 0xffff);
        if (!write.started && write.firstSector == firstSector) {
          kernel.completeIo(i, -EINTR); // seen by nobody: the server is dead
          return true;
        }
      }
    }
    return false;
  }

  /** What was in the disk's hands when the server died may be done, in part, or not. */
  void serverDied() {
    failing = false;
    disk.serverDied();
    for (int q = 0; q < queues.size(); q++) {
      final FakeKernel kernel = queues.get(q).kernel();
      for (int i = 0; i < kernel.ioInFlight(); i++) {
        if (kernel.ioOpcode(i) == OP_WRITE || kernel.ioOpcode(i) == OP_FALLOCATE) {
          final int part = random.nextInt(3);
          carryOut(q, i, sector -> part == 0 || part == 1 && random.nextBoolean());
        }
      }
    }
  }

  private GuestWrite writeOf(final int q, final int i) {
    final GuestWrite write = guest.writeOf(q, (int) queues.get(q).kernel().ioUserData(i) & 0xffff);
    write.started = true;
    return write;
  }

  private void carryOut(final int q, final int i, final IntPredicate whether) {
    final FakeKernel kernel = queues.get(q).kernel();
    final GuestWrite write = writeOf(q, i);
    final int first = (int) (kernel.ioOffset(i) / SECTOR_BYTES);
    final int end = first + (int) (bytes(kernel, i) / SECTOR_BYTES);
    if (first < write.firstSector || end > write.firstSector + write.sectors) {
      throw new AssertionError(
          "sectors %d to %d are written for %s".formatted(first, end - 1, write));
    }
    for (int s = first; s < end; s++) {
      if (whether.test(s)) {
        checkData(kernel, i, s - first, write.stamp(s));
        disk.apply(write, s);
      }
    }
  }

  private static void checkData(
      final FakeKernel kernel, final int i, final int sector, final long stamp) {
    if (kernel.ioOpcode(i) == OP_WRITE) {
      final long address = kernel.ioAddress(i) + (long) sector * SECTOR_BYTES;
      final long found = DrivenQueue.memory(address, SECTOR_BYTES).get(Guest.LONG, 0);
      if (found != stamp) {
        throw new AssertionError(
            "the disk is given %x where the guest wrote %x".formatted(found, stamp));
      }
    }
  }

  /** The length of a fallocate stands in addr (io_uring_enter(2), IORING_OP_FALLOCATE). */
  private static long bytes(final FakeKernel kernel, final int i) {
    return kernel.ioOpcode(i) == OP_FALLOCATE ? kernel.ioAddress(i) : kernel.ioLength(i);
  }
}
