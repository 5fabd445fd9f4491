package io.blockcam.ublk.queue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.nativebindings.uapi.Uring;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.tap.QueueWaker;
import io.blockcam.ublk.tap.RangeLock;
import io.blockcam.ublk.tap.WriteTap;
import io.blockcam.uring.IoUring;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One queue against a fake kernel: what happens to a tag, whatever comes in between. */
final class QueueLoopTest {

  private static final int DEPTH = 8;
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int MAX_BATCHES = 100;
  private static final int EIO = Linux.EIO();
  private static final int READ = Ublk.UBLK_IO_OP_READ();
  private static final int WRITE = Ublk.UBLK_IO_OP_WRITE();
  private static final int FLUSH = Ublk.UBLK_IO_OP_FLUSH();
  private static final int DISCARD = Ublk.UBLK_IO_OP_DISCARD();
  private static final int WRITE_ZEROES = Ublk.UBLK_IO_OP_WRITE_ZEROES();
  private static final int FUA = (int) Ublk.UBLK_IO_F_FUA();

  private final FakeKernel kernel = new FakeKernel(DEPTH);
  private final FakeTap tap = new FakeTap();
  private final InFlightBlocks blocks = new InFlightBlocks(2, DEPTH, 1L << 41);
  private EventFd wakeUp;
  private QueueLoop loop;

  @BeforeEach
  void start() throws IOException {
    wakeUp = new EventFd(kernel);
    final IoUring ring = IoUring.builder().entries(DEPTH * 2).build(kernel);
    final MemorySegment buffers = Arena.ofAuto().allocate((long) DEPTH * BUFFER_BYTES, 4096);
    loop =
        new QueueLoop(
            new QueueMemory(0, DEPTH, BUFFER_BYTES, kernel.descriptors(), buffers),
            ring,
            blocks,
            tap,
            wakeUp,
            new DrivenQueue.FileLikeTarget(true));
    loop.fetchAll();
  }

  @Test
  void fetchesEveryTag() {
    for (int tag = 0; tag < DEPTH; tag++) {
      assertThat(kernel.isFetched(tag)).isTrue();
    }
  }

  @Test
  void offersWriteBeforeItReachesTheDisk() throws IOException {
    kernel.request(0, WRITE, 0, 8, 8);
    work();

    assertThat(tap.events).containsExactly("write 8+8 #0");
    assertThat(kernel.ioInFlight()).isEqualTo(1);
    assertThat(kernel.commits(0)).isZero();

    kernel.completeIo(0, 4096);
    work();

    assertThat(tap.events).containsExactly("write 8+8 #0", "complete #0 4096");
    assertThat(kernel.commits(0)).isEqualTo(1);
    assertThat(kernel.result(0)).isEqualTo(4096);
  }

  @Test
  void doesNotShowReadsToTheTap() throws IOException {
    kernel.request(0, READ, 0, 8, 8);
    work();
    kernel.completeIo(0, 4096);
    work();

    assertThat(tap.events).isEmpty();
    assertThat(kernel.result(0)).isEqualTo(4096);
  }

  @Test
  void continuesShortTransfers() throws IOException {
    kernel.request(0, WRITE, 0, 0, 16);
    work();
    kernel.completeIo(0, 512);
    work();

    assertThat(kernel.ioOffset(0)).isEqualTo(512);
    assertThat(kernel.ioLength(0)).isEqualTo(8192 - 512);
    kernel.completeIo(0, 8192 - 512);
    work();

    assertThat(kernel.result(0)).isEqualTo(8192);
  }

  @Test
  void tellsGuestAndTapOfFailedWrite() throws IOException {
    kernel.request(0, WRITE, 0, 0, 8);
    work();
    kernel.completeIo(0, -EIO);
    work();

    assertThat(tap.events).containsExactly("write 0+8 #0", "complete #0 " + -EIO);
    assertThat(kernel.result(0)).isEqualTo(-EIO);
  }

