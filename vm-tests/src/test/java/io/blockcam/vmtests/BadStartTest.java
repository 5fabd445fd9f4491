package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Checkout;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Mount;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Refusals;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.MadeUpRecording;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recorder that cannot do what it is asked to says so in one line, and changes nothing. */
@Scenario
@Tag("test-host")
class BadStartTest {

  private static final int USAGE = 2;
  private static final int ENVIRONMENT = 3;

  @TempDir private Path scratch;
  private Recording recording = Recording.inDirectory(Path.of(""), "", "");
  private Refusals here = new Refusals(Path.of(""));

  @BeforeEach
  void prepare() {
    recording = Recording.inDirectory(scratch, "disk", "16M");
    here = new Refusals(scratch);
  }

  @Test
  void refusesWithoutAUblkDriver() {
    here.refuses(
        ENVIRONMENT,
        () -> with("unshare -m sh -c 'mount --bind \"$0\" /dev && exec \"$@\"' " + fakeDev()),
        "ublk");
  }

  /** A directory that looks like /dev without the driver's node. */
  private static Path fakeDev() {
    try {
      final Path dev = Files.createTempDirectory("dev");
      for (final String name : List.of("null", "zero", "urandom", "random")) {
        Shell.run("cp", "-a", "/dev/" + name, dev.resolve(name).toString());
      }
      Files.createSymbolicLink(dev.resolve("fd"), Path.of("/proc/self/fd"));
      Files.createDirectory(dev.resolve("shm"));
      return dev;
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void refusesWhoIsNotRoot() throws IOException {
    // A copy of the program that anybody can read, wherever the checkout is.
    final Path copy = Files.createTempDirectory("copy");
    Shell.sh(
        "mkdir -p $2/cli/target && cp -r $1/bin $2 && cp -r $1/cli/target/lib $2/cli/target"
            + " && chmod -R a+rX $2 && chmod 777 $3",
        Checkout.root(),
        copy,
        scratch);
    here.refuses(
        ENVIRONMENT,
        () ->
            with(
                "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all",
                copy.resolve("bin/blockcam")),
        "root");
  }

  /** Runs the recorder by another command. */
  private Shell.Result with(final String prefix) {
    return with(prefix, Checkout.file("bin/blockcam"));
  }

  private Shell.Result with(final String prefix, final Path binary) {
    final List<String> command = new ArrayList<>(List.of("sh", "-c", prefix + " \"$0\" \"$@\""));
    command.add(binary.toString());
    Stream.of(recordArguments()).map(Object::toString).forEach(command::add);
    final ProcessBuilder builder = new ProcessBuilder(command);
    builder
        .environment()
        .put("BLOCKCAM_JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
    return Shell.execute(Limits.seconds(120), builder);
  }

  private Object[] recordArguments(final Object... more) {
    final List<Object> options = new ArrayList<>();
    options.addAll(List.of("--backing", recording.backing(), "--size", "16M"));
    options.addAll(List.of("--spool", recording.spool()));
    return recording.arguments("record", options, more);
  }

  @Test
  void refusesABackingThatIsMissingWithoutASize() {
    here.refuses(
        USAGE,
        () ->
            recording.runHere(
                "record", "--backing", recording.backing(), "--spool", recording.spool()),
        recording.backing().toString(),
        "--size");
  }

  @Test
  void refusesASizeThatIsNoMultipleOfASector() {
    here.refuses(
        USAGE,
        () ->
            recording.runHere(
                "record",
                "--backing",
                recording.backing(),
                "--size",
                1000,
                "--spool",
                recording.spool()),
        "1000",
        "512");
  }

  @Test
  void refusesABackingWhoseOwnSizeIsNoMultipleOfASector() throws IOException {
    Files.write(recording.backing(), new byte[1000]);
    here.refuses(
        USAGE,
        () ->
            recording.runHere(
                "record", "--backing", recording.backing(), "--spool", recording.spool()),
        recording.backing().toString(),
        "1000");
  }

  @Test
  void refusesABackingThatAnotherBlockcamUses() {
    try (LiveDisk disk = recording.record()) {
      final Recording second = Recording.inDirectory(scratch, "second", "16M");
      final Shell.Result result =
          second.run("record", "--backing", recording.backing(), "--spool", second.spool());
      result.shouldEndWith(ENVIRONMENT);
      assertThat(result.err().lines().toList()).as("%s", result).hasSize(1);
      assertThat(result.err()).contains(recording.backing().toString(), "in use");
      assertThat(second.folder()).doesNotExist();
      assertThat(second.spool()).doesNotExist();

      final Shell.Result served = Blockcam.run("serve", "--backing", recording.backing());
      served.shouldEndWith(ENVIRONMENT);
      assertThat(disk.isRunning()).isTrue();
      disk.stopsCleanly();
    }
    recording.latestShouldEqualTheDisk();
  }

  @Test
  void refusesAnArchiveThatHasAnotherRecordingOfTheSameName() throws IOException {
    try (LiveDisk disk = recording.record()) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        device.write(0, new byte[4096]);
      }
      disk.stopsCleanly();
    }
    Shell.run("rm", "-r", recording.spool().toString(), recording.backing().toString());
    here.refuses(USAGE, () -> Blockcam.run(recordArguments()), "disk", "--name");
  }

  @Test
  void refusesAnUnknownKindOfArchive() {
    here.refuses(
        USAGE,
        () ->
            Blockcam.runHere(
                "record",
                "--archive",
                "ftp://somewhere/archive",
                "--name",
                "disk",
                "--backing",
                recording.backing(),
                "--size",
                "16M",
                "--spool",
                recording.spool()),
        "ftp");
  }

  @Test
  void refusesABlockDeviceThatIsMounted() throws IOException {
    final Path file = Files.createFile(scratch.resolve("mounted"));
    Shell.sh("truncate -s 16M $1 && mkfs.ext4 -q -F $1", file);
    final String loop = Shell.run("losetup", "--find", "--show", file.toString()).strip();
    try (Mount mount = Mount.device(Path.of(loop), scratch.resolve("mnt"))) {
      final Shell.Result result = Blockcam.runHere("serve", "--backing", loop);
      result.shouldEndWith(ENVIRONMENT);
      assertThat(result.err().lines().toList()).as("%s", result).hasSize(1);
      assertThat(result.err()).contains(loop, "mounted");
      assertThat(mount.dir()).exists();
    } finally {
      Shell.run("losetup", "--detach", loop);
    }
  }

  @Test
  void leavesNothingBehindWhenTheNumberOfTheDeviceIsTaken() {
    final Path other = scratch.resolve("other");
    try (LiveDisk disk = Blockcam.start("serve", "--backing", other, "--size", "1M", "--id", 9)) {
      final Shell.Result result = Blockcam.run(recordArguments("--id", 9));
      result.shouldEndWith(ENVIRONMENT);
      assertThat(result.err()).as("%s", result).contains("device id 9 is taken", "--id");
      assertThat(recording.backing()).doesNotExist();
      assertThat(recording.spool()).doesNotExist();
      assertThat(recording.folder()).doesNotExist();
      disk.stopsCleanly();
    }
  }

  /** A mistyped port, a proxy: it would be spooled for until the spool is full. */
  @Test
  void refusesAnArchiveThatAnswersButIsNone() throws IOException {
    final HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          exchange.getResponseHeaders().set("Content-Type", "text/html");
          exchange.sendResponseHeaders(404, -1);
          exchange.close();
        });
    server.start();
    try {
      final String uri = "webhdfs://127.0.0.1:" + server.getAddress().getPort() + "/archive";
      final Recording none = Recording.at(uri, scratch, "disk", "16M");
      here.refuses(
          ENVIRONMENT,
          () ->
              none.run(
                  "record", "--backing", none.backing(), "--size", "16M", "--spool", none.spool()),
          uri);
    } finally {
      server.stop(0);
    }
  }

  /** Here, because only root can mount a full disk. */
  @Test
  void leavesNothingOfAnImageBehindWhenTheDiskIsFull() throws IOException, InterruptedException {
    MadeUpRecording.make(scratch, "disk", 16 << 20, 3, 32 << 10);
    Files.createDirectory(scratch.resolve("full"));
    try (Mount full = Mount.memory(scratch.resolve("full"), "64k")) {
      here.refuses(
          ENVIRONMENT,
          () -> recording.run("replay", "--to", full.dir().resolve("image")),
          "full/image");
      try (Stream<Path> files = Files.list(full.dir())) {
        assertThat(files).isEmpty();
      }
    }
  }

  @Test
  void recordsAndSpoolsWhenTheArchiveIsNotReachable() {
    final Recording unreachable =
        Recording.at("webhdfs://127.0.0.1:9/archive", scratch, "spooled", "16M");
    try (LiveDisk disk = unreachable.record("--stop-limit", "1s")) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        device.write(0, new byte[4096]);
        device.flush();
      }
      disk.stopsCleanly();
      assertThat(disk.err()).contains("127.0.0.1:9");
    }
    Shell.sh("ls $1/*.log $1/*/*.log 2>/dev/null | grep .", unreachable.spool());
  }
}
