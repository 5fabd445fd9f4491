package io.blockcam.capture.spool;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.blockcam.archive.Directories;
import io.blockcam.archive.Nanos;
import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.Writes;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.LogName;
import io.blockcam.archive.log.LogRepair;
import io.blockcam.archive.log.LogWriter;
import io.blockcam.archive.log.Recovered;
import io.blockcam.archive.log.RepairedLog;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.segment.SegmentException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The directory where a recording's segments wait to be shipped, oldest first, each in its {@link
 * LogWriter log}.
 *
 * <pre>
 *   lock                  held while the spool is open
 *   recording.json        which recording; the bytes that stand in the archive
 *   spool.json            where it stands, see {@link SpoolState}
 *   shipped.json          how far it is shipped, see {@link Shipped}
 *   disk.json             what the disk looked like, see {@link DiskFingerprint}
 *   regions               where a power cut leaves doubt, see {@link RegionLogDescriptor}
 *   doubt                 blocks to be read back, see {@link DoubtLog}
 *   NNNNNNNNNN.log        a segment that is sealed, waiting
 *   NNNNNNNNNN.open       the one that is written
 *   NNNNNNNNNN.open.new   the next one, or a copy of it, that is not durable yet
 *   N.spare               a file to be written over, see {@link SpareFiles}
 * </pre>
 *
 * <p>Every change of a JSON file is a new file, forced, renamed over the old one. Any thread.
 */
