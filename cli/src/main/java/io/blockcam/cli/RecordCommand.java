package io.blockcam.cli;

import io.blockcam.archive.Recording;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.OnFull;
import io.blockcam.capture.disk.DiskFingerprinter;
import io.blockcam.capture.ring.SlabHeader;
import io.blockcam.capture.spool.DiskFingerprint;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.nativebindings.Posix;
import io.blockcam.store.ObjectStore;
import io.blockcam.ublk.DeviceOptions;
import io.blockcam.ublk.DeviceOwner;
import io.blockcam.ublk.MemoryPressure;
import io.blockcam.ublk.UblkDevice;
import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.control.UblkControl;
import io.blockcam.ublk.target.FileTarget;
import io.blockcam.ublk.target.Geometry;
import io.blockcam.uploader.Compress;
import io.blockcam.uploader.Sending;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.OptionalLong;
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
      "the spool and the next start ships it. `blockcam stop` does the same.",
      "",
      "Examples:",
      "  blockcam record --backing /srv/disk.img --size 20G --archive file:///srv/archive",
      "  blockcam record --config /etc/blockcam/web1.properties --name web1"
    })
final class RecordCommand implements Callable<Integer> {

  private static final Logger LOG = LoggerFactory.getLogger(RecordCommand.class);

  static final Path SPOOLS = Path.of("/var/lib/blockcam/spool");
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
          "Bytes the spool may take; what then, says --on-full (default: ${DEFAULT-VALUE}).")
  Size spoolLimit = new Size(0);

  @Option(
      names = "--on-full",
      paramLabel = "WHAT",
      defaultValue = "block",
      description =
          "What becomes of writes when ring and spool are full. block: they wait, nothing is lost."
              + " gap: they go on unrecorded, the record says so, and what they have changed is read"
              + " back once there is room (default: ${DEFAULT-VALUE}).")
  OnFull onFull = OnFull.BLOCK;

  @Option(
      names = "--read-back-rate",
      paramLabel = "SIZE",
      defaultValue = "200M",
      description =
          "How much of the disk is read back a second at most, where that is more than a start waits"
              + " for: after a power cut, a long gap, or --rebind (default: ${DEFAULT-VALUE}).")
  Size readBackRate = new Size(0);

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
              + " gap, moments before and after do not join; then all of the disk is read and"
              + " recorded.")
  boolean rebind;

  @Option(
      names = "--grow",
      description =
          "Go on with a disk that has become larger. What its new part holds is read and recorded;"
              + " earlier moments keep the size that the disk had.")
  boolean grow;

  @Option(
      names = "--compress",
      paramLabel = "WHEN",
      defaultValue = "faster",
      description =
          "Compress segments (zstd) on their way into the archive. faster: where they get there"
              + " sooner, which is measured. always: where they become smaller. never"
              + " (default: ${DEFAULT-VALUE}).")
  Compress compress = Compress.FASTER;

  @Option(
      names = "--uploads",
      paramLabel = "N",
      defaultValue = "2",
      description =
          "Segments on their way into the archive at a time; they are published in their order"
              + " (default: ${DEFAULT-VALUE}).")
  int uploads;

  @Option(
      names = "--take-over",
      description =
          "If this recording is being recorded by another process, ask it to end and go on in its"
              + " place. The users of the disk wait for that long and see no error.")
  boolean takeOver;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws Exception {
    final String recordingName = ArchiveOptions.checkName(name == null ? nameOfBacking() : name);
    final Path spoolPath = spoolDirectory == null ? SPOOLS.resolve(recordingName) : spoolDirectory;
    final DeviceOptions device = disk.device();
    // What can be told to be wrong without the disk is, before another recorder ends in vain.
    final Sending sending = sending(spoolPath);
    final CaptureOptions capture = captureOptions(device);
    // Before anything is created: a machine without ublk must be left as it was.
    try (UblkControl driver = UblkControl.open(Posix.linux())) {
      checkPlaces(driver, spoolPath);
    }
    MemoryPressure.prepare(Posix.linux());
    try (ControlSocket control = new ControlSocket();
        StopSignal signal = new StopSignal();
        ObjectStore store = archive.open()) {
      final Optional<HandOver> handOver =
          takeOver ? takeOver(recordingName, spoolPath, device.startLimit()) : Optional.empty();
      awaitEndOfPredecessor(spoolPath, device);
      final int status;
      try (FileTarget target =
          (FileTarget)
              disk.openTarget(
                  /* allowNull= */ false, takeOver ? device.startLimit() : Duration.ZERO)) {
        try {
          final Recording recording = recording(store, recordingName, spoolPath, target, handOver);
          refuseUnlessGrown(recording, spoolPath, target.geometry().bytes());
          status =
              new Recorder(store, target, signal, control)
                  .run(
                      plan(recording, spoolPath, target, device, capture, sending),
                      session -> tell(session, recording, handOver));
        } finally {
          target.discardIfCreated(); // does nothing once the device was live
        }
      }
      if (status != ExitCode.ENVIRONMENT) {
        control.done();
      }
      return status;
    }
  }

  private void checkPlaces(final UblkControl driver, final Path spoolPath) throws IOException {
    final OwnStorage storage =
        new OwnStorage(driver)
            .with("--backing", Path.of(disk.backing))
            .with("--spool", spoolPath)
            .with("the ring", RINGS);
    final Optional<Path> directory = archive.directory();
    if (directory.isPresent()) {
      storage.with("--archive", directory.get());
    }
    storage.refuseOrphans();
    final Optional<Recording> recording = Spool.recordingOf(spoolPath);
    if (recording.isPresent()) {
      storage.refuseItself(recording.get().id());
    }
  }

  private static void awaitEndOfPredecessor(final Path spoolPath, final DeviceOptions device)
      throws IOException {
    final Optional<Recording> recording = Spool.recordingOf(spoolPath);
    if (recording.isPresent()) {
      UblkDevice.awaitEndOfPredecessor(device.withOwner(DeviceOwner.of(recording.get().id())));
    }
  }

  /** Looks first at what can be seen while the other one runs: it is not to end in vain. */
  private Optional<HandOver> takeOver(
      final String recordingName, final Path spoolPath, final Duration limit) throws IOException {
    final long now = FileTarget.bytesOf(Posix.linux(), disk.backing);
    RecordingIdentity.spooled(recordingName, spoolPath);
    final OptionalLong bytes = Spool.diskBytesOf(spoolPath);
    if (bytes.isPresent() && now != bytes.getAsLong()) {
      throw CommandException.usage(
          "--backing %s has %d bytes, the disk that is served %d: --take-over cannot change that, stop it first"
              .formatted(disk.backing, now, bytes.getAsLong()));
    }
    return HandOver.ask(spoolPath, limit);
  }

  private Recording recording(
      final ObjectStore store,
      final String recordingName,
      final Path spoolPath,
      final FileTarget target,
      final Optional<HandOver> handOver)
      throws IOException {
    final long diskBytes = target.geometry().bytes();
    if (handOver.isPresent()) {
      // The archive was asked when that one started; the users of the disk are waiting.
      return RecordingIdentity.spooled(recordingName, spoolPath).orElseThrow();
    }
    return RecordingIdentity.decide(
        store, recordingName, spoolPath, diskBytes, target.isKnownEmpty(), note);
  }

  /** A disk may grow, if that is said; and not while users wait for the one that was smaller. */
  private void refuseUnlessGrown(
      final Recording recording, final Path spoolPath, final long diskBytes) throws IOException {
    final long before = Spool.diskBytesOf(spoolPath).orElse(recording.diskBytes());
    if (diskBytes == before) {
      return;
    }
    if (diskBytes < before) {
      throw CommandException.usage(
          "recording '%s' is of a disk of %d bytes, this one has %d: give the disk it was begun with, or another --name"
              .formatted(recording.name(), before, diskBytes));
    }
    if (!grow && !rebind) {
      throw CommandException.usage(
          "recording '%s' is of a disk of %d bytes, this one has %d: give the disk it was begun with, or --grow if it is that one and was made larger"
              .formatted(recording.name(), before, diskBytes));
    }
    try (UblkControl driver = UblkControl.open(Posix.linux())) {
      final long owner = DeviceOwner.of(recording.id());
      for (final DeviceInfo device : driver.devices()) {
        if (device.owner() == owner) {
          throw CommandException.usage(
              "%s still has users, who wait with %d bytes of disk: make the backing store that small again (truncate -s %d), start without --grow, and stop in order; or remove the device with `blockcam reap --id %d`"
                  .formatted(device.blockDevicePath(), before, before, device.id()));
        }
      }
    }
    LOG.info("the disk of {} has {} bytes now, {} before", recording.name(), diskBytes, before);
  }

  private RecordingSession.Plan plan(
      final Recording recording,
      final Path spoolPath,
      final FileTarget target,
      final DeviceOptions device,
      final CaptureOptions capture,
      final Sending sending)
      throws IOException {
    final @Nullable DiskFingerprint before = Spool.diskOf(spoolPath).orElse(null);
    return new RecordingSession.Plan(
        recording,
        target.geometry().bytes(),
        spoolPath,
        spoolLimit.bytes(),
        capture.withRing(ringOf(recording)),
        device,
        stopLimit,
        before,
        isChangedUnseen(recording, spoolPath, target, before),
        sending);
  }

  private Sending sending(final Path spoolPath) {
    try {
      return new Sending(uploads, compress, spoolPath.resolve("encoding"));
    } catch (final IllegalArgumentException e) {
      throw CommandException.usage("--uploads: " + Messages.of(e));
    }
  }

  private void tell(
      final RecordingSession session,
      final Recording recording,
      final Optional<HandOver> handOver) {
    final String path = session.device().info().blockDevicePath();
    handOver.ifPresent(
        from ->
            LOG.info(
                "took over {} from process {}; its users have waited for {} ms",
                path,
                from.pid(),
                from.waitedMs()));
    final DiskMark mark = new DiskMark(disk.backing);
    mark.setRecording(recording.name());
    mark.clearUnrecorded();
    final PrintWriter out = spec.commandLine().getOut();
    out.printf("recording %s on %s%n", recording.name(), path);
    out.flush();
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
              + ". Give the right one; or --rebind to go on with this one, with a gap in the record,"
              + " and to read and record all of it");
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
        : new DiskFingerprinter(target, InstantSource.system())
            .mismatch(before, Spool.diskBytesOf(spoolPath).orElse(target.geometry().bytes()));
  }

  /** But for the place of the ring, which is the recording's. */
  private CaptureOptions captureOptions(final DeviceOptions device) {
    final CaptureOptions options;
    try {
      options =
          new CaptureOptions(
              RINGS,
              SlabHeader.slotsFor(ringSize.bytes()),
              device.maxIoBytes() / Geometry.SECTOR_BYTES,
              SealRules.beside(SegmentLimits.DEFAULT, sealAfter).withEnoughSealed(uploads),
              onFull,
              CaptureOptions.DEFAULT_REGION_BYTES,
              readBackRate.bytes());
    } catch (final IllegalArgumentException e) {
      throw CommandException.usage(
          "--ring-size, --seal-after or --read-back-rate: " + Messages.of(e));
    }
    try {
      options.checkSpoolLimit(spoolLimit.bytes());
    } catch (final IllegalArgumentException e) {
      throw CommandException.usage("--spool-limit: " + Messages.of(e));
    }
    return options;
  }

  private static Path ringOf(final Recording recording) {
    return RINGS.resolve(
        "blockcam-%s-%s.ring"
            .formatted(recording.name(), recording.id().toString().substring(0, 8)));
  }

  private String nameOfBacking() {
    final Path file = Path.of(disk.backing).getFileName();
    final String base = file == null ? "" : file.toString();
    final int dot = base.lastIndexOf('.');
    return dot > 0 ? base.substring(0, dot) : base;
  }
}
