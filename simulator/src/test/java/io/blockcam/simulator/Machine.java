package io.blockcam.simulator;

import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.DrivenCapture;
import io.blockcam.capture.DrivenReaders;
import io.blockcam.capture.OnFull;
import io.blockcam.capture.spool.Spool;
import io.blockcam.cli.SpoolSource;
import io.blockcam.store.FaultyStore;
import io.blockcam.ublk.queue.DrivenQueue;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.uploader.DrivenUploader;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.random.RandomGenerator;

/** One life of the server: everything between a start and a stop, a kill or a power cut. */
final class Machine {

  /** More cycles than this without anybody else doing anything, and the queues wake each other. */
  private static final int MANY_CYCLES = 2_000;

  /**
   * More steps than this without an answer, when nothing fails any more, and there will be none.
   */
  private static final int MANY_STEPS = 20_000;

  private static final Duration STEP = Duration.ofMillis(20);

  private final RandomGenerator random;
  private static final long DAY_MS = 86_400_000;

  private final VirtualClock clock;
  private final Spool spool;
  private final DrivenReaders readers = new DrivenReaders(false);
  private final DrivenCapture capture;
  private final TapLog tap;
  private final DrivenUploader uploader;
  private final Queue<Runnable> seals;
  private final List<DrivenQueue> queues;
  private final Guest guest;
  private final DiskArm disk;
  private boolean interleaving;
  private boolean consuming;

  /** Whether writes went unrecorded at any time since the last answers were taken. */
  private boolean gap;

  /**
   * What a life is made of.
   *
   * @param seals what the capture's sealer is given
   * @param direct whether the disk has no page cache in front of it
   */
  record Plan(
      CaptureOptions capture, Queue<Runnable> seals, int queues, int depth, boolean direct) {}

  /**
   * What outlives the server.
   *
   * @param writes all that there were
   * @param unflushed those that were acknowledged, and may be lost when the power goes
   * @param unanswered those that a server died with
   */
  record World(
      RandomGenerator random,
      VirtualClock clock,
      FaultyStore store,
      BackingDisk disk,
      List<GuestWrite> writes,
      List<GuestWrite> unflushed,
      List<GuestWrite> unanswered) {}

  /**
   * Starts the server as {@code blockcam record} does.
   *
   * @param spool stays the caller's
   */
  Machine(final Plan plan, final World world, final Spool spool) throws IOException {
    this.random = world.random();
    this.clock = world.clock();
    this.spool = spool;
    this.seals = plan.seals();
    this.uploader =
        new DrivenUploader(world.store(), spool.recording(), new SpoolSource(spool), clock, random);
    this.capture = DrivenCapture.start(spool, plan.capture(), world.disk(), clock, readers);
    for (int steps = random.nextInt(8); steps > 0; steps--) {
      capture.readBack(); // its threads run before the device is made
      readers.read();
      capture.doWork();
    }
    this.tap = new TapLog(capture.tap());
    this.queues =
        DrivenQueue.ofDevice(
            plan.queues(), plan.depth(), Guest.BUFFER_BYTES, tap, plan.direct(), this::interleave);
    this.guest = new Guest(world, queues, plan.depth());
    tap.onMissed(guest::missed);
    this.disk = new DiskArm(random, world.disk(), queues, guest, plan.direct());
  }

  long epoch() {
    return capture.status().epoch();
  }

  DiskArm disk() {
    return disk;
  }

  Guest guest() {
    return guest;
  }

  Spool spool() {
    return spool;
  }

  DrivenUploader uploader() {
    return uploader;
  }

  /** Something happens, and with it time passes. */
  void step() throws IOException {
    switch (random.nextInt(21)) {
      case 0, 1, 2, 3, 4 -> guest.send();
      case 5, 6, 7, 8, 9 -> runQueue(random.nextInt(queues.size()));
      case 10, 11, 12, 13 -> disk.completeOne(random.nextInt(queues.size()));
      case 14, 15 -> consume();
      case 16 -> {
        capture.readBack();
        keepRegions();
        if (random.nextBoolean()) {
          readers.read();
        }
      }
      case 17 -> uploader.doWork();
      case 18 -> settle();
      case 19 -> seal();
      default -> {
        clock.pass(time());
        if (random.nextInt(10) == 0) {
          clock.set(Duration.ofMillis(random.nextLong(-DAY_MS, DAY_MS)));
        }
        capture.tick();
      }
    }
    takeAnswers();
  }

  private boolean keepRegions() {
    final boolean done = capture.keepRegions();
    gap |= capture.isMissing();
    return done;
  }

  private void takeAnswers() {
    guest.takeAnswers(!gap);
    gap = capture.isMissing();
  }

  /** Whether the record is known not to say what the disk holds. */
  boolean isBehind() {
    return capture.isBehind();
  }

