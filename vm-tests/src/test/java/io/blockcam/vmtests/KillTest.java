package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Debugger;
import io.blockcam.vmtests.host.Fio;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.MappedDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.host.StampedBlocks;
import io.blockcam.vmtests.record.Event;
import io.blockcam.vmtests.record.PublishedRecording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A recorder is killed under load: its users wait for the next one, and the record is the disk. */
@Scenario
@Tag("test-host")
@Tag("own-host")
final class KillTest {

  private static final int USAGE = 2;
  private static final int ENVIRONMENT = 3;
  private static final int KILLS = 5;
  private static final int ROUNDS = 1;
  private static final int LONG_ROUNDS = 2;

  /** Between writes: a fast machine would record more than a host has memory for its disks. */
  private static final Duration PAUSE = Duration.ofMillis(5);

  /**
   * What the disk takes for a write: memory writes while it is asked to, so that a kill finds
   * something in flight only if it comes between two instructions.
   */
  private static final Duration DISK = Duration.ofMillis(20);

  private static final int LONG_RECORDINGS = 20;

  /** Blocks of the first half of the disk; fio has the other one. */
  private static final int BLOCKS = 4096;

  @TempDir private Path scratch;
  private final SplittableRandom random = new SplittableRandom();

  @Test
  void goesOnWithoutAnErrorAndWithAWholeRecord() throws Exception {
    kill(scratch, ROUNDS);
  }

