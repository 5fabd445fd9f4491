package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One disk, started and stopped again and again, every third time with a fault. The recorder ends
 * within its limits, the disk stays, and nothing else does; in the end the record is the disk.
 */
@Scenario
@Tag("test-host")
class FaultyStartsAndStopsTest {

  private static final int ENVIRONMENT = 3;
  private static final int SIZE_MIB = 16;
  private static final int BLOCKS = SIZE_MIB << 8;

  /** The number that the device has each time, so that one left behind would be in the way. */
  private static final int ID = 7;

  private static final String AWAY = "webhdfs://127.0.0.1:9/archive";

  @TempDir private Path scratch;
  private final Random random = new Random(12);
  private Recording recording = Recording.inDirectory(Path.of(""), "", "");
  private Recording away = Recording.inDirectory(Path.of(""), "", "");

  /** What goes wrong. */
  private enum Fault {
    TERM_DURING_START,
    HELD_BY_A_MOUNT,
    KILLED,
    TERM_TWICE,
    ARCHIVE_AWAY,
    ARCHIVE_REFUSES,
    ID_TAKEN,
    SPOOL_FULL,
    RING_FILE_STUCK
  }

  @BeforeEach
  void prepare() {
    recording = Recording.inDirectory(scratch, "disk", SIZE_MIB + "M");
    away = Recording.at(AWAY, scratch, "disk", SIZE_MIB + "M");
  }

  @Test
  void sixInARowLeaveTheDiskAndNothingElse() throws Exception {
    inARow(6);
  }

  @Test
  @Tag("long")
  @Timeout(value = 55, unit = TimeUnit.MINUTES)
  void twoHundredInARowLeaveTheDiskAndNothingElse() throws Exception {
    inARow(200);
  }

