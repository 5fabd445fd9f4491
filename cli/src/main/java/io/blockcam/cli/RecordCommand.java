package io.blockcam.cli;

import io.blockcam.archive.Recording;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.store.ObjectStore;
import io.blockcam.capture.Capture;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.ring.SlabHeader;
import io.blockcam.capture.spool.Spool;
import io.blockcam.nativebindings.Posix;
import io.blockcam.ublk.DeviceOptions;
import io.blockcam.ublk.UblkDevice;
import io.blockcam.ublk.control.UblkControl;
import io.blockcam.ublk.target.FileTarget;
import io.blockcam.ublk.target.Geometry;
import io.blockcam.uploader.Backoff;
import io.blockcam.uploader.Uploader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam record}: the disk, with every write recorded. */
@Command(
    name = "record",
    description = "Presents a disk and records every write to it, until SIGTERM.",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    footer = {
      "",
      "Prints `recording NAME on /dev/ublkbN` once the device is live. On SIGTERM everything",
      "acknowledged is sealed and, if the archive answers in time, shipped; what is not stays in",
      "the spool and the next start ships it.",
      "",
      "Examples:",
      "  blockcam record --backing /srv/disk.img --size 20G --archive file:///srv/archive",
      "  blockcam record --config /etc/blockcam/web1.properties --name web1"
    })