  @Test
  void reportsCutBackingFileAsError() throws IOException {
    kernel.request(0, READ, 0, 0, 8);
    work();
    kernel.completeIo(0, 0);
    work();

    assertThat(kernel.result(0)).isEqualTo(-EIO);
  }

  /** Else two queues with a full ring wake each other for ever. */
  @Test
  void takesNoRangeAndWakesNobodyWhileRingIsFull() throws IOException {
    final int[] woken = new int[1];
    blocks.onFreed(1, () -> woken[0]++);
    blocks.setWaiting(1, 1);
    tap.hasRoom = false;
    kernel.request(0, WRITE, 0, 0, 8);
    work();

    assertThat(woken[0]).as("wake-ups of the other queue").isZero();
    assertThat(blocks.tryLock(1, 0, 0, 4096)).as("the range is free").isTrue();
  }

  /** One that waits for room wants no wake-up when a range is freed. */
  @Test
  void countsOnlyThoseWhoWaitForARange() throws IOException {
    final int[] woken = new int[1];
    blocks.onFreed(0, () -> woken[0]++);
    assertThat(blocks.tryLock(1, 0, 1 << 20, 4096)).isTrue();
    tap.hasRoom = false;
    kernel.request(0, WRITE, 0, 0, 8);
    work();
    blocks.unlock(1, 0, 1 << 20, 4096);

    assertThat(woken[0]).as("wake-ups of this queue").isZero();
  }

  @Test
  void keepsTagOfWriteWhileRingIsFullAndServesReads() throws IOException {
    tap.hasRoom = false;
    kernel.request(0, WRITE, 0, 0, 8);
    kernel.request(1, READ, 0, 64, 8);
    work();

    assertThat(tap.events).contains("want room");
    assertThat(kernel.ioInFlight()).isEqualTo(1);
    kernel.completeIo(0, 4096);
    work();
    assertThat(kernel.commits(1)).isEqualTo(1);
    assertThat(kernel.commits(0)).isZero();

    tap.hasRoom = true;
    wakeUp.wake();
    work();
    assertThat(kernel.ioInFlight()).isEqualTo(1);
    kernel.completeIo(0, 4096);
    work();
    assertThat(kernel.commits(0)).isEqualTo(1);
  }

  @Test
  void keepsOrderOfWritesThatWaitForRoom() throws IOException {
    tap.hasRoom = false;
    kernel.request(0, WRITE, 0, 0, 8);
    work();
    tap.hasRoom = true;
    kernel.request(1, WRITE, 0, 100, 8);
    work();

    assertThat(tap.events).containsSubsequence("write 0+8 #0", "write 100+8 #1");
  }

  @Test
  void letsOverlappingWriteWait() throws IOException {
    kernel.request(0, WRITE, 0, 0, 16);
    kernel.request(1, WRITE, 0, 8, 16);
    kernel.request(2, WRITE, 0, 64, 8);
    work();

    assertThat(tap.events).containsExactly("write 0+16 #0", "write 64+8 #1");
    kernel.completeIo(0, 8192);
    work();
    assertThat(tap.events)
        .containsExactly("write 0+16 #0", "write 64+8 #1", "complete #0 8192", "write 8+16 #2");
  }

  @Test
  void letsWriteWaitForOverlappingWriteOfAnotherQueue() throws IOException {
    assertThat(blocks.tryLock(1, 5, 4096, 4096)).isTrue();
    kernel.request(0, WRITE, 0, 8, 8);
    work();
    assertThat(tap.events).isEmpty();

    blocks.onFreed(0, wakeUp::wake);
    blocks.unlock(1, 5, 4096, 4096);
    work();
    assertThat(tap.events).containsExactly("write 8+8 #0");
  }

  @Test
  void serialisesBigDiscardWithAllOtherWrites() throws IOException {
    final int gibSectors = 1 << 21;
    kernel.request(0, WRITE, 0, 0, 8);
    kernel.request(1, DISCARD, 0, 0, gibSectors);
    kernel.request(2, WRITE, 0, 8, 8);
    work();
    assertThat(tap.events).containsExactly("write 0+8 #0");

    kernel.completeIo(0, 4096);
    work();
    assertThat(tap.events).endsWith("discard 0+" + gibSectors + " #1");

    kernel.completeIo(0, 0);
    work();
    assertThat(kernel.result(1)).isZero();
    assertThat(tap.events).endsWith("complete #1 0", "write 8+8 #2");
  }