  /** What becomes of writes when there is no room for them. */
  void setOnFull(final OnFull wanted) {
    capture.setOnFull(wanted);
  }

  /** Mostly little, now and then enough for whatever is done by the clock. */
  private Duration time() {
    return switch (random.nextInt(8)) {
      case 0 -> Duration.ofSeconds(2);
      case 1 -> Duration.ofSeconds(11);
      default -> STEP;
    };
  }

  private void runQueue(final int q) throws IOException {
    if (queues.get(q).canRun()) {
      interleaving = random.nextBoolean();
      queues.get(q).run();
      interleaving = false;
    }
  }

  private boolean seal() {
    final Runnable next = seals.poll();
    if (next != null) {
      next.run();
    }
    return next != null;
  }

  private boolean consume() {
    if (consuming) {
      return false;
    }
    consuming = true;
    try {
      return capture.doWork();
    } finally {
      consuming = false;
    }
  }

  /** In the middle of a queue's cycle, other threads do something. */
  private void interleave() {
    if (!interleaving || random.nextInt(3) != 0) {
      return;
    }
    final DrivenQueue other = queues.get(random.nextInt(queues.size()));
    if (random.nextInt(4) == 0) {
      consume();
    } else if (other.canRun()) {
      try {
        other.run();
      } catch (final IOException e) {
        throw new AssertionError("a queue failed", e);
      }
    }
  }

  /** The queues come to rest when nobody else does anything. */
  private void settle() throws IOException {
    int cycles = 0;
    boolean ran;
    do {
      ran = false;
      for (int q = 0; q < queues.size(); q++) {
        ran |= queues.get(q).canRun();
        runQueue(q);
      }
      if (cycles++ > MANY_CYCLES) {
        throw new AssertionError("the queues wake each other for ever: " + guest.describe());
      }
    } while (ran);
  }

  /** Everything that was sent is answered, now that nothing fails and nothing new comes. */
  private void answerAll() throws IOException {
    for (int steps = 0; guest.isWaiting() || capture.isBehind(); steps++) {
      if (steps > MANY_STEPS) {
        throw new AssertionError(
            "no tag is forgotten: %s %s %s"
                .formatted(guest.describe(), capture.status(), uploader.status()));
      }
      settle();
      for (int q = 0; q < queues.size(); q++) {
        disk.completeOne(q);
      }
      if (!consume() & !capture.readBack() & !readers.read() & !keepRegions() & !seal()) {
        clock.pass(STEP);
      }
      uploader.doWork();
      takeAnswers();
    }
    if (!queues.getFirst().isDeviceFree()) {
      throw new AssertionError("what was taken of the disk is given back where it was taken");
    }
  }

  /**
   * Waits for all answers.
   *
   * @throws AssertionError when one does not come, though disks and store are well
   */
  void rest() throws IOException {
    disk.setFailing(false);
    answerAll();
  }

  /**
   * Stops the server in the order of {@code RecordingSession}, whatever the store does: what is not
   * shipped stays in the spool.
   */
  void stop() throws IOException {
    disk.setFailing(false);
    capture.prepareStop();
    guest.sendFlush();
    answerAll();
    for (final DrivenQueue queue : queues) {
      queue.kernel().stopDevice();
    }
    settle();
    for (final DrivenQueue queue : queues) {
      if (queue.isLive()) {
        throw new AssertionError("a queue does not end with its device");
      }
    }
    for (int steps = 0; !capture.tryStop(); steps++) {
      if (steps > MANY_STEPS) {
        throw new AssertionError("a stop ends: " + capture.status());
      }
      readers.read();
      clock.pass(STEP);
    }
    spool.close();
  }

  /**
   * Lets go of a device that stays, in the order of {@code RecordingSession}: requests without an
   * answer get none from this one.
   *
   * @param handOver whether the epoch ends, as far as the spool takes that; else as after a kill
   */
  void leave(final boolean handOver) throws IOException {
    for (int q = 0; q < queues.size(); q++) {
      final DrivenQueue queue = queues.get(q);
      do {
        while (disk.completeOne(q)) {
          // all that it has in its hands
        }
      } while (!queue.leave());
    }
    takeAnswers();
    if (handOver) {
      capture.handOver();
    }
    disk.serverDied();
    guest.serverDied();
    capture.kill();
    spool.close();
  }

  /** The process is gone, in the middle of whatever it did. */
  void die() throws IOException {
    for (int q = 0; q < queues.size(); q++) {
      // A write that the disk has not heard of yet may have been in the middle of its offer.
      if (tap.lastWrite(q) != QueueTap.FULL
          && random.nextBoolean()
          && disk.forget(q, tap.lastSector(q))) {
        capture.tear(tap.lastWrite(q), random);
      }
    }
    disk.serverDied();
    takeAnswers();
    guest.serverDied();
    capture.kill();
  }
}