final class RecordCommand implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(RecordCommand.class);

  private static final Path SPOOLS = Path.of("/var/lib/blockcam/spool");
  private static final Path RINGS = Path.of("/dev/shm");

  /** How long a stop may take to bring the ring into the spool. */
  private static final Duration SPOOL_LIMIT = Duration.ofSeconds(60);

  @Mixin DiskOptions disk = new DiskOptions();

  @Mixin ArchiveOptions archive = new ArchiveOptions();

  @Option(
      names = "--name",
      paramLabel = "N",
      description = "Name of the recording (default: the backing's file name without its ending).")
  @Nullable String name;

  @Option(
      names = "--note",
      paramLabel = "TEXT",
      defaultValue = "",
      description = "Free text that a new recording is begun with.")
  String note = "";

  @Option(
      names = "--spool",
      paramLabel = "DIR",
      description =
          "Where segments wait to be shipped (default: /var/lib/blockcam/spool/NAME). Durable"
              + " storage, not on the device itself.")
  @Nullable Path spoolDirectory;

  @Option(
      names = "--spool-limit",
      paramLabel = "SIZE",
      defaultValue = "20G",
      description =
          "Bytes the spool may take; when it is full, writes wait (default: ${DEFAULT-VALUE}).")
  Size spoolLimit = new Size(0);

  @Option(
      names = "--ring-size",
      paramLabel = "SIZE",
      defaultValue = "256M",
      description = "Memory between the writes and the spool (default: ${DEFAULT-VALUE}).")
  Size ringSize = new Size(0);

  @Option(
      names = "--seal-after",
      paramLabel = "D",
      defaultValue = "10s",
      description =
          "Ship a write after this time at the latest, full segment or not (default:"
              + " ${DEFAULT-VALUE}).")
  Duration sealAfter = Duration.ZERO;

  @Option(
      names = "--stop-limit",
      paramLabel = "D",
      defaultValue = "30s",
      description =
          "How long a stop waits for the archive to take the rest (default: ${DEFAULT-VALUE}).")
  Duration stopLimit = Duration.ZERO;

  @Spec CommandSpec spec = CommandSpec.create();

  /** Whether the device is or was live: from then on nothing of this run may be removed again. */
  private boolean live;

  @Override
  public Integer call() throws Exception {
    final String recordingName = ArchiveOptions.checkName(name == null ? nameOfBacking() : name);
    final Path spoolPath = spoolDirectory == null ? SPOOLS.resolve(recordingName) : spoolDirectory;
    final DeviceOptions device = disk.device();
    // Before anything is created: a machine without ublk must be left as it was.
    UblkControl.open(Posix.linux()).close();
    try (StopSignal signal = new StopSignal();
        ObjectStore store = archive.open();
        FileTarget target = (FileTarget) disk.openTarget(/* allowNull= */ false)) {
      boolean spoolIsNew = false;
      try {
        final Recording recording =
            RecordingIdentity.decide(
                store,
                recordingName,
                spoolPath,
                target.geometry().bytes(),
                target.isKnownEmpty(),
                note);
        final CaptureOptions options = captureOptions(recording, device);
        spoolIsNew = isAbsentOrEmpty(spoolPath);
        try (Spool spool = Spool.open(spoolPath, recording, spoolLimit.bytes());
            Uploader uploader =
                new Uploader(
                    store,
                    recording,
                    new SpoolSource(spool),
                    Backoff.DEFAULT,
                    InstantSource.system(),
                    RandomGenerator.getDefault())) {
          final Capture capture = startCapture(spool, options);
          run(device, target, recording, capture, uploader, signal);
        }
      } finally {
        if (!live) {
          target.discardIfCreated();
          if (spoolIsNew) {
            removeAll(spoolPath);
          }
        }
      }
      return signal.failure() == null ? ExitCode.DONE : ExitCode.ENVIRONMENT;
    }
  }

  private static boolean isAbsentOrEmpty(final Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return true;
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.findAny().isEmpty();
    }
  }

  /** A start that failed leaves no spool: it would pass for a recording that was begun. */
  private static void removeAll(final Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static Capture startCapture(final Spool spool, final CaptureOptions options)
      throws IOException {
    try {
      return Capture.start(spool, options);
    } catch (final IllegalArgumentException e) {
      throw CommandException.usage("--spool-limit: " + Messages.of(e));
    }
  }

  /**
   * Serves until a signal or a failure; whatever happens, what was recorded goes into the spool.
   */
  private void run(
      final DeviceOptions options,
      final FileTarget target,
      final Recording recording,
      final Capture capture,
      final Uploader uploader,
      final StopSignal signal)
      throws IOException, InterruptedException {
    try {
      final UblkDevice device = UblkDevice.start(options, target, capture.tap());
      live = true;
      target.keep();
      // Not earlier: a start that fails must not have published anything.
      uploader.start();
      device.failure().thenAccept(signal::fail);
      capture.failure().thenAccept(signal::fail);
      spec.commandLine()
          .getOut()
          .printf("recording %s on %s%n", recording.name(), device.info().blockDevicePath());
      spec.commandLine().getOut().flush();
      signal.await();
      if (signal.failure() != null) {
        LOG.error("stopping, because the disk cannot be served any more: {}", signal.failure());
      }
      capture.prepareStop();
      device.stop();
    } finally {
      finish(capture, uploader);
    }
  }

  private void finish(final Capture capture, final Uploader uploader)
      throws IOException, InterruptedException {
    if (!capture.stop(SPOOL_LIMIT)) {
      LOG.warn("not everything could be brought into the spool; the next start goes on with it");
    }
    if (live && !uploader.drain(stopLimit)) {
      LOG.warn(
          "{} segments are not shipped yet; they stay in the spool and the next start ships them: {}",
          uploader.status().backlog(),
          uploader.status().lastError());
    }
  }

  private CaptureOptions captureOptions(final Recording recording, final DeviceOptions device) {
    final Path ring =
        RINGS.resolve(
            "blockcam-"
                + recording.name()
                + "-"
                + recording.id().toString().substring(0, 8)
                + ".ring");
    try {
      return new CaptureOptions(
          ring,
          SlabHeader.slotsFor(ringSize.bytes()),
          device.maxIoBytes() / Geometry.SECTOR_BYTES,
          SegmentLimits.DEFAULT,
          sealAfter);
    } catch (final IllegalArgumentException e) {
      throw CommandException.usage("--ring-size or --seal-after: " + Messages.of(e));
    }
  }

  private String nameOfBacking() {
    final Path file = Path.of(disk.backing).getFileName();
    final String base = file == null ? "" : file.toString();
    final int dot = base.lastIndexOf('.');
    return dot > 0 ? base.substring(0, dot) : base;
  }
}