  @Test
  void servesWhatIsNotRecordedAsIfItWere() throws IOException {
    tap.unrecorded = true;
    kernel.request(0, WRITE, FUA, 8, 8);
    work();
    assertThat(tap.changing).isEqualTo(1);
    kernel.completeIo(0, 4096);
    work();
    assertThat(kernel.result(0)).isEqualTo(4096);
    assertThat(tap.changing).isZero();
    assertThat(tap.events).containsExactly("complete #" + QueueTap.UNRECORDED + " 4096");
    kernel.request(1, WRITE, 0, 8, 8); // the range is free again
    work();
    assertThat(kernel.ioInFlight()).isEqualTo(1);
  }

  /** Whoever makes the record durable was not asked to wake the queue for it. */
  @Test
  void doesNotWaitForARecordThatNeedNotBeDurableWhenTheFlushCame() throws IOException {
    kernel.request(0, WRITE, 0, 0, 8);
    work();
    kernel.completeIo(0, 4096);
    work();
    tap.unrecorded = true;
    kernel.request(0, FLUSH, 0, 0, 0);
    work();
    tap.unrecorded = false;
    kernel.completeIo(0, 0);
    work();
    assertThat(kernel.commits(0)).isEqualTo(2);
  }

  /** Rule 2: after a power cut nobody would know that this region may differ. */
  @Test
  void changesNothingBeforeTheTapAllowsIt() throws IOException {
    tap.mayChange = false;
    kernel.request(0, WRITE, 0, 0, 8);
    kernel.request(1, READ, 0, 0, 8);
    work();
    assertThat(tap.events).isEmpty();
    assertThat(kernel.ioInFlight()).as("only the read").isEqualTo(1);
    kernel.completeIo(0, 4096);
    work();

    tap.mayChange = true;
    wakeUp.wake();
    work();
    assertThat(tap.events).containsExactly("write 0+8 #0");
    kernel.request(1, WRITE, 0, 0, 8); // waits for the range, and holds nothing meanwhile
    work();
    assertThat(tap.changing).isEqualTo(1);
    kernel.completeIo(0, -EIO);
    work();
    kernel.completeIo(0, 4096);
    work();
    assertThat(tap.changing).as("whatever became of it").isZero();
  }

  @Test
  void acknowledgesFlushOnlyWhenDiskAndRecordAreDurable() throws IOException {
    somethingWritten();
    kernel.request(0, FLUSH, 0, 0, 0);
    work();
    assertThat(tap.events).containsExactly("want durable #0");
    assertThat(kernel.ioOpcode(0)).isEqualTo(Uring.IORING_OP_FSYNC());
    kernel.completeIo(0, 0);
    work();
    assertThat(kernel.commits(0)).isZero();

    tap.durable = 0;
    wakeUp.wake();
    work();
    assertThat(kernel.commits(0)).isEqualTo(1);
    assertThat(kernel.result(0)).isZero();
    assertThat(tap.events).endsWith("flush 0+0 #1");
  }

  /** C5: a consistency point that was none would be worse than none. */
  @Test
  void doesNotRecordAFlushThatFailed() throws IOException {
    somethingWritten();
    kernel.request(0, FLUSH, 0, 0, 0);
    work();
    kernel.completeIo(0, -EIO);
    tap.durable = 0;
    wakeUp.wake();
    work();

    assertThat(kernel.result(0)).isEqualTo(-EIO);
    assertThat(tap.events).containsExactly("want durable #0", "flush failed");
  }