  @Test
  @Tag("long")
  @Timeout(value = 55, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void goesOnTwoHundredTimes() throws Exception {
    for (int i = 0; i < LONG_RECORDINGS; i++) {
      final Path own = Files.createDirectory(scratch.resolve("recording" + i));
      kill(own, LONG_ROUNDS);
      System.out.printf("%d of %d recordings%n", i + 1, LONG_RECORDINGS);
      // The disks of the host are its memory.
      Shell.run("rm", "-r", own.toString());
    }
  }

  private void kill(final Path folder, final int rounds) throws Exception {
    final Recording recording = Recording.inDirectory(folder, "killed", "32M");
    final StampedBlocks blocks = StampedBlocks.continued(folder.resolve("flushed"), BLOCKS);
    try (MappedDisk mapped = MappedDisk.over(folder.resolve("image"), 32)) {
      Files.createSymbolicLink(recording.backing(), mapped.device());
      mapped.delayWrites(DISK);
      for (int round = 0; round < rounds; round++) {
        killUnderLoad(recording, blocks);
        recording.latestShouldEqualTheDisk();
        blocks.holdsWhatWasWritten(recording.backing());
        System.out.printf("%d kills%n", (round + 1) * KILLS);
      }
    }
    recording.verifies();
    final PublishedRecording published = recording.publishedEvents();
    assertThat(published.events())
        .as("a write was in flight at a kill")
        .anyMatch(event -> event.has(Event.UNKNOWN_OUTCOME));
    assertThat(published.leftInDoubt()).as("blocks that were not read back").isEmpty();
  }

  private void killUnderLoad(final Recording recording, final StampedBlocks blocks)
      throws Exception {
    LiveDisk disk = recording.record("--queues", 2);
    final Path device = disk.device();
    try {
      final Process fio = fio(device).startEndless();
      try (Writer writer = new Writer(device, blocks, random.split())) {
        disk.awaitWrites();
        for (int kill = 0; kill < KILLS; kill++) {
          Thread.sleep(Duration.ofMillis(random.nextInt(1500)));
          assertThat(fio.isAlive()).as("fio meets no error").isTrue();
          disk.kill();
          disk.close();
          disk = recording.record("--queues", 2);
          assertThat(disk.device()).isEqualTo(device);
        }
        Fio.end(fio);
        assertThat(disk.awaitUser(fio, Limits.seconds(120)))
            .as("fio's verdict")
            .isEqualTo(Fio.ENDED);
        assertThat(writer.failure()).as("what the guest met").isNull();
      }
      disk.stopsCleanly();
    } finally {
      disk.close();
    }
  }

  /**
   * What the disk has in its hands when the recorder is killed is written after its death. Nobody
   * takes the device over before that, and then it is read back.
   */
  @Test
  void readsBackWhatReachedTheDiskAfterItsDeath() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "late", "16M");
    final byte[] late = new byte[4096];
    Arrays.fill(late, (byte) 0x5a);
    try (MappedDisk mapped = MappedDisk.over(scratch.resolve("image"), 16)) {
      Files.createSymbolicLink(recording.backing(), mapped.device());
      LiveDisk disk = recording.record();
      final Path path = disk.device();
      try (BlockDevice device = new BlockDevice(path)) {
        mapped.delayWrites(Duration.ofSeconds(3));
        final Thread guest = Thread.ofPlatform().daemon().start(() -> device.write(7 * 4096, late));
        assertThat(Limits.await(Limits.seconds(10), () -> mapped.writesDelayed() > 0)).isTrue();
        disk.kill();
        assertThat(mapped.writesDelayed()).as("the disk has it still").isPositive();
        disk.close();
        disk = recording.record();
        assertThat(guest.join(Limits.seconds(30))).as("the guest's write ends").isTrue();
        mapped.heal();
        disk.stopsCleanly();
      } finally {
        disk.close();
      }
      recording.latestShouldEqualTheDisk();
    }
    final PublishedRecording published = recording.published();
    assertThat(published.events())
        .as("it was in flight")
        .anyMatch(event -> event.block() == 7 && event.has(Event.UNKNOWN_OUTCOME));
    assertThat(published.events(Event.RESYNC))
        .as("and is read back")
        .anyMatch(event -> event.block() == 7 && Arrays.equals(event.payload(), late));
  }

  /**
   * A thread dies while the disk has a write in its hands for longer than a new beginning waits:
   * the process ends, so that the write is read back by one that can wait for it.
   */
  @Test
  @Tag("long")
  void doesNotBeginAgainBesideItsOwnWrites() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "own", "16M");
    try (MappedDisk mapped = MappedDisk.over(scratch.resolve("image"), 16)) {
      Files.createSymbolicLink(recording.backing(), mapped.device());
      LiveDisk disk = recording.recordWith(Debugger.AGENT);
      final Path path = disk.device();
      try (BlockDevice device = new BlockDevice(path);
          Debugger debugger = Debugger.attach(disk)) {
        mapped.delayWrites(Duration.ofSeconds(15));
        final Thread guest =
            Thread.ofPlatform().daemon().start(() -> device.write(7 * 4096, new byte[4096]));
        assertThat(Limits.await(Limits.seconds(10), () -> mapped.writesDelayed() > 0)).isTrue();
        debugger.exhaustMemoryOf("-q0");
        final Thread reader = Thread.ofPlatform().daemon().start(() -> device.read(0, 4096));
        assertThat(disk.awaitEnd()).as("%s", disk.describe()).isEqualTo(ENVIRONMENT);
        assertThat(mapped.writesDelayed()).as("the disk has it still").isPositive();
        assertThat(disk.err()).doesNotContain("is served again");
        disk.close();
        disk = recording.record();
        assertThat(guest.join(Limits.seconds(60))).as("the guest's write ends").isTrue();
        assertThat(reader.join(Limits.seconds(10))).as("and its read").isTrue();
        mapped.heal();
        disk.stopsCleanly();
      } finally {
        disk.close();
      }
      recording.latestShouldEqualTheDisk();
      assertThat(recording.published().events(Event.GAP)).isEmpty();
    }
  }

  /**
   * Whatever a thread of the recorder dies of, the others do not go on without it: the recorder
   * lets go of the device and begins again. The uploader and what looks at the disk are not needed
   * for that.
   */
  @Test
  void beginsAgainWhenOneOfItsThreadsDies() throws Exception {
    final Recording recording = Recording.inDirectory(scratch, "dying", "32M");
    final StampedBlocks blocks = StampedBlocks.continued(scratch.resolve("flushed"), BLOCKS);
    LiveDisk disk = recording.recordWith(Debugger.AGENT, "--queues", 2);
    Debugger debugger = Debugger.attach(disk);
    try {
      final Process fio = fio(disk.device()).startEndless();
      try (Writer writer = new Writer(disk.device(), blocks, random.split())) {
        disk.awaitWrites();
        debugger.exhaustMemoryOf("uploader");
        debugger.exhaustMemoryOf("disk-memory");
        int served = 0;
        for (final String thread :
            List.of("-q0", "blockcam-consumer", "blockcam-regions", "blockcam-disk", "-q1")) {
          Thread.sleep(Duration.ofMillis(random.nextInt(1500)));
          assertThat(fio.isAlive()).as("fio meets no error").isTrue();
          debugger.exhaustMemoryOf(thread);
          served++;
          if (!isServedAgain(disk, served)) {
            // It died between a completion and what it does with it: nobody knows whether the disk
            // still has something in its hands, and the next process waits for that.
            assertThat(disk.err())
                .as(thread)
                .contains("or what they have given to the disk does not");
            debugger.close();
            disk.close();
            disk = recording.recordWith(Debugger.AGENT, "--queues", 2);
            debugger = Debugger.attach(disk);
            served = 0;
          }
        }
        Fio.end(fio);
        assertThat(disk.awaitUser(fio, Limits.seconds(120)))
            .as("fio's verdict")
            .isEqualTo(Fio.ENDED);
        assertThat(writer.failure()).as("what the guest met").isNull();
      }
      disk.stopsCleanly();
    } finally {
      debugger.close();
      disk.close();
    }
    recording.latestShouldEqualTheDisk();
    blocks.holdsWhatWasWritten(recording.backing());
    recording.verifies();
  }

  /** Else it has ended. */
  private static boolean isServedAgain(final LiveDisk disk, final int times) {
    final boolean either =
        Limits.await(
            Limits.seconds(60),
            () -> disk.err().split("is served again", -1).length > times || !disk.isRunning());
    assertThat(either).as("served again, %d: %s", times, disk.err()).isTrue();
    return disk.isRunning();
  }

  /** What waits for one server is not taken, nor removed, by anybody else. */
  @Test
  void takesOverItsOwnDeviceOnly() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "left", "16M");
    final Path device;
    try (LiveDisk disk = recording.record("--queues", 2, "--depth", 16)) {
      device = disk.device();
      disk.kill();
    }
    final String id = device.getFileName().toString().substring("ublkb".length());
    final Recording other = Recording.inDirectory(scratch, "other", "16M");
    try (LiveDisk disk = other.record()) {
      assertThat(disk.device()).isNotEqualTo(device);
      disk.stopsCleanly();
    }
    assertThat(other.recordInVain("--id", id))
        .as("a number that is taken")
        .extracting("status")
        .isEqualTo(ENVIRONMENT);
    assertThat(recording.recordInVain("--id", 77).shouldEndWith(ENVIRONMENT).err())
        .contains(device + " waits for this server, and --id says 77");
    try (LiveDisk disk = recording.record("--depth", 32)) {
      assertThat(disk.device()).isEqualTo(device);
      assertThat(disk.err()).contains("keeps the 2 queues of depth 16");
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
  }

  /** It would wait for itself: on a file system of the device that it is to take over, say. */
  @Test
  void doesNotStandOnADeviceThatNobodyServes() throws IOException {
    final Recording recording = Recording.inDirectory(scratch, "below", "16M");
    final Path mountPoint = Files.createDirectory(scratch.resolve("mounted"));
    final Path device;
    try (LiveDisk disk = recording.record()) {
      device = disk.device();
      Shell.run("mkfs.ext4", "-q", device.toString());
      Shell.run("mount", device.toString(), mountPoint.toString());
      disk.kill();
    }
    final Path link = Files.createSymbolicLink(scratch.resolve("link"), mountPoint);
    final Map<String, Object> right =
        Map.of(
            "--name", "below",
            "--backing", recording.backing(),
            "--spool", recording.spool(),
            "--archive", recording.archiveUri());
    for (final Map.Entry<String, Object> wrong :
        List.<Map.Entry<String, Object>>of(
            Map.entry("--spool", mountPoint.resolve("spool")),
            Map.entry("--spool", link.resolve("spool")),
            Map.entry("--archive", "file://" + mountPoint.resolve("archive")),
            Map.entry("--backing", mountPoint.resolve("disk")))) {
      final List<Object> arguments = new ArrayList<>(List.of("record"));
      right.forEach(
          (option, value) ->
              arguments.addAll(
                  List.of(option, option.equals(wrong.getKey()) ? wrong.getValue() : value)));
      assertThat(Blockcam.run(arguments.toArray()).shouldEndWith(USAGE).err())
          .contains("stands on " + device + ", which nobody serves");
    }
    try (LiveDisk disk = recording.record()) {
      Shell.run("umount", mountPoint.toString());
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
  }

  /** A device whose recorder does not come back keeps its users waiting for ever. */
  @Test
  void canBeRemovedWhenNobodyComesBack() {
    final Recording recording = Recording.inDirectory(scratch, "orphan", "16M");
    final Path device;
    try (LiveDisk disk = recording.record()) {
      device = disk.device();
      assertThat(Blockcam.run("reap").shouldSucceed().out()).doesNotContain(device.toString());
      disk.kill();
    }
    final String id = device.getFileName().toString().substring("ublkb".length());
    assertThat(Limits.await(Limits.seconds(10), () -> reap().contains(device.toString())))
        .as("it is listed")
        .isTrue();
    assertThat(device).exists();
    Blockcam.run("reap", "--id", "9999").shouldEndWith(1);
    Blockcam.run("reap", "--id", id).shouldSucceed();
    assertThat(device).doesNotExist();
    try (LiveDisk disk = recording.record()) {
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
  }

  /** Numbers of processes are used again: that one is there is no reason to wait for it. */
  @Test
  void canBeRemovedWhenAnotherProcessHasItsNumber() {
    final Recording recording = Recording.inDirectory(scratch, "reused", "16M");
    final Path device;
    final long pid;
    try (LiveDisk disk = recording.record()) {
      device = disk.device();
      pid = disk.pid();
      disk.kill();
    }
    final String most = Shell.run("cat", "/proc/sys/kernel/pid_max").strip();
    try {
      Shell.sh(
          """
          echo $(($1 > 300 ? $1 + 10 : 310)) >/proc/sys/kernel/pid_max
          i=0
          while [ $i -lt 2000 ]; do
            sleep 300 & if [ $! = $1 ]; then exit 0; fi
            kill $!; i=$((i + 1))
          done
          exit 1
          """,
          pid);
      assertThat(Limits.await(Limits.seconds(10), () -> reap().contains(device.toString())))
          .as("it is listed")
          .isTrue();
      Blockcam.run("reap", "--all").shouldSucceed();
      assertThat(device).doesNotExist();
    } finally {
      Shell.sh("echo $1 >/proc/sys/kernel/pid_max; kill $2 || true", most, pid);
    }
  }

  /** There is room for one ring and a half in memory: the next start needs no second one. */
  @Test
  void goesOnWhereThereIsNoRoomForASecondRing() {
    final Recording recording = Recording.inDirectory(scratch, "narrow", "16M");
    Shell.sh("rm -f /dev/shm/blockcam-*.ring; mount -o remount,size=24M /dev/shm");
    try {
      for (int life = 1; life <= 3; life++) {
        try (LiveDisk disk = recording.record()) {
          try (BlockDevice device = new BlockDevice(disk.device())) {
            device.write(life * 8192L, block(life));
          }
          disk.kill();
        }
      }
      try (LiveDisk disk = recording.record("--ring-size", "8M")) { // another size, too
        disk.stopsCleanly();
      }
    } finally {
      Shell.run("mount", "-o", "remount,size=50%", "/dev/shm");
    }
    recording.latestShouldEqualTheDisk();
    assertThat(recording.publishedEvents().events(Event.GAP)).as("nothing was lost").isEmpty();
  }

  private static byte[] block(final int value) {
    final byte[] block = new byte[4096];
    Arrays.fill(block, (byte) value);
    return block;
  }

  /** Writes to the second half of the disk, and reads back what it has written. */
  private Fio fio(final Path device) {
    return new Fio(scratch, device)
        .with("rw=randwrite", "bssplit=4k/50:16k/25:64k/25", "iodepth=16", "offset=16M")
        .with("verify=crc32c", "verify_backlog=64", "verify_fatal=1");
  }

  private static String reap() {
    return Blockcam.runHere("reap").shouldSucceed().out();
  }

  /** Writes block after block, and waits when the device does. */
  private static final class Writer implements AutoCloseable {
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private final Thread thread;

    Writer(final Path path, final StampedBlocks blocks, final SplittableRandom random) {
      thread =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try (BlockDevice device = new BlockDevice(path)) {
                      while (!stopped.get()) {
                        blocks.write(device, random);
                        Thread.sleep(PAUSE);
                      }
                    } catch (final Throwable e) {
                      failure.set(e);
                    }
                  });
    }

    @Nullable Throwable failure() {
      return failure.get();
    }

    @Override
    public void close() throws InterruptedException {
      stopped.set(true);
      if (!thread.join(Limits.seconds(60))) {
        Blockcam.run("reap", "--all"); // or it would wait for ever
        assertThat(thread.join(Limits.seconds(60))).as("the device answers").isTrue();
      }
    }
  }
}
