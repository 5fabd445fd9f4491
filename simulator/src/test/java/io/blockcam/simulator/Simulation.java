package io.blockcam.simulator;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.faults.FaultyDisk;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.OnFull;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.cli.SpoolSource;
import io.blockcam.store.FaultyStore;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreOptions;
import io.blockcam.store.StoreUnavailableException;
import io.blockcam.store.StoreUri;
import io.blockcam.store.Stores;
import io.blockcam.uploader.DrivenUploader;
import io.blockcam.uploader.UploaderStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One recording, from its beginning through several lives of its server. What happens is decided by
 * the random numbers alone.
 */
final class Simulation implements AutoCloseable {

  private static final int LIVES = 6;
  private static final int MOST_STEPS = 900;
  private static final int SMALL_DISK_BLOCKS = 48;

  /** Larger than what InFlightBlocks takes in parts. */
  private static final int LARGE_DISK_BLOCKS = 1100;

  private static final int DEPTH = 4;
  private static final int RING_SLOTS = 32;
  private static final long REGION_BYTES = 4 * 4096;
  private static final int MANY_UPLOADS = 20_000;

  private final RandomGenerator random;
  private final VirtualClock clock = new VirtualClock();
  private final Path ring;
  private final Path image;
  private final Recording recording;
  private final BackingDisk disk;
  private final FaultyDisk spoolDisk;
  private final FaultyDisk storeDisk;
  private final FaultyStore store;
  private final Audit audit;
  private final List<GuestWrite> writes = new ArrayList<>();
  private final List<GuestWrite> unflushed = new ArrayList<>();
  private final List<GuestWrite> unanswered = new ArrayList<>();
  private final boolean direct;
  private final Losses losses = new Losses();
  private boolean storeIsAway;
  private boolean storeStumbles;

  /** What the sealer of this life has not begun yet. */
  private final Queue<Runnable> seals = new ArrayDeque<>();

  /**
   * @param directory an empty one on tmpfs: a file that is mapped must be real
   */
  Simulation(final RandomGenerator random, final Path directory) throws IOException {
    this.random = random;
    direct = random.nextBoolean();
    ring = directory.resolve("ring");
    image = directory.resolve("image");
    final int blocks = random.nextInt(3) == 0 ? LARGE_DISK_BLOCKS : SMALL_DISK_BLOCKS;
    recording =
        new Recording(
            new UUID(1, 2), "disk", blocks * 4096L, clock.instant(), "host", "", Baseline.EMPTY);
    disk = new BackingDisk(blocks * 8);
    spoolDisk = new FaultyDisk(random);
    spoolDisk.setShortWrites(random.nextBoolean());
    storeDisk = new FaultyDisk(random);
    final ObjectStore directoryStore =
        Stores.open(new StoreUri.Directory(storeDisk.root()), StoreOptions.defaults(Map.of()));
    store = new FaultyStore(directoryStore);
    store.inject((call, op, after) -> storeFault(op));
    audit = new Audit(directoryStore, recording.name(), image);
  }

  private void storeFault(final String op) throws StoreUnavailableException {
    if (storeIsAway || storeStumbles && random.nextInt(8) == 0) {
      throw new StoreUnavailableException(op + " was not answered");
    }
  }

  /** Time that has passed in it. */
  Duration passed() {
    return clock.passed();
  }

  void live() throws IOException {
    final int lives = random.nextInt(1, LIVES + 1);
    for (int life = 0; life < lives; life++) {
      oneLife();
    }
    healAll();
    start().stop(); // what this one is told that the disk has lost, the next one reads back
    start().stop();
    disk.forgetAll();
    auditAll();
  }

  private void oneLife() throws IOException {
    final Machine machine = start();
    for (int steps = random.nextInt(MOST_STEPS); steps > 0; steps--) {
      if (random.nextInt(60) == 0) {
        changeFaults(machine);
      }
      machine.step();
      if (spoolDisk.isDead() || storeDisk.isDead()) {
        crash(machine, false);
        return;
      }
    }
    spoolDisk.revive(); // not killed after all
    storeDisk.revive();
    switch (random.nextInt(6)) {
      case 0 -> crash(machine, true);
      case 1 -> crash(machine, false);
      case 2 -> {
        healAll();
        machine.rest();
        crash(machine, random.nextBoolean());
      }
      case 3 -> machine.leave(random.nextBoolean()); // the device stays, the server goes
      case 4 -> {
        healAll();
        machine.stop();
        auditAll();
      }
      default -> {
        // The store may stay away, and the spool be full: a stop waits for neither.
        healSpool();
        machine.stop();
      }
    }
  }

  private void changeFaults(final Machine machine) throws IOException {
    switch (random.nextInt(15)) {
      case 0 -> spoolDisk.setRoom(random.nextInt(200_000));
      case 1 -> spoolDisk.failSyncs(random.nextInt(4), random.nextInt(1, 4));
      case 2 -> storeIsAway = true;
      case 3 -> storeStumbles = true;
      case 4 -> machine.disk().setFailing(true);
      case 5 -> spoolDisk.killAfter(random.nextInt(40));
      case 6 -> storeDisk.killAfter(random.nextInt(40));
      case 7 -> machine.setOnFull(onFull());
      case 8 -> { // what the disk says cannot be noted down
        spoolDisk.setRoom(0);
        machine.disk().setFailing(true);
      }
      case 9 -> rot(machine.spool());
      case 10, 11 -> {
        healAll();
        spoolDisk.revive();
        storeDisk.revive();
        machine.rest();
      }
      default -> healSpool();
    }
  }