  @Test
  void acknowledgesAFlushOnlyWhenItIsInTheRecord() throws IOException {
    kernel.request(0, FLUSH, 0, 0, 0);
    work();
    tap.hasRoom = false;
    kernel.completeIo(0, 0);
    work();
    assertThat(kernel.commits(0)).isZero();
    assertThat(tap.events).containsOnly("want room");

    tap.hasRoom = true;
    wakeUp.wake();
    work();
    assertThat(tap.events).endsWith("flush 0+0 #0");
    assertThat(kernel.result(0)).isZero();
  }

  @Test
  void acknowledgesFlushOnlyAfterTheDiskEvenIfTheRecordIsFirst() throws IOException {
    somethingWritten();
    kernel.request(0, FLUSH, 0, 0, 0);
    work();
    tap.durable = 0;
    wakeUp.wake();
    work();
    assertThat(kernel.commits(0)).isZero();

    kernel.completeIo(0, 0);
    work();
    assertThat(kernel.commits(0)).isEqualTo(1);
  }

  @Test
  void acknowledgesFuaWriteOnlyWhenDiskAndRecordAreDurable() throws IOException {
    kernel.request(0, WRITE, FUA, 0, 8);
    work();
    assertThat(kernel.ioFlags(0)).isEqualTo(Linux.RWF_DSYNC());
    kernel.completeIo(0, 4096);
    work();
    assertThat(tap.events).containsExactly("write 0+8 #0", "complete #0 4096", "want durable #0");
    assertThat(kernel.commits(0)).isZero();

    tap.durable = 0;
    wakeUp.wake();
    work();
    assertThat(kernel.result(0)).isEqualTo(4096);
  }

  @Test
  void doesNotLetFlushWaitForTheRecordWhenTheDiskFailed() throws IOException {
    somethingWritten();
    kernel.request(0, FLUSH, 0, 0, 0);
    work();
    kernel.completeIo(0, -EIO);
    work();

    assertThat(kernel.result(0)).isEqualTo(-EIO);
    assertThat(tap.events).as("the record must know").contains("flush failed");
  }

  /** What is lost need not be what this write brought, and whoever syncs next is not told. */
  @Test
  void tellsTheRecordThatASyncHasFailedAlsoOfAFuaWrite() throws IOException {
    kernel.request(0, WRITE, FUA, 0, 8);
    work();
    kernel.completeIo(0, -EIO);
    work();

    assertThat(kernel.result(0)).isEqualTo(-EIO);
    assertThat(tap.events).containsExactly("write 0+8 #0", "flush failed", "complete #0 -5");
  }

  @Test
  void failsEveryFlushThatASyncThatFailedWasToServe() throws IOException {
    tap.durable = Long.MAX_VALUE;
    kernel.request(0, FLUSH, 0, 0, 0);
    kernel.request(1, FLUSH, 0, 0, 0);
    kernel.request(2, FLUSH, 0, 0, 0);
    work();
    assertThat(kernel.ioInFlight()).as("one sync at a time").isEqualTo(1);
    kernel.completeIo(0, -EIO);
    work();
    kernel.completeIo(0, 0); // the kernel tells once
    work();
    assertThat(kernel.ioInFlight()).isZero();
    for (int tag = 0; tag < 3; tag++) {
      assertThat(kernel.result(tag)).as("tag %d", tag).isEqualTo(-EIO);
    }

    kernel.request(3, FLUSH, 0, 0, 0);
    work();
    kernel.completeIo(0, 0);
    work();
    assertThat(kernel.commits(3)).isEqualTo(1);
    assertThat(kernel.result(3)).isZero();
  }

  /** All queues stand on one disk; the kernel tells each of an error of write-back by itself. */
  @Test
  void failsTheFlushesOfOtherQueuesWhenASyncFails() throws IOException {
    final List<DrivenQueue> queues =
        DrivenQueue.ofDevice(2, 4, BUFFER_BYTES, new NoTap(), true, () -> {});
    for (final DrivenQueue queue : queues) {
      queue.kernel().request(0, FLUSH, 0, 0, 0);
      queue.run();
    }
    assertThat(queues.get(0).kernel().ioFile(0))
        .as("each syncs its own description")
        .isNotEqualTo(QueueLoop.CHAR_DEVICE_FILE + 1);
    queues.get(0).kernel().completeIo(0, -EIO);
    queues.get(0).run();
    queues.get(1).kernel().completeIo(0, 0);
    queues.get(1).run();

    assertThat(queues.get(0).kernel().result(0)).isEqualTo(-EIO);
    assertThat(queues.get(1).kernel().result(0)).isEqualTo(-EIO);
  }

