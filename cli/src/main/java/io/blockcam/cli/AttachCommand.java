package io.blockcam.cli;

import io.blockcam.archive.Moment;
import io.blockcam.attach.PastTarget;
import io.blockcam.attach.Scratch;
import io.blockcam.replay.MomentException;
import io.blockcam.replay.MomentResolver;
import io.blockcam.replay.PastDisk;
import io.blockcam.replay.When;
import io.blockcam.store.ObjectStore;
import io.blockcam.ublk.DeviceOptions;
import io.blockcam.ublk.UblkDevice;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam attach}: the disk as of a moment, as a block device. */
@Command(
    name = "attach",
    description = "Presents the disk as of a moment as a block device, until SIGTERM.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "WHEN is " + When.FORMS + ".",
      "",
      "Nothing is copied: what is read is fetched. A file system that must replay its journal, or"
          + " a VM that boots from the past, needs --scratch.",
      "",
      "Examples:",
      "  blockcam attach --archive file:///srv/archive --name web1 --at -10m --id 5",
      "  mount -o ro,noload /dev/ublkb5 /mnt",
      "  blockcam attach --archive webhdfs://namenode:9870/blockcam --name web1 \\",
      "      --at 2026-11-22T10:00:00Z --scratch /var/tmp"
    })
final class AttachCommand implements Callable<Integer> {
  private static final Logger LOG = LoggerFactory.getLogger(AttachCommand.class);

  private static final int DEPTH = 32;
  private static final long LEAST_CACHE_BYTES = 1 << 20;
  private static final long MOST_CACHE_BYTES = 1L << 36;

  @Mixin RecordingOptions options = new RecordingOptions();

  @Mixin MomentOptions when = new MomentOptions();

  @Option(
      names = "--snap",
      paramLabel = "flush|mark",
      description = "Go back to the last flush or mark at WHEN or before.")
  @Nullable Snap snap;

  @Option(
      names = "--id",
      paramLabel = "N",
      description = "The N of /dev/ublkbN (default: the next free one).")
  @Nullable Integer id;

  @Option(
      names = "--scratch",
      paramLabel = "DIR",
      description = "Let the disk be written; the changes are kept in DIR and thrown away.")
  @Nullable Path scratchDirectory;

  @Option(
      names = "--cache",
      paramLabel = "SIZE",
      defaultValue = "64M",
      description = "Memory for what was read (default: ${DEFAULT-VALUE}).")
  Size cache = new Size(0);

  @Option(
      names = "--queues",
      paramLabel = "N",
      defaultValue = "1",
      description = "Hardware queues of the device (default: ${DEFAULT-VALUE}).")
  int queues;

  @Option(
      names = "--patience",
      paramLabel = "D",
      defaultValue = "5m",
      description =
          "How long a read waits for an archive that is away (default: ${DEFAULT-VALUE}).")
  Duration patience = Duration.ZERO;

  @Option(
      names = "--scan-partitions",
      description = "Let the kernel look for partitions on the disk.")
  boolean scanPartitions;

  @Spec CommandSpec spec = CommandSpec.create();

  /** Where to go back to. */
  enum Snap {
    /** The last flush. */
    FLUSH,
    /** The last mark. */
    MARK;

    /** As the user writes it. */
    @Override
    public String toString() {
      return Words.option(this);
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    final DeviceOptions device = device();
    if (cache.bytes() < LEAST_CACHE_BYTES || cache.bytes() > MOST_CACHE_BYTES) {
      throw CommandException.usage("--cache " + cache.bytes() + " is not between 1M and 64G");
    }
    try (StopSignal signal = new StopSignal();
        ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      final MomentOptions.Found found =
          snapped(
              when.find(
                  options.recording(store), /* tolerant= */ false, spec.commandLine().getErr()));
      try (PastDisk disk = when.open(found, progress);
          PastTarget target =
              new PastTarget(
                  disk.bytes(), disk::read, cache.bytes(), patience, scratch(disk.bytes()))) {
        target.warmUp();
        progress.close();
        warn(disk, found);
        Thread.ofVirtual().name("doubts").start(() -> warnOfDoubts(disk));
        return serve(signal, device, target, found.moment());
      }
    }
  }

  /** What is soon known; {@code replay} tells how much of the disk it is. */
  private void warn(final PastDisk disk, final MomentOptions.Found found) throws IOException {
    final PrintWriter err = spec.commandLine().getErr();
    if (!disk.isBeginningKnown()) {
      err.println(
          "blockcam: baseline none: what was not written since the recording began reads as zero;"
              + " what it held is not known");
    }
    MomentOptions.warnOfBeginning(found.segments(), err);
    if (!found.gaps().isEmpty()) {
      err.printf(
          "blockcam: %d blocks may have held something else: what was written right behind this"
              + " moment is missing%n",
          found.gaps().blocks());
    }
    err.flush();
  }

  /** Looked for beside the reads: of a large disk that may take a while. */
  private void warnOfDoubts(final PastDisk disk) {
    try {
      if (disk.hasDoubts()) {
        final PrintWriter err = spec.commandLine().getErr();
        err.println(
            "blockcam: of some blocks the record is not certain, after a crash, a gap or a failed"
                + " write; `blockcam replay` tells which");
        err.flush();
      }
    } catch (final IOException | RuntimeException e) {
      LOG.debug("whether the record is certain of all is not known: {}", Messages.of(e));
    }
  }

  private DeviceOptions device() {
    if (id != null && id < 0) {
      throw CommandException.usage("--id " + id + " is negative");
    }
    try {
      final DeviceOptions device =
          DeviceOptions.defaults()
              .withId(id == null ? OptionalInt.empty() : OptionalInt.of(id))
              .withQueues(queues)
              .withDepth(DEPTH)
              .withRequestLimit(Duration.ZERO);
      return scanPartitions ? device : device.withoutPartitionScan();
    } catch (final IllegalArgumentException e) {
      throw CommandException.usage("--" + Messages.of(e));
    }
  }

  private MomentOptions.Found snapped(final MomentOptions.Found found) throws IOException {
    if (snap == null) {
      return found;
    }
    try {
      final MomentResolver resolver =
          new MomentResolver(found.reader(), found.segments(), !when.noIndex);
      return found.with(
          snap == Snap.FLUSH
              ? resolver.flushBefore(found.moment())
              : resolver.markBefore(found.moment()));
    } catch (final MomentException e) {
      throw CommandException.usage("--snap: " + Messages.of(e));
    }
  }

  private @Nullable Scratch scratch(final long diskBytes) throws IOException {
    return scratchDirectory == null ? null : Scratch.in(scratchDirectory, diskBytes);
  }

  private int serve(
      final StopSignal signal,
      final DeviceOptions options,
      final PastTarget target,
      final Moment moment)
      throws IOException, InterruptedException {
    final UblkDevice device = UblkDevice.start(options, target, null);
    spec.commandLine()
        .getOut()
        .printf(
            "serving the disk as of %s, epoch %d, seq:%d, %s, on %s%n",
            moment.instant(),
            moment.epoch(),
            moment.sequence(),
            scratchDirectory == null ? "read-only" : "writes thrown away at the end",
            device.info().blockDevicePath());
    spec.commandLine().getOut().flush();
    final @Nullable Throwable failure =
        signal.wanted().applyToEither(device.failure(), Function.identity()).join();
    target.giveUp();
    device.stop();
    return failure == null ? ExitCode.DONE : ExitCode.ENVIRONMENT;
  }
}