  /** A bit of a segment changes that waits to be shipped. */
  private void rot(final Spool spool) {
    final List<Path> sealed = spool.sealed();
    if (sealed.isEmpty() || spoolDisk.isDead()) {
      return;
    }
    final Path log = sealed.get(random.nextInt(sealed.size()));
    try (FileChannel file = FileChannel.open(log, READ, WRITE)) {
      final long at = random.nextLong(file.size());
      final ByteBuffer one = ByteBuffer.allocate(1);
      file.read(one, at);
      one.put(0, (byte) (one.get(0) ^ 1 << random.nextInt(8)));
      losses.rotted();
      file.write(one.flip(), at);
    } catch (final IOException e) {
      // There is no room even for that, or the process was killed just now.
    }
  }

  private void healSpool() {
    spoolDisk.setRoom(Long.MAX_VALUE);
    spoolDisk.failSyncs(0);
  }

  private void healAll() {
    healSpool();
    storeIsAway = false;
    storeStumbles = false;
  }

  /** The server is gone, perhaps the power with it. */
  private void crash(final Machine machine, final boolean powerCut) throws IOException {
    machine.die();
    if (powerCut) {
      cutPower(machine);
    }
    spoolDisk.revive();
    storeDisk.revive();
    audit.checkPublished();
  }

  private void cutPower(final Machine machine) throws IOException {
    machine.guest().powerCut();
    disk.cutPower(random);
    clock.reboot();
    losses.powerCut();
    spoolDisk.cutPower();
    Files.deleteIfExists(ring);
  }

  /** Starts the server, perhaps after attempts that were killed or failed. */
  private Machine start() throws IOException {
    @Nullable Machine machine = null;
    while (machine == null && random.nextInt(3) == 0) {
      spoolDisk.killAfter(random.nextInt(120));
      machine = tryStart();
      spoolDisk.revive();
    }
    healSpool();
    final Machine started = machine == null ? startOnce() : machine;
    if (random.nextBoolean()) {
      shipAll(started.uploader());
      if (!started.isBehind()) { // or the spool has no room for what is to be read back
        audit.check(disk, writes, losses);
      }
    }
    return started;
  }

  private @Nullable Machine tryStart() {
    try {
      return startOnce();
    } catch (final IOException e) {
      return null;
    }
  }

  private Machine startOnce() throws IOException {
    seals.clear();
    if (random.nextInt(12) == 0) {
      disk.growBy(random.nextInt(1, 100));
    }
    final Spool spool = openSpool();
    try {
      spool.growDisk(disk.sectors() * 512L);
      final Machine machine =
          new Machine(
              plan(),
              new Machine.World(random, clock, store, disk, writes, unflushed, unanswered),
              spool);
      losses.started(machine.epoch());
      return machine;
    } catch (final IOException | RuntimeException e) {
      spool.close();
      throw e;
    }
  }

  private Spool openSpool() throws IOException {
    final long limit = random.nextInt(3) == 0 ? 200_000 : 1L << 30;
    return Spool.open(spoolDisk.root().resolve("spool"), recording, limit);
  }

  private Machine.Plan plan() {
    final SegmentLimits limits =
        new SegmentLimits(random.nextLong(64 << 10, 256 << 10), random.nextInt(10, 60));
    return new Machine.Plan(
        new CaptureOptions(
            ring,
            RING_SLOTS,
            Guest.MAX_WRITE_SECTORS,
            new SealRules(limits, Duration.ofSeconds(10), 1, seals::add),
            onFull(),
            REGION_BYTES),
        seals,
        random.nextInt(1, 4),
        DEPTH,
        direct);
  }

  private OnFull onFull() {
    if (random.nextBoolean()) {
      return OnFull.BLOCK;
    }
    losses.gapsAllowed();
    return OnFull.GAP;
  }

  private void auditAll() throws IOException {
    if (losses.hasRotted()) { // a server alone makes anew what is damaged
      healAll();
      final Machine machine = start();
      shipAll(machine.uploader());
      machine.rest();
      machine.stop();
    }
    final Spool spool = openSpool();
    shipAll(new DrivenUploader(store, recording, new SpoolSource(spool), clock, random));
    spool.close();
    audit.check(disk, writes, losses);
  }

  private void shipAll(final DrivenUploader uploader) {
    storeIsAway = false;
    storeStumbles = false;
    uploader.doWork();
    for (int i = 0; uploader.status().state() != UploaderStatus.State.IDLE; i++) {
      if (i > MANY_UPLOADS) {
        throw new AssertionError("what is sealed is shipped: " + uploader.status());
      }
      clock.pass(Duration.ofMillis(100));
      uploader.doWork();
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(ring);
    Files.deleteIfExists(image);
    spoolDisk.close();
    storeDisk.close();
  }
}
