package io.blockcam.archive.log;

import static io.blockcam.archive.log.LogDescriptor.HEADER_BYTES;
import static io.blockcam.archive.log.LogDescriptor.PAYLOAD_ENTRY_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.NO_PAYLOAD;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.Directories;
import io.blockcam.archive.Writes;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordRules;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes the log of one segment: one file, to which every record is appended with what belongs to
 * it. Sealing puts the end mark behind the last one and renames the file.
 *
 * <p>Used by one thread at a time; it may be handed to another one, for instance to seal while the
 * next segment is already written. {@link #append} is the hot path: it computes CRC32C and eight
 * XXH3-64 over one copy of the 4096 bytes and allocates nothing but a chunk of table now and then.
 *
 * <p>What survives: after {@link #write} the records survive the death of the process, after {@link
 * #force} that of the machine. {@link #recover} brings both back.
 *
 * <p>When a method fails with an {@link IOException} (a full disk, say) nothing is lost and the
 * same call may be made again.
 */
public final class LogWriter implements Closeable {
  /** Of a log without records, sealed. */
  public static final long EMPTY_BYTES = LogDescriptor.bytes(0, 0);

  /** What a record adds at most. */
  public static final long MOST_RECORD_BYTES = PAYLOAD_ENTRY_BYTES;

  private static final int BUFFER_BYTES = 1 << 20;
  private static final byte[] ZEROES = new byte[BLOCK_BYTES];
  private static final SecureRandom SALTS = new SecureRandom();

  private static final Set<OpenOption> FRESH =
      Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);

  private static final Set<OpenOption> EXISTING =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);

  private final Path directory;
  private final LogHeader header;
  private final SegmentLimits limits;
  private final Arena arena = Arena.ofShared();
  private final FileChannel channel;
  private final AppendBuffer buffer;
  private final EntryTable records;
  private final DedupTable dedup = new DedupTable();
  private final Crc32c crc = new Crc32c();

  private final PayloadPlaces payloads = new PayloadPlaces();

  // Scratch of append.
  private final ByteBuffer readBack;
  private final MemorySegment readBackView;
  private final long[] sectorHashes = new long[BLOCK_SECTORS];
  private final byte[] payload = new byte[BLOCK_BYTES];
  private final MemorySegment payloadView = MemorySegment.ofArray(payload);
  private final byte[] hashEntry = new byte[SectorHash.BLOCK_HASHES_BYTES];
  private final MemorySegment hashEntryView = MemorySegment.ofArray(hashEntry);
  private final byte[] record = new byte[RECORD_BYTES];
  private final MemorySegment recordView = MemorySegment.ofArray(record);

  private long firstTimestampNs;
  private long lastTimestampNs;
  private State state = State.OPEN;

  /**
   * Whether a sync has failed: Linux reports that once, and the next one may say that all is well.
   */
  private boolean suspect;

  /** Files that nobody needs any more. */
  @FunctionalInterface
  public interface Spares {
    /**
     * Gives one away, under the name that the caller wants.
     *
     * @return false when there is none
     */
    boolean take(Path name);
  }

  /** Where a log is on its way; see {@link #enter}. */
  private enum State {
    /** Takes records. */
    OPEN,
    /** Has its end mark, perhaps not in the file yet. */
    ENDED,
    /** Has its sealed name, which may not be durable yet. */
    RENAMED,
    /** File and memory are let go of. */
    CLOSED
  }

  private LogWriter(
      final Path directory,
      final LogHeader header,
      final SegmentLimits limits,
      final FileChannel channel)
      throws IOException {
    this.directory = directory;
    this.header = header;
    this.limits = limits;
    this.channel = channel;
    buffer = new AppendBuffer(channel, arena, BUFFER_BYTES, HEADER_BYTES);
    records = new EntryTable(arena);
    readBackView = arena.allocate(BLOCK_BYTES);
    readBack = readBackView.asByteBuffer();
  }

  /**
   * Begins a log. When this returns, the file and its name are durable.
   *
   * @param directory of the spool, on a POSIX file system
   * @param header number and first sequence decide the name and what may be appended
   * @param limits how large the segment may become
   * @throws FileAlreadyExistsException when a log of this number is there, open or sealed
   */
  public static LogWriter create(
      final Path directory, final SegmentHeader header, final SegmentLimits limits)
      throws IOException {
    return create(directory, header, limits, null);
  }

  /**
   * The same, written over a file that nobody needs any more if there is one.
   *
   * @param spares has such files, of the same file system
   */
  public static LogWriter create(
      final Path directory,
      final SegmentHeader header,
      final SegmentLimits limits,
      final @Nullable Spares spares)
      throws IOException {
    return create(directory, new LogHeader(header, SALTS.nextInt()), limits, spares);
  }

  static LogWriter create(
      final Path directory,
      final LogHeader header,
      final SegmentLimits limits,
      final @Nullable Spares spares)
      throws IOException {
    final long number = header.segment().segmentNumber();
    final Path open = directory.resolve(LogName.open(number));
    for (final Path file : List.of(directory.resolve(LogName.sealed(number)), open)) {
      if (Files.exists(file)) {
        throw new FileAlreadyExistsException(file.toString());
      }
    }
    final LogWriter writer = createFresh(directory, header, limits, spares);
    try {
      writer.takeName();
      return writer;
    } catch (final IOException | RuntimeException e) {
      writer.close();
      throw e;
    }
  }

  /** A log with its header and nothing else, which has its name still to take. */
  private static LogWriter createFresh(
      final Path directory,
      final LogHeader header,
      final SegmentLimits limits,
      final @Nullable Spares spares)
      throws IOException {
    final Path fresh = directory.resolve(LogName.fresh(header.segment().segmentNumber()));
    Files.deleteIfExists(fresh); // of an attempt before
    final boolean reused = spares != null && spares.take(fresh);
    final FileChannel channel =
        reused
            ? FileChannel.open(fresh, EXISTING)
            : FileChannel.open(
                fresh,
                FRESH, // the bytes of a disk are nobody else's business
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      // Zeroes end what is written: see AppendBuffer.
      final ByteBuffer begin =
          ByteBuffer.wrap(Arrays.copyOf(header.encode(), HEADER_BYTES + AppendBuffer.END_BYTES));
      Writes.all(channel, begin, 0);
      channel.force(true);
      return new LogWriter(directory, header, limits, channel);
    } catch (final IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /**
   * Copies an open log into a fresh file, which is durable when this returns, and checks every
   * payload on the way: what a failed sync has lost may still be readable, but a second sync proves
   * nothing. The copy has to {@linkplain #takeName take its name} and goes on then in place of this
   * one, which stays as it is, and the caller's to close.
   *
   * @throws IOException when the copy was not finished; nothing has changed
   */
  public Rewritten rewrite() throws IOException {
    if (state.compareTo(State.ENDED) > 0) {
      throw new IllegalStateException(
          "segment %d is %s, it cannot be copied".formatted(number(), state));
    }
    buffer.write();
    final LogWriter copy =
        createFresh(directory, new LogHeader(header.segment(), SALTS.nextInt()), limits, null);
    boolean finished = false;
    try {
      final List<Long> lostBlocks;
      try (FileBytes log = FileBytes.open(directory.resolve(LogName.open(number())))) {
        lostBlocks = new LogRewrite(log, payloads).run(records, copy);
      }
      copy.force();
      finished = true;
      return new Rewritten(copy, lostBlocks);
    } finally {
      if (!finished) {
        copy.close();
        Files.deleteIfExists(directory.resolve(LogName.fresh(number())));
      }
    }
  }

  /**
   * The file of a {@linkplain #rewrite copy} takes the name of that it was made from. May be
   * repeated when it fails.
   */
  public void takeName() throws IOException {
    final Path fresh = directory.resolve(LogName.fresh(number()));
    if (Files.exists(fresh)) {
      Files.move(fresh, directory.resolve(LogName.open(number())), StandardCopyOption.ATOMIC_MOVE);
    }
    Directories.force(directory);
  }

  /**
   * Finishes a log that was open when the recorder died: keeps its records up to the first one that
   * is not whole and seals it, marked as recovered. May itself be interrupted and repeated. Finds
   * the log already sealed when the crash came after that. One without any whole record is removed.
   *
   * @param directory of the spool
   * @param chain what the segment must be; its digest is not looked at
   * @throws SegmentException when the file cannot be what a crash leaves behind
   */
  public static Recovered recover(final Path directory, final SegmentChain chain)
      throws IOException {
    return new LogRecovery(directory, chain).recover();
  }

  /** An empty copy of a log that a crash has left, for its records; see {@link #takeName}. */
  static LogWriter copyOf(final Path directory, final LogHeader header) throws IOException {
    return createFresh(
        directory, new LogHeader(header.segment(), SALTS.nextInt()), SegmentLimits.DEFAULT, null);
  }

  /**
   * Whether what was written may be lost though a later sync says that all is well: it must be
   * {@linkplain #rewrite rewritten}.
   */
  public boolean isSuspect() {
    return suspect;
  }

  /** What the segment began with. */
  public SegmentHeader header() {
    return header.segment();
  }

  /** Records appended so far. */
  public int recordCount() {
    return records.count();
  }

  /** Payloads stored so far. */
  public int payloadCount() {
    return payloads.count();
  }

  /** The sequence that the next record must have. */
  public long nextSequence() {
    return header.segment().firstSequence() + records.count();
  }

  /** Timestamp of the first record, in ns; 0 when there is none. */
  public long firstTimestampNs() {
    return firstTimestampNs;
  }

  /** Timestamp of the last record, in ns; 0 when there is none. */
  public long lastTimestampNs() {
    return lastTimestampNs;
  }

  /** Bytes the file would have if it were sealed now. */
  public long sealedBytes() {
    return LogDescriptor.bytes(records.count(), payloads.count());
  }

  /** Bytes of the file that the kernel has. */
  public long writtenBytes() {
    return buffer.writtenOffset();
  }

  /** Whether that many more records fit for certain, each with a payload of its own. */
  public boolean hasRoom(final int moreRecords) {
    return limits.allow(
        (long) payloads.count() + moreRecords, (long) records.count() + moreRecords);
  }

  /**
   * Appends a record. Whether the payload is all zero or equals an earlier one is found out here.
   *
   * @param entry the recorder's part of it, with {@link #nextSequence}; its time and flags are not
   *     looked at. Not kept after the call
   * @param timestampNs CLOCK_REALTIME in ns, not less than that of the record before
   * @param flags {@link RecordFlags} without {@link RecordFlags#STORAGE}
   * @param source where 4096 bytes of payload lie, whole sectors outside the mask are ignored; null
   *     when the kind has none. Not kept after the call
   * @param sourceOffset of the payload in {@code source}
   * @throws IOException when the file cannot be written; the record was not appended
   * @throws IllegalArgumentException when the record breaks a rule of the format or the order
   * @throws IllegalStateException when there is no room: seal and begin the next segment
   */
  public void append(
      final RecordView entry,
      final long timestampNs,
      final int flags,
      final @Nullable MemorySegment source,
      final long sourceOffset)
      throws IOException {
    final RecordKind kind = checkAppend(entry, timestampNs, flags);
    // First, because it is what can fail: afterwards a record is appended wholly or not.
    if (!buffer.hasRoom(PAYLOAD_ENTRY_BYTES)) {
      buffer.write();
    }
    entry.copyTo(recordView);
    if (kind.hasPayload()) {
      Objects.requireNonNull(source, "this kind of record has a payload");
      load(source, sourceOffset, kind == RecordKind.MARK ? WHOLE_BLOCK : entry.sectorMask());
      appendWithPayload(timestampNs, flags);
    } else {
      if (source != null) {
        throw new IllegalArgumentException("a " + kind + " record has no payload");
      }
      appendRecord(timestampNs, flags, NO_PAYLOAD, 0);
    }
  }

  private RecordKind checkAppend(final RecordView entry, final long timestampNs, final int flags) {
    checkOpen();
    if (entry.sequence() != nextSequence()) {
      throw new IllegalArgumentException(
          "the next record has sequence %d, not %d".formatted(nextSequence(), entry.sequence()));
    }
    if (timestampNs < lastTimestampNs) {
      throw new IllegalArgumentException(
          "timestamp %d ns lies before the last one, %d ns"
              .formatted(timestampNs, lastTimestampNs));
    }
    if ((flags & RecordFlags.STORAGE) != 0) {
      throw new IllegalArgumentException(
          "flags 0x%04x: how a payload is stored is found out here".formatted(flags));
    }
    final RecordKind kind = RecordKind.ofCode(entry.kindCode());
    if (kind == null) {
      throw new IllegalArgumentException("kind " + entry.kindCode() + " is unknown");
    }
    final String problem =
        RecordRules.problem(entry, kind, timestampNs, flags, header().diskBlocks());
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
    if (!hasRoom(1)) {
      throw new IllegalStateException(
          "segment %d is full with %d records and %d payloads"
              .formatted(number(), records.count(), payloads.count()));
    }
    return kind;
  }

  private void load(final MemorySegment source, final long offset, final int sectorMask) {
    if (sectorMask == WHOLE_BLOCK) {
      MemorySegment.copy(source, ValueLayout.JAVA_BYTE, offset, payload, 0, BLOCK_BYTES);
      return;
    }
    for (int at = 0; at < BLOCK_BYTES; at += SECTOR_BYTES) {
      if ((sectorMask & 1 << at / SECTOR_BYTES) != 0) {
        MemorySegment.copy(source, ValueLayout.JAVA_BYTE, offset + at, payload, at, SECTOR_BYTES);
      } else {
        Arrays.fill(payload, at, at + SECTOR_BYTES, (byte) 0);
      }
    }
  }

  private void appendWithPayload(final long timestampNs, final int flags) throws IOException {
    if (Arrays.equals(payload, ZEROES)) {
      appendRecord(timestampNs, flags | RecordFlags.ALL_ZERO, NO_PAYLOAD, Crc32c.ZERO_BLOCK);
      return;
    }
    final int payloadCrc = crc.of(payload, 0, BLOCK_BYTES);
    hashSectors();
    final int tag = DedupTable.tag(sectorHashes);
    final int equal = findEqual(tag);
    if (equal != DedupTable.NONE) {
      appendRecord(timestampNs, flags | RecordFlags.SHARED, equal, payloadCrc);
      return;
    }
    appendRecord(timestampNs, flags, payloads.count(), payloadCrc);
    buffer.append(hashEntry, 0, hashEntry.length);
    dedup.add(tag, payloads.count());
    payloads.add(buffer.endOffset());
    buffer.append(payload, 0, BLOCK_BYTES);
  }

  private void hashSectors() {
    for (int sector = 0; sector < BLOCK_SECTORS; sector++) {
      final long hash = SectorHash.of(payload, sector * SECTOR_BYTES);
      sectorHashes[sector] = hash;
      hashEntryView.set(LittleEndian.U64, (long) sector * Long.BYTES, hash);
    }
  }

  /** An earlier payload with the same bytes: hashes are not taken for proof. */
  private int findEqual(final int tag) throws IOException {
    int index = dedup.first(tag);
    while (index != DedupTable.NONE) {
      if (payloadEquals(index)) {
        return index;
      }
      index = dedup.next(tag);
    }
    return DedupTable.NONE;
  }

  private boolean payloadEquals(final int index) throws IOException {
    final long offset = payloads.offset(index);
    if (buffer.holds(offset)) {
      return buffer.equalsAt(offset, payloadView);
    }
    readBack.clear();
    while (readBack.hasRemaining()) {
      if (channel.read(readBack, offset + readBack.position()) < 0) {
        throw SegmentException.at(
            directory.resolve(LogName.open(number())).toString(),
            offset,
            "the log was cut while it is written");
      }
    }
    return readBackView.mismatch(payloadView) < 0;
  }

  /** Completes the record in the scratch and takes it into the table and the log. */
  private void appendRecord(
      final long timestampNs, final int flags, final int payloadIndex, final int payloadCrc) {
    recordView.set(LittleEndian.U64, RecordDescriptor.TIMESTAMP_NS_OFFSET, timestampNs);
    recordView.set(LittleEndian.U16, RecordDescriptor.FLAGS_OFFSET, (short) flags);
    recordView.set(LittleEndian.U32, RecordDescriptor.PAYLOAD_INDEX_OFFSET, payloadIndex);
    recordView.set(LittleEndian.U32, RecordDescriptor.PAYLOAD_CRC32C_OFFSET, payloadCrc);
    // The reserved bytes of the scratch are never written, so they stay zero.
    recordView.set(
        LittleEndian.U32,
        RecordDescriptor.CRC32C_OFFSET,
        crc.of(record, 0, RecordDescriptor.CRC32C_OFFSET) ^ header.salt());
    if (records.count() == 0) {
      firstTimestampNs = timestampNs;
    }
    lastTimestampNs = timestampNs;
    records.add(record);
    buffer.append(record, 0, RECORD_BYTES);
  }

  /** Hands everything appended so far to the kernel: it survives the death of the process. */
  public void write() throws IOException {
    checkOpen();
    buffer.write();
  }

  /** Makes everything appended so far survive a power cut. */
  public void force() throws IOException {
    write();
    buffer.reserve();
    sync();
  }

  private void sync() throws IOException {
    try {
      channel.force(false);
    } catch (final IOException e) {
      suspect = true;
      throw e;
    }
  }

  /**
   * Finishes the log: afterwards it lies, durable, under its sealed name, and the writer is closed.
   *
   * @throws IllegalStateException when there is no record: use {@link #discard}
   */
  public SealedLog seal() throws IOException {
    return seal(/* recovered= */ false);
  }

  /**
   * The same.
   *
   * @param recovered whether the end mark says that recovery has put it there
   */
  SealedLog seal(final boolean recovered) throws IOException {
    final SealedLog result = sealed(recovered);
    if (state == State.OPEN) {
      end(result);
    }
    if (state == State.ENDED) {
      buffer.write();
      channel.truncate(result.bytes()); // it is longer than it had to be
      sync();
      if (Files.exists(result.path())) {
        throw new FileAlreadyExistsException(result.path().toString());
      }
      Files.move(
          directory.resolve(LogName.open(number())), result.path(), StandardCopyOption.ATOMIC_MOVE);
      enter(State.RENAMED);
    }
    Directories.force(directory);
    close();
    return result;
  }

  /**
   * Finishes a {@linkplain #copyOf copy} that is to stand for a sealed log: durable when this
   * returns, but for its name.
   */
  SealedLog finishCopy() throws IOException {
    final SealedLog result = sealed(/* recovered= */ true);
    end(result);
    buffer.write();
    channel.truncate(result.bytes());
    sync();
    return result;
  }

  /** Gives the {@linkplain #finishCopy finished} copy the name of the sealed log, and closes. */
  void replaceSealed() throws IOException {
    final Path fresh = directory.resolve(LogName.fresh(number()));
    if (Files.exists(fresh)) {
      Files.move(
          fresh, directory.resolve(LogName.sealed(number())), StandardCopyOption.ATOMIC_MOVE);
    }
    Directories.force(directory);
    enter(State.RENAMED);
    close();
  }

  private SealedLog sealed(final boolean recovered) {
    if (state == State.CLOSED) {
      throw new IllegalStateException("segment %d is closed already".formatted(number()));
    }
    if (records.count() == 0) {
      throw new IllegalStateException("segment %d has no record to seal".formatted(number()));
    }
    return new SealedLog(
        directory.resolve(LogName.sealed(number())),
        header(),
        recovered,
        records.count(),
        payloads.count(),
        firstTimestampNs,
        lastTimestampNs);
  }

  private void end(final SealedLog result) throws IOException {
    if (!buffer.hasRoom(LogDescriptor.END_BYTES)) {
      buffer.write();
    }
    buffer.append(result.encodeEnd(header.salt()), 0, LogDescriptor.END_BYTES);
    enter(State.ENDED);
  }

  /** Gives the log up: removes the file and closes. Only one without records. */
  public void discard() throws IOException {
    checkOpen();
    if (records.count() > 0) {
      throw new IllegalStateException(
          "segment %d has %d records, they are not thrown away"
              .formatted(number(), records.count()));
    }
    close();
    Files.deleteIfExists(directory.resolve(LogName.open(number())));
  }

  /**
   * Lets go of file and memory. Without {@link #seal} before it the log stays open on disk, without
   * what was not written, for {@link #recover} to finish.
   */
  @Override
  public void close() throws IOException {
    if (state == State.CLOSED) {
      return;
    }
    enter(State.CLOSED);
    try (channel) {
      arena.close();
    }
  }

  /** The only place where the state changes. */
  private void enter(final State next) {
    assert next.compareTo(state) > 0 : state + " -> " + next;
    state = next;
  }

  private void checkOpen() {
    if (state != State.OPEN) {
      throw new IllegalStateException("segment %d is closed already".formatted(number()));
    }
  }

  private long number() {
    return header().segmentNumber();
  }
}