  /** Two queues that nobody records. */
  private static final class NoTap implements WriteTap {
    @Override
    public void openDisk(final RangeLock lock) {}

    @Override
    public QueueTap openQueue(final int queueId, final QueueWaker waker) {
      final FakeTap free = new FakeTap();
      free.durable = Long.MAX_VALUE;
      return free;
    }
  }

  @Test
  void syncsItsOwnDescriptionBehindAFuaWriteThroughThePageCache() throws IOException {
    final DrivenQueue queue =
        DrivenQueue.ofDevice(1, 4, BUFFER_BYTES, new NoTap(), false, () -> {}).getFirst();
    queue.kernel().request(0, WRITE, FUA, 0, 8);
    queue.run();
    assertThat(queue.kernel().ioFlags(0)).isZero();
    queue.kernel().completeIo(0, 4096);
    queue.run();
    assertThat(queue.kernel().ioOpcode(0)).isEqualTo(Uring.IORING_OP_FSYNC());
    assertThat(queue.kernel().ioFile(0)).isEqualTo(QueueLoop.CHAR_DEVICE_FILE + 2);
    queue.kernel().completeIo(0, 0);
    queue.run();

    assertThat(queue.kernel().result(0)).isEqualTo(4096);
  }

  @Test
  void writesZeroesWhereTheFileSystemCannotPunch() throws IOException {
    kernel.request(0, DISCARD, 0, 0, 8);
    work();
    assertThat(kernel.ioOpcode(0)).isEqualTo(Uring.IORING_OP_FALLOCATE());
    kernel.completeIo(0, -Linux.EOPNOTSUPP());
    work();
    assertThat(kernel.ioOpcode(0)).isEqualTo(Uring.IORING_OP_WRITE());
    kernel.completeIo(0, 4096);
    work();
    assertThat(kernel.result(0)).isZero();

    kernel.request(0, DISCARD, 0, 0, 8);
    work();
    assertThat(kernel.ioOpcode(0)).isEqualTo(Uring.IORING_OP_WRITE());
  }

  @Test
  void makesZeroesDurableWhenAsked() throws IOException {
    kernel.request(0, WRITE_ZEROES, FUA, 0, 8);
    work();
    kernel.completeIo(0, 0);
    work();
    assertThat(kernel.ioOpcode(0)).isEqualTo(Uring.IORING_OP_FSYNC());
    kernel.completeIo(0, 0);
    tap.durable = 0;
    work();
    assertThat(kernel.result(0)).isZero();
  }

  @Test
  void commitsTagWhateverIsThrown() throws IOException {
    tap.throwsOnOffer = true;
    kernel.request(0, WRITE, 0, 0, 8);
    work();
    assertThat(kernel.result(0)).isEqualTo(-EIO);

    tap.throwsOnOffer = false;
    kernel.request(1, WRITE, 0, 0, 8);
    work();
    assertThat(kernel.ioInFlight()).isEqualTo(1);
  }

  /** A bug that shows before the range is locked must not unlock somebody else's. */
  @Test
  void doesNotFreeARangeItDoesNotHoldWhateverIsThrown() throws IOException {
    assertThat(blocks.tryLock(1, 0, 0, 4096)).isTrue();
    tap.throwsOnHasRoom = true;
    kernel.request(0, WRITE, 0, 0, 8);
    work();

    assertThat(kernel.result(0)).isEqualTo(-EIO);
    assertThat(blocks.tryLock(1, 1, 0, 4096)).as("the other queue's range").isFalse();
  }