  private void inARow(final int rounds) throws Exception {
    final Fault[] faults = Fault.values();
    for (int round = 0; round < rounds; round++) {
      final boolean faulty = round % 2 == 1;
      final Fault fault = faults[round / 2 % faults.length];
      if (faulty) {
        System.out.printf("round %d: %s%n", round, fault);
        withFault(fault);
      } else {
        try (LiveDisk disk = record(recording)) {
          write(disk);
          disk.stopsCleanly();
        }
      }
      assertThat(Files.size(recording.backing())).as("round %d", round).isEqualTo(SIZE_MIB << 20);
      if (!faulty || fault != Fault.KILLED) { // the next start takes its number back
        assertThat(leftBehind()).as("round %d", round).isEmpty();
      }
    }
    try (LiveDisk disk = record(recording)) { // ships what a fault has left in the spool
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
    recording.verifies();
  }

  private void withFault(final Fault fault) throws IOException, InterruptedException {
    switch (fault) {
      case TERM_DURING_START -> {
        try (LiveDisk disk = Blockcam.launch(arguments(recording))) {
          Thread.sleep(random.nextInt(Limits.emulated() ? 20_000 : 3_000));
          // 143: the signal came before the program could take it (JVM start).
          assertThat(disk.stop()).as(disk::describe).isIn(0, 143);
        }
      }
      case HELD_BY_A_MOUNT -> heldByAMount();
      case KILLED -> {
        try (LiveDisk disk = record(recording)) {
          write(disk);
          disk.kill();
        }
      }
      case TERM_TWICE -> {
        try (LiveDisk disk = record(recording)) {
          write(disk);
          disk.signal("TERM");
          disk.stopsCleanly();
        }
      }
      case ARCHIVE_AWAY -> {
        try (LiveDisk disk = record(away, "--stop-limit", "1s")) {
          write(disk);
          disk.stopsCleanly();
        }
      }
      case ARCHIVE_REFUSES -> refusesAnArchiveThatIsNone();
      case ID_TAKEN -> {
        final Path other = scratch.resolve("other");
        try (LiveDisk taker =
            Blockcam.start("serve", "--backing", other, "--size", "1M", "--id", ID)) {
          Blockcam.runHere(arguments(recording)).shouldEndWith(ENVIRONMENT);
          taker.stopsCleanly();
        }
        Files.delete(other);
      }
      case SPOOL_FULL -> {
        try (LiveDisk disk =
            record(away, "--ring-size", "8M", "--spool-limit", "8M", "--stop-limit", "1s")) {
          final Thread writer = Thread.ofPlatform().start(() -> writeAll(disk.device()));
          Thread.sleep(Limits.seconds(3));
          assertThat(writer.isAlive()).as("it waits for room").isTrue();
          disk.stopsCleanly();
          writer.join();
        }
      }
      case RING_FILE_STUCK -> {
        try (LiveDisk disk = record(recording)) {
          write(disk);
          final String ring = Shell.sh("ls /dev/shm/blockcam-disk-*.ring").strip();
          Shell.sh("rm $1 && mkdir $1 && touch $1/x", ring);
          assertThat(disk.stop()).as(disk::describe).isEqualTo(ENVIRONMENT);
          Shell.run("rm", "-r", ring);
        }
      }
    }
  }

  private void heldByAMount() throws IOException {
    try (LiveDisk disk = record(recording)) {
      Shell.run("mkfs.ext4", "-q", "-F", disk.device().toString());
      try (Mount held = Mount.device(disk.device(), scratch.resolve("mnt"))) {
        Files.writeString(held.dir().resolve("file"), "written before the stop");
        assertThat(disk.stop()).as(disk::describe).isZero();
        // Kernels without UBLK_F_SAFE_STOP_DEV tell of it only when the number is to be freed.
        assertThat(disk.err()).containsAnyOf("is still in use", "still holds device");
      }
    }
    final Path copy = recording.copyOfDisk();
    try (Mount again = Mount.device(copy, scratch.resolve("again"), "-o", "loop")) {
      assertThat(again.dir().resolve("file")).hasContent("written before the stop");
    }
    Files.delete(copy);
  }

  private void refusesAnArchiveThatIsNone() throws IOException {
    final HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(403, -1);
          exchange.close();
        });
    server.start();
    try {
      final String uri = "webhdfs://127.0.0.1:" + server.getAddress().getPort() + "/archive";
      Blockcam.runHere(arguments(Recording.at(uri, scratch, "disk", SIZE_MIB + "M")))
          .shouldEndWith(ENVIRONMENT);
    } finally {
      server.stop(0);
    }
  }

  private static LiveDisk record(final Recording recording, final Object... more) {
    return Blockcam.start(arguments(recording, more));
  }

  private static Object[] arguments(final Recording recording, final Object... more) {
    final List<Object> options = new ArrayList<>();
    options.addAll(List.of("--backing", recording.backing(), "--size", SIZE_MIB + "M"));
    options.addAll(List.of("--spool", recording.spool(), "--id", ID));
    return recording.arguments("record", options, more);
  }

  private void write(final LiveDisk disk) {
    final byte[] block = new byte[4096];
    random.nextBytes(block);
    try (BlockDevice device = new BlockDevice(disk.device())) {
      device.writeDurably(random.nextInt(BLOCKS) * 4096L, block);
    }
  }

  /** Writes more than ring and spool hold together, or until the device is gone. */
  private static void writeAll(final Path path) {
    final byte[] data = new byte[1 << 20];
    final Random random = new Random(13);
    try (BlockDevice device = new BlockDevice(path)) {
      for (int i = 0; i < 8 * SIZE_MIB; i++) {
        random.nextBytes(data);
        device.write((long) (i % SIZE_MIB) << 20, data);
      }
    } catch (final RuntimeException e) {
      // The device stopped.
    }
  }

  /** Devices that serve somebody, mounts and processes of ours. */
  private List<String> leftBehind() {
    final List<String> left = new ArrayList<>();
    try (Stream<Path> files = Files.list(Path.of("/dev"))) {
      files.map(Path::toString).filter(f -> f.startsWith("/dev/ublkb")).forEach(left::add);
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
    Arrays.stream(Shell.sh("grep ublkb /proc/mounts || true").split("\n"))
        .filter(line -> !line.isBlank())
        .forEach(left::add);
    ProcessHandle.current()
        .children()
        .filter(ProcessHandle::isAlive)
        .map(ProcessHandle::toString)
        .forEach(left::add);
    return left;
  }
}
