package io.blockcam.capture;

import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.ring.SlabTearing;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.Spool;
import io.blockcam.ublk.tap.WriteTap;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;

/** The real capture without its threads: whoever holds it does their work, one step at a time. */
public final class DrivenCapture {

  private final Capture capture;
  private boolean stopping;
  private OptionalLong lastBeforeStop = OptionalLong.empty();
  private boolean stopOffered;

  private DrivenCapture(final Capture capture) {
    this.capture = capture;
  }

  /** As {@link Capture#start}. */
  public static DrivenCapture start(
      final Spool spool,
      final CaptureOptions options,
      final Backing disk,
      final WallClock.Source clocks)
      throws IOException {
    return start(spool, options, disk, clocks, new DrivenReaders(true));
  }

  /**
   * The same.
   *
   * @param readers read what is read back
   */
  public static DrivenCapture start(
      final Spool spool,
      final CaptureOptions options,
      final Backing disk,
      final WallClock.Source clocks,
      final Executor readers)
      throws IOException {
    return new DrivenCapture(Capture.prepare(spool, options, disk, clocks, readers));
  }

  /** Where the queues offer their writes. */
  public WriteTap tap() {
    return capture.tap();
  }

  /** One duty cycle of the consumer; whether there was something to do. */
  public boolean doWork() {
    return capture.consumer().doWork() > 0;
  }

  /** One step of what reads back and cleans regions; whether there was something to do. */
  public boolean readBack() {
    return capture.lookAtDiskOnce();
  }

  /** Reads the wall clock. */
  public void tick() {
    capture.ticker().doWork();
  }

  /** One step of what makes regions dirty and keeps gaps; whether there was something to do. */
  public boolean keepRegions() {
    return capture.keeper().mark() | capture.gaps().step();
  }

  /** Whether there is something to be read back. */
  public boolean isBehind() {
    return capture.readBack().isBehind();
  }

  /** How many blocks. */
  long blocksBehind() {
    return capture.readBack().blocksBehind();
  }

  /** As {@link Capture#setOnFull}. */
  public void setOnFull(final OnFull wanted) {
    capture.setOnFull(wanted);
  }

  /** Whether writes go unrecorded. */
  public boolean isMissing() {
    return capture.status().gaps().since().isPresent();
  }

  /** As {@link Capture#mark}. */
  long mark(final byte[] text, final Duration limit) throws IOException, InterruptedException {
    return capture.mark(text, limit);
  }

  /** As the consumer does. */
  void addDoubt(final Doubt more) throws IOException {
    capture.readBack().add(more);
  }

  /** As {@link Capture#prepareStop}. */
  public void prepareStop() {
    capture.prepareStop();
  }

  /** As {@link Capture#whetherRoomIsMade}. */
  void whetherRoomIsMade(final BooleanSupplier answer) {
    capture.whetherRoomIsMade(answer);
  }

  /** As {@link Capture#isHopeless}. */
  boolean isHopeless() {
    return capture.isHopeless();
  }

  /** One step of {@link Capture#stop}; whether it was the last. */
  public boolean tryStop() throws IOException {
    if (!stopping) {
      stopping = true;
      capture.prepareStop();
      capture.readBack().retryAtOnce();
    }
    if (capture.gaps().isPending()) {
      capture.gaps().step();
    } else if (!stopOffered && hasEndedDoubt()) {
      stopOffered = capture.offerStop();
      if (stopOffered) {
        capture.consumer().requestFinish();
      }
    }
    doWork();
    if (!capture.consumer().isFinished()) {
      return false;
    }
    capture.endRegions();
    capture.keepWhatIsLeft();
    capture.close();
    return true;
  }

  private boolean hasEndedDoubt() {
    if (lastBeforeStop.isEmpty()) {
      lastBeforeStop = OptionalLong.of(capture.claimed());
    }
    if (!capture.hasTaken(lastBeforeStop.getAsLong())) {
      return false;
    }
    final boolean behind = isBehind();
    if (behind) {
      readBack();
    }
    return !behind;
  }

  /**
   * As {@link Capture#handOver}, for as long as there is something that can be done; then {@link
   * #kill}.
   */
  public void handOver() throws IOException {
    capture.prepareStop();
    while (capture.gaps().isPending() && (capture.gaps().step() || doWork())) {
      // what was missed is named
    }
    capture.readBack().stop();
    if (capture.offerStop()) {
      capture.consumer().requestFinish();
    }
    while (!capture.consumer().isFinished() && doWork()) {
      // as far as the spool takes it
    }
  }

  /**
   * Makes the ring what it is when the queue is killed while it takes this write: some of its last
   * headers are there, the first is not. Before {@link #kill}.
   *
   * @param ticket what the offer answered
   */
  public void tear(final long ticket, final RandomGenerator random) {
    SlabTearing.tear(capture.slab(), ticket, random);
  }

  /**
   * What the kernel does with a process that is killed: files and memory go, nothing is written.
   */
  public void kill() throws IOException {
    capture.close();
  }

  /** What it is doing. */
  public CaptureStatus status() {
    return capture.status();
  }
}