  @Test
  void commitsTagWhateverIsThrownWhenItIsTriedAgain() throws IOException {
    tap.hasRoom = false;
    kernel.request(0, WRITE, 0, 0, 8);
    kernel.request(1, READ, 0, 0, 8);
    work();
    tap.hasRoom = true;
    tap.throwsOnOffer = true;
    wakeUp.wake();
    work();

    assertThat(kernel.result(0)).isEqualTo(-EIO);
    assertThat(blocks.tryLock(1, 1, 0, 4096)).as("its range is free again").isTrue();
    assertThat(tap.changing).as("and its region").isZero();
  }

  /** A claim to all of the disk that nobody gives up keeps all others out for ever. */
  @Test
  void givesUpItsClaimWhateverIsThrownWhenItIsTriedAgain() throws IOException {
    assertThat(blocks.tryLock(1, 0, 0, 4096)).isTrue();
    kernel.request(0, DISCARD, 0, 0, 1 << 20);
    work();
    tap.throwsOnHasRoom = true;
    wakeUp.wake();
    work();

    assertThat(kernel.result(0)).isEqualTo(-EIO);
    blocks.unlock(1, 0, 0, 4096);
    assertThat(blocks.tryLock(1, 1, 8192, 4096)).isTrue();
    assertThat(tap.changing).isZero();
  }

  /** A queue dies: one write on its way to the disk, one behind it, a flush, a big discard. */
  @Test
  void leavesNothingLockedNorOpenWhenItDies() throws IOException {
    kernel.request(0, WRITE, 0, 0, 8);
    kernel.request(1, WRITE, 0, 0, 8);
    kernel.request(2, FLUSH, 0, 0, 0);
    kernel.request(3, DISCARD, 0, 0, 1 << 20);
    work();
    for (int i = 0; i < kernel.ioInFlight(); i++) {
      if (kernel.ioOpcode(i) != Uring.IORING_OP_WRITE()) {
        kernel.completeIo(i, 0); // the disk is durable, the record is not
      }
    }
    work();
    assertThat(kernel.ioInFlight()).isEqualTo(1);
    kernel.completeIo(0, 4096); // done, but the queue does not come to serve it

    loop.abortAll(0);

    assertThat(tap.events).contains("complete #0 4096");
    assertThat(kernel.result(0)).as("done before the queue died").isEqualTo(4096);
    for (int tag = 1; tag < 4; tag++) {
      assertThat(kernel.result(tag)).as("tag %d", tag).isEqualTo(-EIO);
    }
    assertThat(blocks.tryLock(1, 0, 0, 1L << 40)).as("the whole disk is free").isTrue();
  }

  /** The next server is to find no write of this one on its way, and gets all that was not done. */
  @Test
  void answersNothingThatIsNotDoneWhenItsDeviceOutlivesIt() throws IOException {
    kernel.request(0, WRITE, 0, 0, 8);
    kernel.request(1, WRITE, 0, 0, 8);
    kernel.request(2, FLUSH, 0, 0, 0);
    work();
    assertThat(loop.leave(0)).as("write and flush are on their way").isFalse();
    for (int i = kernel.ioInFlight() - 1; i >= 0; i--) {
      kernel.completeIo(i, kernel.ioOpcode(i) == Uring.IORING_OP_WRITE() ? 4096 : 0);
    }
    kernel.request(5, WRITE, 0, 64, 8); // comes too late

    assertThat(loop.leave(0)).isTrue();

    assertThat(tap.events).contains("complete #0 4096");
    assertThat(kernel.result(0)).as("done").isEqualTo(4096);
    assertThat(kernel.isFetched(1)).as("waited for the first write").isFalse();
    assertThat(kernel.isFetched(2)).as("the record is not durable").isFalse();
    assertThat(kernel.isFetched(5)).isFalse();
  }

  /** As when no memory is left: no request of this queue can be served any more. */
  @Test
  void diesOfAnErrorAndAnswersNothing() throws IOException {
    tap.failWith = new OutOfMemoryError("Java heap space");
    kernel.request(0, WRITE, 0, 0, 8);

    assertThatThrownBy(this::work).isInstanceOf(OutOfMemoryError.class);
    assertThat(loop.leave(0)).isTrue();

    assertThat(kernel.isFetched(0)).isFalse();
  }

