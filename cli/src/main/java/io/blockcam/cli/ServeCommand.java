package io.blockcam.cli;

import io.blockcam.nativebindings.Posix;
import io.blockcam.ublk.MemoryPressure;
import io.blockcam.ublk.UblkDevice;
import io.blockcam.ublk.control.UblkControl;
import io.blockcam.ublk.target.Target;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code blockcam serve}: the disk without recording. */
@Command(
    name = "serve",
    description = "Presents a disk without recording it, until SIGTERM.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Examples:",
      "  blockcam serve --backing /srv/disk.img --size 20G",
      "  blockcam serve --backing null --queues 2"
    })
final class ServeCommand implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(ServeCommand.class);

  @Mixin DiskOptions disk = new DiskOptions();

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException, InterruptedException {
    try (UblkControl driver = UblkControl.open(Posix.linux())) {
      new OwnStorage(driver).with("--backing", Path.of(disk.backing)).refuseOrphans();
    }
    MemoryPressure.prepare(Posix.linux());
    try (StopSignal signal = new StopSignal();
        Target target = disk.openTarget(/* allowNull= */ true, Duration.ZERO)) {
      final UblkDevice device = UblkDevice.start(disk.device(), target, null);
      markUnrecorded();
      spec.commandLine()
          .getOut()
          .printf("serving %s on %s%n", target.describe(), device.info().blockDevicePath());
      spec.commandLine().getOut().flush();
      final @Nullable Throwable failure =
          signal.wanted().applyToEither(device.failure(), Function.identity()).join();
      device.stop();
      return failure == null ? ExitCode.DONE : ExitCode.ENVIRONMENT;
    }
  }

  /** A disk that belongs to a recording is about to change without it. */
  private void markUnrecorded() {
    final DiskMark mark = new DiskMark(disk.backing);
    mark.recording()
        .ifPresent(
            name -> {
              LOG.warn(
                  "{} is the disk of recording '{}', and what is written now is not recorded:"
                      + " `blockcam record` will not go on with it unless told to (--rebind)",
                  disk.backing,
                  name);
              if (mark.unrecordedSince().isEmpty()) {
                mark.setUnrecordedSince(Instant.now().toString());
              }
            });
  }
}