public final class Spool implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
  private static final String LOCK_FILE = "lock";
  private static final String FRESH_SUFFIX = ".new";

  /** So much of the limit may be files that are written over: room for the next burst. */
  private static final int SPARE_PART = 8;

  /** Once blocked, writes go on when so much of the limit is in use, in percent. */
  private static final int RESUME_PERCENT = 95;

  private final Path directory;
  private final Recording recording;
  private volatile long limitBytes;
  private final FileChannel lock;
  private final DoubtLog doubt;
  private final SpareFiles spares;
  private final Object monitor = new Object();
  private final Watermarks watermarks;
  private final List<Recovered> recovered = new ArrayList<>();
  private final Deque<WaitingSegment> sealed = new ArrayDeque<>();

  /** Held while the state is changed, which takes a sync. */
  private final Object changing = new Object();

  private SpoolState state;

  /** Changed by whoever ships. */
  private volatile Shipped shipped;

  private long sealedBytes;
  private long openBytes;

  /** What the next epoch's disk has, if that is more. Control thread. */
  private long grownBytes;

  /** Of a segment that takes no more records and is not listed yet. */
  private long endingBytes;

  // Of their first records; 0 when there is none.
  private long openSinceNs;
  private long endingSinceNs;

  /** Of all segments that were removed since it was opened. */
  private long removedBytes;

  private final Object losing = new Object();

  /** Guarded by losing. */
  private @Nullable Doubts losses;

  private boolean blocked;
  private Runnable onRemoved = () -> {};

  /**
   * A sealed segment.
   *
   * @param sinceNs time of its first record; of one that was there before, when it was sealed
   */
  private record WaitingSegment(Path path, long bytes, long sinceNs) {}

  private Spool(
      final Path directory,
      final Recording recording,
      final long limitBytes,
      final FileChannel lock,
      final DoubtLog doubt,
      final SpoolState state)
      throws IOException {
    this.directory = directory;
    this.recording = recording;
    this.limitBytes = limitBytes;
    this.lock = lock;
    this.doubt = doubt;
    this.spares = new SpareFiles(directory);
    this.state = state;
    this.shipped = shipped(directory, recording);
    this.watermarks = new Watermarks("spool " + directory, limitBytes);
  }

  /**
   * Opens the spool of a recording, or makes it. Whatever a crash left is put in order first.
   *
   * @param directory made, with mode 0700, when it is not there
   * @param recording must be the one the spool was made for
   * @param limitBytes how much its segments may take
   * @throws IOException with one line: what, which value, what to do. Nothing was touched when the
   *     spool belongs to something else
   */
  public static Spool open(final Path directory, final Recording recording, final long limitBytes)
      throws IOException {
    return open(directory, recording, limitBytes, () -> {});
  }

  /**
   * The same.
   *
   * @param onLocked told when nobody else can use it any more; putting it in order may take long
   */
  public static Spool open(
      final Path directory,
      final Recording recording,
      final long limitBytes,
      final Runnable onLocked)
      throws IOException {
    final boolean fresh = !Files.exists(directory);
    if (fresh) {
      make(directory);
    } else if (!Files.isDirectory(directory)) {
      throw new SpoolException(directory, "is no directory; choose another place");
    }
    final Optional<Recording> owner = recordingOf(directory);
    if (owner.isPresent()) {
      checkIdentity(directory, owner.get(), recording);
    } else {
      checkUnused(directory);
    }
    final FileChannel lock = lock(directory);
    try {
      if (owner.isEmpty()) {
        replace(directory, Recording.FILE_NAME, RecordingJson.write(recording));
      }
      final SpoolState state = state(directory, recording);
      final DoubtLog doubt =
          DoubtLog.open(directory, recording.id(), RecordDescriptor.blocks(state.diskBytes()));
      final Spool spool =
          new Spool(directory, owner.orElse(recording), limitBytes, lock, doubt, state);
      onLocked.run();
      spool.putInOrder();
      return spool;
    } catch (final IOException | RuntimeException | Error e) {
      lock.close();
      throw e;
    }
  }

  private static SpoolState state(final Path directory, final Recording recording)
      throws IOException {
    final Path file = directory.resolve(SpoolState.FILE_NAME);
    if (!Files.exists(file)) {
      return SpoolState.initial(recording);
    }
    final SpoolState state = SpoolState.ofJson(Files.readAllBytes(file), file);
    checkIdentity(file, state.recordingId(), recording);
    return state;
  }

  private static Shipped shipped(final Path directory, final Recording recording)
      throws IOException {
    final Path file = directory.resolve(Shipped.FILE_NAME);
    if (!Files.exists(file)) {
      final byte[] recordingJson = Files.readAllBytes(directory.resolve(Recording.FILE_NAME));
      return new Shipped(recording.id(), 0, Sha256.of(recordingJson));
    }
    final Shipped shipped = Shipped.ofJson(Files.readAllBytes(file), file);
    checkIdentity(file, shipped.recordingId(), recording);
    return shipped;
  }

  /**
   * Which recording a directory is the spool of; also while it is in use.
   *
   * @return empty when it is not a spool
   */
  public static Optional<Recording> recordingOf(final Path directory) throws IOException {
    final Path file = directory.resolve(Recording.FILE_NAME);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    return Optional.of(RecordingJson.read(Files.readAllBytes(file), file.toString()));
  }

  /**
   * Size of the disk of this spool's recording, in bytes, in its newest epoch.
   *
   * @return empty when it is no spool
   */
  public static OptionalLong diskBytesOf(final Path directory) throws IOException {
    final Path file = directory.resolve(SpoolState.FILE_NAME);
    if (Files.exists(file)) {
      return OptionalLong.of(SpoolState.ofJson(Files.readAllBytes(file), file).diskBytes());
    }
    final Optional<Recording> recording = recordingOf(directory);
    return recording.isPresent()
        ? OptionalLong.of(recording.get().diskBytes())
        : OptionalLong.empty();
  }

  /**
   * What the disk of this spool's recording looked like when the recorder last looked.
   *
   * @return empty when that was never told
   */
  public static Optional<DiskFingerprint> diskOf(final Path directory) throws IOException {
    final Path file = directory.resolve(DiskFingerprint.FILE_NAME);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    return Optional.of(DiskFingerprint.ofJson(Files.readAllBytes(file), file));
  }

  /** Remembers what the disk looks like; durable when this returns. Control thread. */
  public void remember(final DiskFingerprint disk) throws IOException {
    replace(directory, DiskFingerprint.FILE_NAME, disk.toJson());
  }

  /** Blocks of which disk and record may hold different things. One thread at a time. */
  public Doubt doubt() {
    return doubt.doubt();
  }

  /**
   * Remembers more of them; durable when this returns. May be repeated when it fails. One thread at
   * a time.
   */
  public void addDoubt(final Doubt more) throws IOException {
    doubt.add(more);
  }

  /**
   * What the disk holds is in the record, but for these blocks; durable when this returns. May be
   * repeated when it fails. One thread at a time.
   */
  public void reduceDoubt(final Doubt left) throws IOException {
    doubt.keep(left);
  }

  /**
   * Opens the log of dirty regions; made when it is not there.
   *
   * @param leastRegionBytes size of a region when it is made, a power of two
   * @return the caller's
   */
  public RegionLog regions(final long leastRegionBytes) throws IOException {
    return RegionLog.open(
        directory, recording.id(), diskBytes(), leastRegionBytes, state().epoch() < 0);
  }

  /**
   * The disk is not the one that the recorder left, or was changed without it: the next epoch
   * begins with a gap, and all of the disk is read back. Durable when this returns.
   *
   * @param leastRegionBytes see {@link #regions}
   */
  public void distrustDisk(final long leastRegionBytes) throws IOException {
    try (RegionLog log = regions(leastRegionBytes)) {
      log.distrustAll(GapReason.DISK_CHANGED);
    }
  }

  /** The directory, as it was given. */
  public Path directory() {
    return directory;
  }

  /** Whose segments these are. */
  public Recording recording() {
    return recording;
  }

  /** {@code recording.json}, byte for byte as it was written when the recording began. */
  public byte[] recordingJson() throws IOException {
    return Files.readAllBytes(directory.resolve(Recording.FILE_NAME));
  }

  /** Where the recording stands. */
  public SpoolState state() {
    synchronized (monitor) {
      return state;
    }
  }

  /** How far the recording is shipped. */
  public Shipped shipped() {
    return shipped;
  }

  /** What was made of segments that a crash left open, when the spool was opened. */
  public List<Recovered> recovered() {
    return List.copyOf(recovered);
  }

  /** Size of the disk in the newest epoch, in bytes. */
  public long diskBytes() {
    return state().diskBytes();
  }

  /**
   * The disk is larger than before, from the next epoch on. Before that begins; nothing of this is
   * durable until then.
   *
   * @throws IllegalArgumentException when it is smaller
   */
  public void growDisk(final long bytes) {
    if (bytes < diskBytes()) {
      throw new IllegalArgumentException(
          "a disk of %d bytes, %d before: a recorded disk cannot shrink"
              .formatted(bytes, diskBytes()));
    }
    grownBytes = bytes;
  }

  /**
   * Begins the next epoch; durable when this returns.
   *
   * @return its number, from 0
   */
  public long beginEpoch() throws IOException {
    return change(before -> before.withNextEpoch(Math.max(before.diskBytes(), grownBytes))).epoch();
  }

  /**
   * Notes down that everything that was offered to a ring has come into the spool, and no ring is
   * in use: whatever becomes of the ring's file, nothing is missing. Durable when this returns.
   *
   * @param boot of the machine: after the next one the disk may have lost what it had taken
   */
  public void becomeWhole(final UUID boot) throws IOException {
    saveWholeIn(boot);
  }

  /** The opposite, before a ring takes its first record. Durable when this returns. */
  public void beginRing() throws IOException {
    saveWholeIn(null);
  }

  private void saveWholeIn(final @Nullable UUID wholeInBoot) throws IOException {
    change(before -> before.wholeIn(wholeInBoot));
  }

  /** Durable when this returns; nothing has changed when it fails. */
  private SpoolState change(final UnaryOperator<SpoolState> how) throws IOException {
    synchronized (changing) {
      final SpoolState next = how.apply(state());
      replace(directory, SpoolState.FILE_NAME, next.toJson());
      synchronized (monitor) {
        state = next;
      }
      return next;
    }
  }

  /** The sealed segments, oldest first. */
  public List<Path> sealed() {
    synchronized (monitor) {
      return sealed.stream().map(WaitingSegment::path).toList();
    }
  }

  /**
   * The sealed segments to ship next, in their order.
   *
   * @param most not more than these
   */
  public List<Path> oldestSealed(final int most) {
    synchronized (monitor) {
      return sealed.stream().limit(most).map(WaitingSegment::path).toList();
    }
  }

  /** Waits until there is a sealed segment or the time is over. */
  public void awaitSealed(final Duration limit) throws InterruptedException {
    final long deadlineNs = System.nanoTime() + limit.toNanos();
    synchronized (monitor) {
      for (long leftNs = limit.toNanos(); sealed.isEmpty() && leftNs > 0; ) {
        monitor.wait(leftNs / 1_000_000, (int) (leftNs % 1_000_000));
        leftNs = deadlineNs - System.nanoTime();
      }
    }
  }

  /**
   * Removes a segment that is safe elsewhere. One thread at a time.
   *
   * @param segment the {@linkplain #oldestSealed oldest}
   * @param digest of the segment that was made of it, which the next one names
   * @throws IOException when it is still there; to be repeated then
   */
  public void remove(final Path segment, final Sha256Digest digest) throws IOException {
    final WaitingSegment oldest = oldest(segment);
    // First, or the digest would be lost. From now on nobody looks at the file, wherever a crash or
    // a power cut leaves it.
    final Shipped next = shipped.and(digest);
    replace(directory, Shipped.FILE_NAME, next.toJson());
    shipped = next;
    final boolean isOfUse =
        bytes() + spares.bytes() <= limitBytes // its own are in the first
            && spares.bytes() + oldest.bytes() <= limitBytes / SPARE_PART;
    final Runnable listener;
    synchronized (monitor) {
      sealed.removeFirst();
      sealedBytes -= oldest.bytes();
      removedBytes += oldest.bytes();
      listener = onRemoved;
    }
    try {
      spares.removeOrKeep(segment, oldest.bytes(), isOfUse);
    } catch (final IOException e) {
      LOG.warn("{} was shipped, and stays until the next start: {}", segment, e.toString());
    }
    listener.run();
  }

  /**
   * Makes a sealed segment anew that was damaged where it lies: what of it is sound, and gaps for
   * the rest, which is read back from the disk. Durable when this returns. Whoever ships.
   *
   * @param segment the {@linkplain #oldestSealed oldest}
   * @return what is lost, in words
   * @throws IOException when nothing can be made of it, there is no room, or nobody is there to
   *     read back; it stays as it is then, to be tried again
   */
  public String repair(final Path segment) throws IOException {
    final WaitingSegment oldest = oldest(segment);
    final Next next = behindOldest();
    try (RepairedLog repaired =
        LogRepair.repair(segment, recording.id(), next.firstSequence, next.timestampNs)) {
      final Doubt lost =
          repaired.lostRecords() > 0
              ? new Doubt(
                  List.of(
                      new Doubt.Range(
                          0, RecordDescriptor.blocks(repaired.log().header().diskBytes()))))
              : new Doubt(
                  repaired.lostBlocks().stream().map(block -> new Doubt.Range(block, 1)).toList());
      if (!lost.isEmpty()) {
        synchronized (losing) {
          if (losses == null) {
            throw new SpoolException(
                segment,
                "is damaged; it is made anew, and %d blocks are read back, when the disk is recorded"
                    .formatted(lost.blocks()));
          }
          losses.add(lost); // first: a crash behind it must not forget them
        }
      }
      repaired.takeName();
      synchronized (monitor) {
        sealed.removeFirst();
        sealed.addFirst(new WaitingSegment(segment, repaired.log().bytes(), oldest.sinceNs()));
        sealedBytes += repaired.log().bytes() - oldest.bytes();
      }
      return "%d payloads and %d records are lost"
          .formatted(repaired.lostBlocks().size(), repaired.lostRecords());
    }
  }

  /**
   * What comes behind a segment: its first sequence, and a time that no record before is behind.
   */
  private record Next(long firstSequence, long timestampNs) {}

  private Next behindOldest() throws IOException {
    final List<Path> first;
    final SpoolState known;
    synchronized (monitor) {
      first = oldestSealed(2);
      known = state;
    }
    if (first.size() < 2) {
      return new Next(known.nextSequence(), known.lastTimestampNs());
    }
    final Path next = first.get(1);
    try {
      final SealedLog log = SealedLog.open(next);
      return new Next(log.header().firstSequence(), log.firstTimestampNs());
    } catch (final SegmentException e) { // damaged, too: its header may be sound
      return new Next(SealedLog.header(next).firstSequence(), known.lastTimestampNs());
    }
  }

  private WaitingSegment oldest(final Path segment) {
    synchronized (monitor) {
      final WaitingSegment oldest = sealed.peekFirst();
      if (oldest == null || !oldest.path().equals(segment)) {
        throw new IllegalArgumentException(segment + " is not the oldest segment of the spool");
      }
      return oldest;
    }
  }

  /**
   * Who reads blocks back that are lost from segments.
   *
   * @param reader null when there is nobody any more; what was told before has been taken
   */
  public void onLoss(final @Nullable Doubts reader) {
    synchronized (losing) {
      losses = reader;
    }
  }

  /** Files for the segments to come. */
  SpareFiles spares() {
    return spares;
  }

  /** Tells somebody, on the remover's thread, that room was made. */
  public void onRemoved(final Runnable listener) {
    synchronized (monitor) {
      onRemoved = listener;
    }
  }

  /** Bytes in use by segments, those that are not sealed counted as if they were. */
  public long bytes() {
    synchronized (monitor) {
      return sealedBytes + endingBytes + openBytes;
    }
  }

  /** Bytes of all segments that were removed since it was opened: what was shipped. */
  public long removedBytes() {
    synchronized (monitor) {
      return removedBytes;
    }
  }

  /**
   * Since when the oldest record waits to be shipped; of segments that an earlier run has sealed,
   * since when they are sealed.
   */
  public Optional<Instant> waitingSince() {
    synchronized (monitor) {
      final WaitingSegment oldest = sealed.peekFirst();
      final long sinceNs =
          oldest != null ? oldest.sinceNs() : endingSinceNs != 0 ? endingSinceNs : openSinceNs;
      return sinceNs == 0 ? Optional.empty() : Optional.of(Nanos.toInstant(sinceNs));
    }
  }

  /** How many bytes may be in use. */
  public long limitBytes() {
    return limitBytes;
  }

  /**
   * Changes that. What is there stays, also if it is more. Whoever waits for room has to be woken.
   */
  public void setLimitBytes(final long bytes) {
    limitBytes = bytes;
    watermarks.setCapacity(bytes);
  }

  /** How many sealed segments wait. */
  public int backlog() {
    synchronized (monitor) {
      return sealed.size();
    }
  }

  /** How full the spool is, as it was told. */
  public Watermarks watermarks() {
    return watermarks;
  }

  /** Whether writes wait because the limit was reached. */
  public boolean isBlocked() {
    synchronized (monitor) {
      return blocked;
    }
  }

  /** Lets another process use the spool. */
  @Override
  public void close() throws IOException {
    spares.clear();
    try (lock) {
      doubt.close();
    }
  }

  // --- the writer's side ---

  /** Whether so many more bytes may be taken; see {@link #isBlocked}. */
  boolean admits(final long bytes) {
    final long inUse;
    final boolean isBlocked;
    synchronized (monitor) {
      inUse = sealedBytes + endingBytes + openBytes;
      isBlocked =
          inUse + bytes > limitBytes || (blocked && inUse > limitBytes / 100 * RESUME_PERCENT);
      blocked = isBlocked;
    }
    if (inUse + spares.bytes() + bytes > limitBytes) {
      spares.clear();
    }
    watermarks.update(inUse);
    return !isBlocked;
  }

  /**
   * The open segment has grown.
   *
   * @param sinceNs time of its first record
   */
  void setOpen(final long bytes, final long sinceNs) {
    synchronized (monitor) {
      openBytes = bytes;
      openSinceNs = sinceNs;
    }
  }

  /** The open segment takes no more records, and will have so many bytes. */
  void endOpen(final long bytes, final long sinceNs) {
    synchronized (monitor) {
      endingBytes = bytes;
      endingSinceNs = sinceNs;
      openBytes = 0;
      openSinceNs = 0;
    }
  }

  /** Adds a segment that was just sealed; may be repeated when it fails. */
  void add(final SealedLog segment) throws IOException {
    change(before -> before.after(segment));
    synchronized (monitor) {
      list(segment, endingSinceNs != 0 ? endingSinceNs : segment.firstTimestampNs());
      endingBytes = 0;
      endingSinceNs = 0;
      monitor.notifyAll();
    }
  }

  private void list(final SealedLog segment, final long sinceNs) {
    sealedBytes += segment.bytes();
    sealed.addLast(new WaitingSegment(segment.path(), segment.bytes(), sinceNs));
  }

  // --- opening ---

  private void putInOrder() throws IOException {
    Files.deleteIfExists(directory.resolve(SpoolState.FILE_NAME + FRESH_SUFFIX));
    Files.deleteIfExists(directory.resolve(Shipped.FILE_NAME + FRESH_SUFFIX));
    Files.deleteIfExists(directory.resolve(Recording.FILE_NAME + FRESH_SUFFIX));
    Files.deleteIfExists(directory.resolve(DiskFingerprint.FILE_NAME + FRESH_SUFFIX));
    Files.deleteIfExists(directory.resolve(DoubtLog.FILE_NAME + FRESH_SUFFIX));
    Files.deleteIfExists(directory.resolve(RegionLog.FILE_NAME + FRESH_SUFFIX));
    final Set<Long> sealedNumbers = new TreeSet<>();
    final Set<Long> openNumbers = new TreeSet<>();
    for (final Path file : files()) {
      final String name = file.getFileName().toString();
      if (SpareFiles.isSpare(name)
          || LogName.isFresh(name)
          || LogName.sealedNumber(name).orElse(Long.MAX_VALUE) < shipped.segments()) {
        Files.deleteIfExists(file);
        continue;
      }
      LogName.sealedNumber(name).ifPresent(sealedNumbers::add);
      LogName.openNumber(name).ifPresent(openNumbers::add);
    }
    takeBacklog(sealedNumbers);
    final SpoolState before = state;
    takeUnknown(sealedNumbers, openNumbers);
    if (!state.equals(before) || !Files.exists(directory.resolve(SpoolState.FILE_NAME))) {
      change(found -> found);
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  /** Segments that the state knows, and that are not shipped. */
  private void takeBacklog(final Set<Long> sealedNumbers) throws IOException {
    if (shipped.segments() > state.nextSegment()) {
      throw new SpoolException(
          directory.resolve(SpoolState.FILE_NAME),
          "is older than %s: segment %d is shipped, and %d would be next; bring the newer one back"
              .formatted(Shipped.FILE_NAME, shipped.segments() - 1, state.nextSegment()));
    }
    for (long number = shipped.segments(); number < state.nextSegment(); number++) {
      if (!sealedNumbers.remove(number)) {
        throw new SpoolException(
            directory,
            "segment %d is missing, which is not shipped yet; bring it back".formatted(number));
      }
      final Path path = directory.resolve(LogName.sealed(number));
      final long bytes = Files.size(path);
      final long sealedNs = Files.getLastModifiedTime(path).to(TimeUnit.NANOSECONDS);
      sealed.addLast(new WaitingSegment(path, bytes, sealedNs));
      sealedBytes += bytes;
    }
  }

  /** Segments that were sealed or open when the crash came. */
  private void takeUnknown(final Set<Long> sealedNumbers, final Set<Long> openNumbers)
      throws IOException {
    while (openNumbers.contains(state.nextSegment())
        || sealedNumbers.contains(state.nextSegment())) {
      final long number = state.nextSegment();
      final Recovered result = recover();
      sealedNumbers.remove(number);
      if (openNumbers.remove(number)) {
        recovered.add(result);
      }
      if (!result.cutReason().isEmpty()) {
        LOG.warn(
            "spool {}: segment {}: {} bytes at the end of its log given up: {}",
            directory,
            number,
            result.cutBytes(),
            result.cutReason());
      }
      if (result.log().isEmpty()) {
        break;
      }
      state = state.after(result.log().get());
      list(result.log().get(), result.log().get().firstTimestampNs());
    }
    final Set<Long> rest = new TreeSet<>(openNumbers);
    rest.addAll(sealedNumbers);
    if (!rest.isEmpty()) {
      throw new SpoolException(
          directory,
          "segment %d does not fit, segment %d is next; bring back what is missing or move it away"
              .formatted(rest.iterator().next(), state.nextSegment()));
    }
  }

  private Recovered recover() throws IOException {
    try {
      return LogWriter.recover(directory, state.chain());
    } catch (final SegmentException e) {
      throw new SpoolException(
          Path.of(e.file()), e.problem() + "; move it away, or bring back what is missing", e);
    }
  }

  private static void checkIdentity(final Path file, final UUID found, final Recording wanted)
      throws SpoolException {
    if (!found.equals(wanted.id())) {
      throw new SpoolException(
          file, "belongs to recording %s, not %s".formatted(found, wanted.id()));
    }
  }

  private static void checkIdentity(
      final Path directory, final Recording owner, final Recording wanted) throws SpoolException {
    if (!owner.id().equals(wanted.id())) {
      throw new SpoolException(
          directory,
          "belongs to recording '%s' (%s), not '%s' (%s); choose another --spool"
              .formatted(owner.name(), owner.id(), wanted.name(), wanted.id()));
    }
    if (owner.diskBytes() != wanted.diskBytes()) {
      throw new SpoolException(
          directory,
          "belongs to a disk of %d bytes, not %d; record the changed disk under another name"
              .formatted(owner.diskBytes(), wanted.diskBytes()));
    }
  }

  /** Only an empty directory, or one whose making was interrupted, becomes a spool. */
  private static void checkUnused(final Path directory) throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      final Optional<Path> other =
          files
              .filter(file -> !file.endsWith(LOCK_FILE))
              .filter(file -> !file.endsWith(Recording.FILE_NAME + FRESH_SUFFIX))
              .findFirst();
      if (other.isPresent()) {
        throw new SpoolException(
            directory,
            "is not empty and not a spool (it has %s); choose another --spool"
                .formatted(other.get().getFileName()));
      }
    } catch (final NotDirectoryException e) {
      throw new SpoolException(directory, "is no directory; choose another --spool", e);
    }
  }

  /** With those above it, or none of them. */
  private static void make(final Path directory) throws IOException {
    final Path above = directory.toAbsolutePath().getParent();
    final List<Path> missing = new ArrayList<>();
    for (Path path = above; path != null && !Files.exists(path); path = path.getParent()) {
      missing.add(path);
    }
    boolean made = false;
    try {
      Files.createDirectories(above);
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      made = true;
    } finally {
      if (!made) {
        missing.forEach(Spool::removeIfEmpty);
      }
    }
  }

  private static void removeIfEmpty(final Path directory) {
    try {
      Files.deleteIfExists(directory);
    } catch (final IOException e) {
      LOG.debug("{} stays: {}", directory, e.toString()); // somebody else uses it by now
    }
  }

  private static FileChannel lock(final Path directory) throws IOException {
    final FileChannel channel =
        FileChannel.open(
            directory.resolve(LOCK_FILE),
            Set.of(CREATE, READ, WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      FileLock held;
      try {
        held = channel.tryLock();
      } catch (final OverlappingFileLockException e) {
        held = null;
      }
      if (held == null) {
        throw new SpoolException(directory, "is in use by another recorder; stop it first");
      }
      return channel;
    } catch (final IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  static void replace(final Path directory, final String name, final byte[] content)
      throws IOException {
    final Path fresh = directory.resolve(name + FRESH_SUFFIX);
    try (FileChannel channel =
        FileChannel.open(
            fresh,
            Set.of(CREATE, TRUNCATE_EXISTING, WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      Writes.all(channel, ByteBuffer.wrap(content), 0);
      channel.force(true);
    }
    Files.move(fresh, directory.resolve(name), ATOMIC_MOVE);
    Directories.force(directory);
  }
}
