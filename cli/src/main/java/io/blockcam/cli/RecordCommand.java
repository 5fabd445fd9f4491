package io.blockcam.cli;

import io.blockcam.archive.Recording;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.disk.DiskFingerprinter;
import io.blockcam.capture.ring.SlabHeader;
import io.blockcam.capture.spool.DiskFingerprint;
import io.blockcam.capture.spool.Spool;
import io.blockcam.nativebindings.Posix;
import io.blockcam.store.ObjectStore;
import io.blockcam.ublk.DeviceOptions;
import io.blockcam.ublk.MemoryPressure;
import io.blockcam.ublk.control.UblkControl;
import io.blockcam.ublk.target.FileTarget;
import io.blockcam.ublk.target.Geometry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Callable;
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

  /** Who gives more gives the service more, too: TimeoutStopSec. */
  static final String STOP_LIMIT = "30s";

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
      defaultValue = STOP_LIMIT,
      description =
          "How long a stop waits for the archive to take the rest (default: ${DEFAULT-VALUE}).")
  Duration stopLimit = Duration.ZERO;

  @Option(
      names = "--rebind",
      description =
          "Go on with a disk that is not as the recorder left it, or another one. The record gets a"
              + " gap: moments before and after do not join.")
  boolean rebind;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    final String recordingName = ArchiveOptions.checkName(name == null ? nameOfBacking() : name);
    final Path spoolPath = spoolDirectory == null ? SPOOLS.resolve(recordingName) : spoolDirectory;
    final DeviceOptions device = disk.device();
    // Before anything is created: a machine without ublk must be left as it was.
    UblkControl.open(Posix.linux()).close();
    MemoryPressure.prepare(Posix.linux());
    try (StopSignal signal = new StopSignal();
        ObjectStore store = archive.open();
        FileTarget target = (FileTarget) disk.openTarget(/* allowNull= */ false)) {
      try {
        final Recording recording =
            RecordingIdentity.decide(
                store,
                recordingName,
                spoolPath,
                target.geometry().bytes(),
                target.isKnownEmpty(),
                note);
        final @Nullable DiskFingerprint before = Spool.diskOf(spoolPath).orElse(null);
        final boolean gap = isChangedUnseen(recording, spoolPath, target, before);
        final RecordingSession session =
            start(
                new RecordingSession.Plan(
                    recording,
                    spoolPath,
                    spoolLimit.bytes(),
                    captureOptions(recording, device),
                    device,
                    stopLimit,
                    before,
                    gap),
                store,
                target);
        run(session, recording, signal);
      } finally {
        target.discardIfCreated(); // does nothing once the device was live
      }
      return signal.failure() == null ? ExitCode.DONE : ExitCode.ENVIRONMENT;
    }
  }

  private static RecordingSession start(
      final RecordingSession.Plan plan, final ObjectStore store, final FileTarget target)
      throws IOException {
    try {
      return RecordingSession.start(plan, store, target);
    } catch (final IllegalArgumentException e) {
      throw CommandException.usage("--spool-limit: " + Messages.of(e));
    }
  }

  /**
   * Whether the disk is not the one that the recorder left, as far as can be told.
   *
   * @throws CommandException if so, unless it was asked for
   */
  private boolean isChangedUnseen(
      final Recording recording,
      final Path spoolPath,
      final FileTarget target,
      final @Nullable DiskFingerprint before)
      throws IOException {
    final Optional<String> reason = reasonAgainst(spoolPath, target, before);
    if (reason.isEmpty()) {
      return false;
    }
    final String what =
        "backing store %s is not the disk that recording '%s' was left with: %s"
            .formatted(disk.backing, recording.name(), reason.get());
    if (!rebind) {
      throw CommandException.usage(
          what
              + ". Give the right one; or --rebind to go on with this one, with a gap in the record"
              + " (what it holds now is not in it)");
    }
    LOG.warn("{}. Going on with it: moments before and after this start do not join", what);
    return true;
  }

  private Optional<String> reasonAgainst(
      final Path spoolPath, final FileTarget target, final @Nullable DiskFingerprint before)
      throws IOException {
    if (Spool.recordingOf(spoolPath).isEmpty()) {
      return Optional.empty(); // it begins with this disk
    }
    if (target.isNew()) {
      return Optional.of("there was no such file, it would be a new one (is all mounted?)");
    }
    final Optional<String> unrecorded = new DiskMark(disk.backing).unrecordedSince();
    if (unrecorded.isPresent()) {
      return Optional.of("it was served without being recorded, since " + unrecorded.get());
    }
    return before == null
        ? Optional.empty()
        : new DiskFingerprinter(target, InstantSource.system()).mismatch(before);
  }

  /**
   * Serves until a signal or a failure; whatever happens, what was recorded goes into the spool.
   */
  private void run(
      final RecordingSession session, final Recording recording, final StopSignal signal)
      throws IOException, InterruptedException {
    final DiskMark mark = new DiskMark(disk.backing);
    try {
      mark.setRecording(recording.name());
      mark.clearUnrecorded();
      session.failure().thenAccept(cause -> signal.fail((Throwable) cause));
      spec.commandLine()
          .getOut()
          .printf(
              "recording %s on %s%n", recording.name(), session.device().info().blockDevicePath());
      spec.commandLine().getOut().flush();
      signal.await();
      if (signal.failure() != null) {
        LOG.error("stopping, because the disk cannot be served any more: {}", signal.failure());
      }
    } finally {
      session.stop();
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
          sealAfter,
          CaptureOptions.DEFAULT_REGION_BYTES);
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