  @Test
  void answersRequestsThatArriveWhileItDies() throws IOException {
    kernel.request(5, WRITE, 0, 0, 8);

    loop.abortAll(0);

    assertThat(kernel.result(5)).isEqualTo(-EIO);
    assertThat(tap.events).isEmpty();
  }

  @Test
  void namesRequestsThatGetNoAnswer() throws IOException {
    final List<String> lines = new ArrayList<>();
    final RequestWatch watch = new RequestWatch(List.of(loop), Duration.ofSeconds(30), lines::add);
    tap.hasRoom = false;
    kernel.request(3, WRITE, 0, 64, 8);
    work();

    watch.look(0);
    watch.look(29_000_000_000L);
    assertThat(lines).isEmpty();
    watch.look(31_000_000_000L);
    watch.look(62_000_000_000L);

    assertThat(lines)
        .containsExactly(
            "no answer for 31 s: tag 3 of queue 0 (operation 1, 8 sectors at 64) waits for room in"
                + " the ring");
  }

  /** The same tag, but another request each time. */
  @Test
  void doesNotNameATagThatIsAnsweredAgainAndAgain() throws IOException {
    final List<String> lines = new ArrayList<>();
    final RequestWatch watch = new RequestWatch(List.of(loop), Duration.ofSeconds(30), lines::add);
    for (long second = 0; second < 300; second += 10) {
      kernel.request(3, READ, 0, 64, 8);
      work();
      watch.look(second * 1_000_000_000L);
      kernel.completeIo(0, 4096);
      work();
    }

    assertThat(lines).isEmpty();
  }

  @Test
  void refusesUnknownOperations() throws IOException {
    kernel.request(0, Ublk.UBLK_IO_OP_ZONE_OPEN(), 0, 0, 8);
    work();

    assertThat(kernel.result(0)).isEqualTo(-Linux.EOPNOTSUPP());
  }

  @Test
  void endsWhenAllTagsCameBack() throws IOException {
    kernel.stopDevice();
    work();

    assertThat(loop.isLive()).isFalse();
  }

  @Test
  void doesNotAllocateOnTheWayOfAnIo() throws IOException {
    tap.recordEvents = false;
    tap.durable = Long.MAX_VALUE;
    kernel.diskIsInstant = true;
    final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    final long thread = Thread.currentThread().threadId();
    // Zero is a property of compiled code; when the compiler is done with it nobody can tell from
    // here, so the rounds go on until it is, within reason.
    long bytes = Long.MAX_VALUE;
    for (int batch = 0; batch < MAX_BATCHES && bytes > 0; batch++) {
      final long asking = threads.getThreadAllocatedBytes(thread);
      final long before = threads.getThreadAllocatedBytes(thread);
      for (int round = 0; round < 10_000; round++) {
        oneOfEach();
      }
      bytes = threads.getThreadAllocatedBytes(thread) - before - (before - asking);
    }

    assertThat(bytes).isZero();
  }

  private void oneOfEach() throws IOException {
    kernel.request(0, READ, 0, 0, 8);
    kernel.request(1, WRITE, 0, 8, 8);
    kernel.request(2, WRITE, FUA, 12, 8);
    kernel.request(3, FLUSH, 0, 0, 0);
    kernel.request(4, DISCARD, 0, 1024, 64);
    work();
  }

  /** The newest ticket is 0, and not durable. */
  private void somethingWritten() throws IOException {
    kernel.request(7, WRITE, 0, 0, 8);
    work();
    kernel.completeIo(0, 4096);
    work();
    tap.events.clear();
  }

  /** Works until the loop would sleep. */
  private void work() throws IOException {
    while (kernel.hasCompletions()) {
      loop.doWork();
    }
    // What the last cycle prepared.
    loop.ring().submit();
    if (kernel.hasCompletions()) {
      work();
    }
  }
}
