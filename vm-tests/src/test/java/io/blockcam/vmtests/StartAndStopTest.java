package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.nativebindings.Posix;
import io.blockcam.ublk.DeviceOptions;
import io.blockcam.ublk.UblkDevice;
import io.blockcam.ublk.target.FileTarget;
import io.blockcam.ublk.target.Target;
import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.Scenario;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Devices come and go in one process, and nothing of them stays. */
@Scenario
@Tag("test-host")
class StartAndStopTest {

  private static final int CYCLES = 50;
  private static final int WARM_UP_CYCLES = 3;

  @TempDir private Path scratch;

  @Test
  void fiftyDevicesInOneProcessLeaveNothingBehind() throws IOException {
    cycle(WARM_UP_CYCLES); // class files and the like are opened once
    final List<String> descriptors = openDescriptors();
    final List<String> nodes = deviceNodes();
    final int threads = Thread.getAllStackTraces().size();

    cycle(CYCLES);

    assertThat(openDescriptors()).hasSameSizeAs(descriptors);
    assertThat(deviceNodes()).isEqualTo(nodes);
    assertThat(Thread.getAllStackTraces().size()).isLessThanOrEqualTo(threads);
  }

  @Test
  @Tag("long")
  void aThousandDevicesInOneProcessLeaveNothingBehind() throws IOException {
    cycle(WARM_UP_CYCLES);
    final List<String> descriptors = openDescriptors();
    cycle(20 * CYCLES);
    assertThat(openDescriptors()).hasSameSizeAs(descriptors);
  }

  private void cycle(final int times) throws IOException {
    for (int i = 0; i < times; i++) {
      final Path backing = scratch.resolve("disk");
      try (Target target = FileTarget.open(Posix.linux(), backing.toString(), 1 << 20)) {
        final UblkDevice live =
            UblkDevice.start(
                DeviceOptions.defaults().withQueues(1 + i % 2).withDepth(16), target, null);
        try (BlockDevice device = new BlockDevice(Path.of(live.info().blockDevicePath()))) {
          device.write(0, new byte[4096]);
        } finally {
          live.stop();
        }
      }
    }
  }

  private static List<String> openDescriptors() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      return all.map(Path::toString).sorted().toList();
    }
  }

  private static List<String> deviceNodes() throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/dev"))) {
      return all.map(Path::toString).filter(p -> p.startsWith("/dev/ublk")).sorted().toList();
    }
  }
}
