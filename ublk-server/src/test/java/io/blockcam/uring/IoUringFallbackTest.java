package io.blockcam.uring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.ForwardingPosix;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.Uring;
import io.blockcam.nativebindings.uapi.io_uring_params;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Old kernels, and calls that come back with something else than success. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class IoUringFallbackTest {

  /** The running kernel, with less knowledge and worse manners. */
  private static final class OddKernel extends ForwardingPosix {
    private int unknownSetupFlags;
    private int hiddenFeatures;
    private int setupResult;
    private boolean knowsRegisteredRings = true;
    private int mostSubmissions = Integer.MAX_VALUE;
    private final Deque<Integer> enterResults = new ArrayDeque<>();
    private int enters;

    OddKernel() {
      super(Posix.linux());
    }

    @Override
    public int ioUringSetup(final int entries, final MemorySegment params) {
      if (setupResult < 0) {
        return setupResult;
      }
      if ((io_uring_params.flags(params) & unknownSetupFlags) != 0) {
        return -Linux.EINVAL();
      }
      final int fd = super.ioUringSetup(entries, params);
      io_uring_params.features(params, io_uring_params.features(params) & ~hiddenFeatures);
      return fd;
    }

    @Override
    public int ioUringRegister(
        final int ringFd, final int opcode, final long argument, final int count) {
      if (opcode == Uring.IORING_REGISTER_RING_FDS() && !knowsRegisteredRings) {
        return -Linux.EINVAL();
      }
      return super.ioUringRegister(ringFd, opcode, argument, count);
    }

    @Override
    public int ioUringEnter(
        final int ringFd,
        final int toSubmit,
        final int minComplete,
        final int flags,
        final long argument,
        final long argumentSize) {
      enters++;
      final Integer result = enterResults.poll();
      if (result != null) {
        return result;
      }
      final int submissions = Math.min(toSubmit, mostSubmissions);
      // A kernel that takes only a part does not wait (io_uring.c, io_uring_enter).
      final int wait = submissions < toSubmit ? 0 : minComplete;
      return super.ioUringEnter(ringFd, submissions, wait, flags, argument, argumentSize);
    }
  }

  private final OddKernel kernel = new OddKernel();

  @Test
  void usesAllThatAModernKernelOffers() throws IOException {
    try (IoUring ring = build()) {
      final UringFeatures features = ring.features();
      // Asked for one by one: a kernel between 6.0 and 6.6 has some of them.
      assertThat(features.submitAll()).isTrue();
      assertThat(features.registeredRing()).isTrue();
      assertThat(features.singleIssuer() || !features.deferTaskrun()).isTrue();
      completeNops(ring);
    }
  }

  @Test
  void givesUpOneAfterTheOtherWhatAnOlderKernelLacks() throws IOException {
    record Kernel(String version, int unknown, UringFeatures left) {}
    final int sixSix = Uring.IORING_SETUP_NO_SQARRAY();
    final int sixOne = sixSix | Uring.IORING_SETUP_DEFER_TASKRUN();
    final int six = sixOne | Uring.IORING_SETUP_SINGLE_ISSUER();
    final int fiveNineteen = six | Uring.IORING_SETUP_COOP_TASKRUN();
    final int fiveEighteen = fiveNineteen | Uring.IORING_SETUP_SUBMIT_ALL();
    kernel.knowsRegisteredRings = false;
    for (final Kernel old :
        List.of(
            new Kernel("6.1", sixSix, features(true, true, true, true)),
            new Kernel("6.0", sixOne, features(true, false, true, true)),
            new Kernel("5.19", six, features(false, false, true, true)),
            new Kernel("5.18", fiveNineteen, features(false, false, false, true)),
            new Kernel("5.17", fiveEighteen, features(false, false, false, false)))) {
      kernel.unknownSetupFlags = old.unknown();
      try (IoUring ring = build()) {
        assertThat(ring.features()).as(old.version()).isEqualTo(old.left());
        completeNops(ring);
      }
    }
  }

  @Test
  void doesNotGiveUpLongEntries() {
    kernel.unknownSetupFlags = Uring.IORING_SETUP_SQE128();

    assertThatThrownBy(() -> IoUring.builder().sqe128(true).build(kernel))
        .isInstanceOf(ErrnoException.class)
        .hasMessageContaining("EINVAL");
  }

  @Test
  void saysWhatToDoWhereIoUringIsSwitchedOff() {
    kernel.setupResult = -Linux.EPERM();
    assertThatThrownBy(this::build)
        .isInstanceOf(UringUnavailableException.class)
        .hasMessageContaining("kernel.io_uring_disabled");

    kernel.setupResult = -Linux.ENOSYS();
    assertThatThrownBy(this::build)
        .isInstanceOf(UringUnavailableException.class)
        .hasMessageContaining("CONFIG_IO_URING");

    kernel.setupResult = -Linux.ENOMEM();
    assertThatThrownBy(this::build)
        .isInstanceOf(UringUnavailableException.class)
        .hasMessageContaining("LimitMEMLOCK");
  }

  @Test
  void refusesAKernelThatDropsCompletions() {
    kernel.hiddenFeatures = Uring.IORING_FEAT_NODROP();

    assertThatThrownBy(this::build)
        .isInstanceOf(UringUnavailableException.class)
        .hasMessageContaining("too old");
  }

  @Test
  void goesOnAfterASignal() throws IOException {
    try (IoUring ring = build()) {
      ring.prepareNop(1);
      kernel.enterResults.addAll(List.of(-Linux.EINTR(), -Linux.EINTR()));

      ring.submitAndWait(1);

      assertThat(ring.completions()).isEqualTo(1);
    }
  }

  @Test
  void submitsTheRestWhenTheKernelTookAPart() throws IOException {
    try (IoUring ring = build()) {
      kernel.mostSubmissions = 1;
      for (int i = 0; i < 5; i++) {
        ring.prepareNop(i);
      }

      ring.submitAndWait(5);

      assertThat(ring.completions()).isEqualTo(5);
      assertThat(kernel.enters).isEqualTo(5);
    }
  }

  @Test
  void triesAgainWhenTheKernelIsShortOfMemory() throws IOException {
    try (IoUring ring = build()) {
      ring.prepareNop(1);
      kernel.enterResults.addAll(List.of(-Linux.EAGAIN(), -Linux.EBUSY(), -Linux.EAGAIN()));
      ring.submit();
      kernel.enterResults.add(-Linux.EAGAIN());
      ring.submitAndWait(1);

      assertThat(ring.completions()).isEqualTo(1);
    }
  }

  @Test
  void letsTheCallerReapWhenTheKernelIsBusy() throws IOException {
    try (IoUring ring = build()) {
      ring.prepareNop(1);
      ring.submitAndWait(1);
      ring.prepareNop(2);
      kernel.enterResults.add(-Linux.EBUSY());

      ring.submitAndWait(2);
      assertThat(ring.completions()).isEqualTo(1);
      ring.advance(1);

      ring.submitAndWait(1);
      assertThat(ring.cqeUserData(0)).as("stayed prepared").isEqualTo(2);
    }
  }

  @Test
  void returnsAfterATimeOut() throws IOException {
    try (IoUring ring = build()) {
      kernel.enterResults.add(-Linux.ETIME());

      ring.submitAndWait(1, TimeUnit.DAYS.toNanos(1));

      assertThat(ring.completions()).isZero();
    }
  }

  @Test
  void reportsABrokenRing() throws IOException {
    try (IoUring ring = build()) {
      ring.prepareNop(1);
      kernel.enterResults.add(-Linux.EBADF());
      assertThatThrownBy(ring::submit)
          .isInstanceOf(ErrnoException.class)
          .hasMessageMatching("io_uring_enter\\(io_uring of 8 entries, fd \\d+\\): EBADF .*");

      for (int i = 1; i < ring.entries(); i++) {
        ring.prepareNop(i);
      }
      kernel.enterResults.add(-Linux.EBADF());
      assertThatThrownBy(() -> ring.prepareNop(9)).isInstanceOf(UncheckedIOException.class);
    }
  }

  private IoUring build() throws IOException {
    return IoUring.builder().entries(8).singleIssuer(true).build(kernel);
  }

  private static void completeNops(final IoUring ring) throws IOException {
    for (int round = 0; round < 10; round++) {
      for (int i = 0; i < ring.entries(); i++) {
        ring.prepareNop(i);
      }
      ring.submitAndWait(ring.entries());
      assertThat(ring.completions()).isEqualTo(ring.entries());
      for (int i = 0; i < ring.entries(); i++) {
        assertThat(ring.cqeUserData(i)).isEqualTo(i);
        assertThat(ring.cqeResult(i)).isZero();
      }
      ring.advance(ring.entries());
    }
  }

  private static UringFeatures features(
      final boolean singleIssuer,
      final boolean deferTaskrun,
      final boolean coopTaskrun,
      final boolean submitAll) {
    return new UringFeatures(
        singleIssuer, deferTaskrun, coopTaskrun, submitAll, false, false, false);
  }
}
