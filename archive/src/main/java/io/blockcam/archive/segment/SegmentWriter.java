package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.NO_PAYLOAD;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.Directories;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.LittleEndian;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordRules;
import io.blockcam.archive.record.RecordView;
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
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Writes one segment: the open file takes header and payloads, the journal beside it what is needed
 * to find the records again after a crash; sealing appends the tables and renames the file.
 *
 * <p>Used by one thread at a time; it may be handed to another one, for instance to seal while the
 * next segment is already written. {@link #append} is the hot path: it computes CRC32C, eight
 * XXH3-64 and SHA-256 over one copy of the 4096 bytes and allocates nothing but a chunk of table
 * now and then.
 *
 * <p>What survives: after {@link #write} the records survive the death of the process, after {@link
 * #force} that of the machine. {@link #recover} brings both back.
 *
 * <p>When a method fails with an {@link IOException} (a full disk, say) nothing is lost and the
 * same call may be made again.
 */
public final class SegmentWriter implements Closeable {
  private static final int PAYLOAD_BUFFER_BYTES = 1 << 20;
  private static final int JOURNAL_BUFFER_BYTES = 128 << 10;
  private static final int RESERVED_PAYLOAD_BYTES = AppendBuffer.MOST_RESERVED_BYTES;
  private static final int RESERVED_JOURNAL_BYTES = 32 << 10;
  private static final byte[] ZEROES = new byte[BLOCK_BYTES];

  private static final Set<OpenOption> FRESH =
      Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);

  private static final Set<OpenOption> EXISTING =
      Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);

  private final Path directory;
  private final SegmentHeader header;
  private final SegmentLimits limits;
  private final boolean recovered;
  private final @Nullable SpareFiles spares;
  private final Arena arena = Arena.ofShared();
  private final FileChannel payloadChannel;
  private final FileChannel journalChannel;
  private final AppendBuffer payloadBuffer;
  private final AppendBuffer journalBuffer;
  private final EntryTable records;
  private final EntryTable hashes;
  private final DedupTable dedup = new DedupTable();
  private final FrameDigester frames = new FrameDigester();
  private final Crc32c crc = new Crc32c();

  // Scratch of append.
  private final ByteBuffer readBack;
  private final MemorySegment readBackView;
  private final long[] sectorHashes = new long[BLOCK_SECTORS];
  private final byte[] hashEntry = new byte[SectorHash.BLOCK_HASHES_BYTES];
  private final MemorySegment hashEntryView = MemorySegment.ofArray(hashEntry);
  private final byte[] record = new byte[RECORD_BYTES];
  private final MemorySegment recordView = MemorySegment.ofArray(record);

  private long firstTimestampNs;
  private long lastTimestampNs;
  private State state = State.OPEN;
  private @Nullable SealedSegment sealed;

  /**
   * Whether a sync has failed: Linux reports that once, and the next one may say that all is well.
   */
  private boolean suspect;

  /** Where a segment is on its way; see {@link #enter}. */
  private enum State {
    /** Takes records. */
    OPEN,
    /** Has its sealed name, which may not be durable yet; its journal may still be there. */
    RENAMED,
    /** Files and memory are let go of. */
    CLOSED
  }

  /**
   * The files of an open segment.
   *
   * @param payloadBytes so far it reaches already
   * @param journalBytes the same; what stands behind its header means nothing
   */
  private record OpenFiles(
      FileChannel payloads, FileChannel journal, long payloadBytes, long journalBytes) {

    static OpenFiles of(final FileChannel payloads, final FileChannel journal) throws IOException {
      return new OpenFiles(payloads, journal, payloads.size(), journal.size());
    }
  }

  private SegmentWriter(
      final Path directory,
      final SegmentHeader header,
      final SegmentLimits limits,
      final boolean recovered,
      final @Nullable SpareFiles spares,
      final OpenFiles files) {
    this.directory = directory;
    this.header = header;
    this.limits = limits;
    this.recovered = recovered;
    this.spares = spares;
    this.payloadChannel = files.payloads();
    this.journalChannel = files.journal();
    payloadBuffer =
        new AppendBuffer(
            payloadChannel,
            arena,
            PAYLOAD_BUFFER_BYTES,
            SegmentHeaderDescriptor.HEADER_BYTES,
            files.payloadBytes(),
            false);
    journalBuffer =
        new AppendBuffer(
            journalChannel,
            arena,
            JOURNAL_BUFFER_BYTES,
            JournalDescriptor.HEADER_BYTES,
            files.journalBytes(),
            true);
    records = new EntryTable(arena);
    hashes = new EntryTable(arena);
    readBackView = arena.allocate(BLOCK_BYTES);
    readBack = readBackView.asByteBuffer();
  }

  /**
   * Begins a segment. When this returns, both files and their names are durable.
   *
   * @param directory of the spool, on a POSIX file system
   * @param header number and first sequence decide the names and what may be appended
   * @param limits how large it may become
   * @throws FileAlreadyExistsException when a segment of this number is there, open or sealed
   */
  public static SegmentWriter create(
      final Path directory, final SegmentHeader header, final SegmentLimits limits)
      throws IOException {
    return create(directory, header, limits, null);
  }

  /**
   * The same, written over files that nobody needs any more if there are any.
   *
   * @param spares of the directory; the journal becomes one when the segment is sealed
   */
  public static SegmentWriter create(
      final Path directory,
      final SegmentHeader header,
      final SegmentLimits limits,
      final @Nullable SpareFiles spares)
      throws IOException {
    final Path openFile = directory.resolve(SegmentName.open(header.segmentNumber()));
    final Path journalFile = directory.resolve(SegmentName.journal(header.segmentNumber()));
    final Path sealed = directory.resolve(SegmentName.sealed(header.segmentNumber()));
    for (final Path file : List.of(sealed, openFile, journalFile)) {
      if (Files.exists(file)) {
        throw new FileAlreadyExistsException(file.toString());
      }
    }
    final FileChannel journal =
        createJournal(
            journalFile,
            JournalHeader.of(header).encode(),
            spares == null ? null : spares.takeJournal());
    FileChannel payloads = null;
    try {
      payloads = createPayloads(openFile, spares == null ? null : spares.takePayloads());
      // A header of another segment says that none was begun here: see SegmentRecovery.
      Directories.force(directory);
      writeAndForce(payloads, header.encode());
      return new SegmentWriter(
          directory, header, limits, false, spares, OpenFiles.of(payloads, journal));
    } catch (final IOException | RuntimeException e) {
      journal.close();
      if (payloads != null) {
        payloads.close();
      }
      throw e;
    }
  }

  private static FileChannel createPayloads(final Path file, final @Nullable Path spare)
      throws IOException {
    if (spare == null) {
      return openPrivate(file, FRESH);
    }
    Files.move(spare, file, StandardCopyOption.ATOMIC_MOVE);
    return FileChannel.open(file, EXISTING);
  }

  /** It has its header, and nothing else, before it has its name. */
  private static FileChannel createJournal(
      final Path file, final byte[] header, final @Nullable Path spare) throws IOException {
    final FileChannel journal =
        spare == null ? openPrivate(file, FRESH) : FileChannel.open(spare, EXISTING);
    try {
      if (spare == null) {
        writeAndForce(journal, header);
      } else {
        writeAndForce(journal, Arrays.copyOf(header, header.length + AppendBuffer.END_BYTES));
        Files.move(spare, file, StandardCopyOption.ATOMIC_MOVE);
      }
      return journal;
    } catch (final IOException | RuntimeException e) {
      journal.close();
      throw e;
    }
  }

  /**
   * Copies an open segment into fresh files, which are durable when this returns, and checks every
   * payload on the way: what a failed sync has lost may still be readable, but a second sync proves
   * nothing. The copy has to {@link #takeNames} and goes on then in place of this one, which stays
   * as it is, and the caller's to close.
   *
   * @throws IOException when the copy was not finished; nothing has changed
   */
  public Rewritten rewrite() throws IOException {
    checkOpen();
    write();
    final SegmentWriter copy = createBeside();
    boolean finished = false;
    try {
      final List<Long> lostBlocks = new SegmentRewrite(payloadChannel, copy).run(records);
      copy.force();
      finished = true;
      return new Rewritten(copy, lostBlocks);
    } finally {
      if (!finished) {
        copy.close();
      }
    }
  }

  /** Empty files of the same segment. */
  private SegmentWriter createBeside() throws IOException {
    final Path freshOpen = directory.resolve(SegmentName.fresh(openName()));
    final Path freshJournal = directory.resolve(SegmentName.fresh(journalName()));
    deleteFresh(directory, header.segmentNumber());
    final FileChannel payloads = openPrivate(freshOpen, FRESH);
    FileChannel journal = null;
    try {
      writeAndForce(payloads, header.encode());
      Directories.force(directory); // a fresh journal alone has another meaning: see finishRewrite
      journal = openPrivate(freshJournal, FRESH);
      writeAndForce(journal, JournalHeader.of(header).encode());
      return new SegmentWriter(
          directory, header, limits, recovered, spares, OpenFiles.of(payloads, journal));
    } catch (final IOException | RuntimeException e) {
      payloads.close();
      if (journal != null) {
        journal.close();
      }
      throw e;
    }
  }

  /**
   * The files of a {@linkplain #rewrite copy} take the names of those it was made from. May be
   * repeated when it fails.
   */
  public void takeNames() throws IOException {
    final Path freshOpen = directory.resolve(SegmentName.fresh(openName()));
    if (Files.exists(freshOpen)) {
      Files.move(freshOpen, directory.resolve(openName()), StandardCopyOption.ATOMIC_MOVE);
    }
    Directories.force(directory);
    takeJournalName(directory, header.segmentNumber());
  }

  private static void takeJournalName(final Path directory, final long number) throws IOException {
    final Path freshJournal = directory.resolve(SegmentName.fresh(SegmentName.journal(number)));
    if (Files.exists(freshJournal)) {
      Files.move(
          freshJournal,
          directory.resolve(SegmentName.journal(number)),
          StandardCopyOption.ATOMIC_MOVE);
    }
    Directories.force(directory);
  }

  /**
   * Puts in order what a crash left of a {@link #rewrite}. A copy whose open file has its name is
   * whole, and its journal gets its own; of any other nothing is kept.
   */
  static void finishRewrite(final Path directory, final long number) throws IOException {
    if (Files.exists(directory.resolve(SegmentName.fresh(SegmentName.open(number))))) {
      deleteFresh(directory, number);
    } else if (Files.exists(directory.resolve(SegmentName.fresh(SegmentName.journal(number))))) {
      takeJournalName(directory, number);
    }
  }

  /**
   * The journal first, and durable: it must never be there alone. That it is gone says nothing: an
   * earlier attempt may have failed to make it durable.
   */
  private static void deleteFresh(final Path directory, final long number) throws IOException {
    Files.deleteIfExists(directory.resolve(SegmentName.fresh(SegmentName.journal(number))));
    final Path freshOpen = directory.resolve(SegmentName.fresh(SegmentName.open(number)));
    if (Files.exists(freshOpen)) {
      Directories.force(directory);
      Files.delete(freshOpen);
    }
  }

  /**
   * Finishes a segment that was open when the recorder died: keeps its records up to the first one
   * that is not whole and seals it, marked as recovered. May itself be interrupted and repeated.
   * Finds the segment already sealed when the crash came after that. A segment without any whole
   * record is removed.
   *
   * @param directory of the spool
   * @param chain what the segment must be
   * @throws SegmentException when the files cannot be what a crash leaves behind
   */
  public static Recovered recover(final Path directory, final SegmentChain chain)
      throws IOException {
    return new SegmentRecovery(directory, chain).recover();
  }

  /** A writer that takes over an existing pair of files; records come by {@link #restore}. */
  static SegmentWriter reopen(final Path directory, final SegmentHeader header) throws IOException {
    final FileChannel payloads =
        FileChannel.open(directory.resolve(SegmentName.open(header.segmentNumber())), EXISTING);
    try {
      final FileChannel journal =
          FileChannel.open(
              directory.resolve(SegmentName.journal(header.segmentNumber())), EXISTING);
      return new SegmentWriter(
          directory, header, SegmentLimits.DEFAULT, true, null, OpenFiles.of(payloads, journal));
    } catch (final IOException | RuntimeException e) {
      payloads.close();
      throw e;
    }
  }

  /** Takes over a record whose payload, if it owns one, already lies in the open file. */
  void restore(
      final byte[] recordEntry,
      final long timestampNs,
      final byte @Nullable [] hashesOfOwn,
      final byte[] payloadOfOwn) {
    if (records.count() == 0) {
      firstTimestampNs = timestampNs;
    }
    lastTimestampNs = timestampNs;
    records.add(recordEntry);
    if (hashesOfOwn != null) {
      hashes.add(hashesOfOwn);
      System.arraycopy(payloadOfOwn, 0, frames.frame(), frames.offset(), BLOCK_BYTES);
      frames.add();
    }
  }

  /** Cuts the open file behind the last restored payload. */
  void cutPayloads() throws IOException {
    payloadChannel.truncate(SegmentTrailer.rawPayloadOffset(hashes.count()));
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
    return header;
  }

  /** Records appended so far. */
  public int recordCount() {
    return records.count();
  }

  /** Payloads stored so far. */
  public int payloadCount() {
    return hashes.count();
  }

  /** The sequence that the next record must have. */
  public long nextSequence() {
    return header.firstSequence() + records.count();
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
    return SegmentTrailer.rawFileBytes(hashes.count(), records.count());
  }

  /** Bytes of the open file that the kernel has. */
  public long writtenBytes() {
    return payloadBuffer.writtenOffset();
  }

  /** Bytes of the journal that the kernel has. */
  public long writtenJournalBytes() {
    return journalBuffer.writtenOffset();
  }

  /** Whether that many more records fit for certain, each with a payload of its own. */
  public boolean hasRoom(final int moreRecords) {
    return limits.allow((long) hashes.count() + moreRecords, (long) records.count() + moreRecords);
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
   * @throws IOException when the files cannot be written; the record was not appended
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
    makeRoomInBuffers();
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
        RecordRules.problem(entry, kind, timestampNs, flags, header.diskBlocks());
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
    if (!hasRoom(1)) {
      throw new IllegalStateException(
          "segment %d is full with %d records and %d payloads"
              .formatted(header.segmentNumber(), records.count(), hashes.count()));
    }
    return kind;
  }

  /** Done first, because it is what can fail: afterwards a record is appended wholly or not. */
  private void makeRoomInBuffers() throws IOException {
    if (!payloadBuffer.hasRoom(BLOCK_BYTES)) {
      payloadBuffer.write();
    }
    if (!journalBuffer.hasRoom(RECORD_BYTES + SectorHash.BLOCK_HASHES_BYTES)) {
      write();
    }
  }

  /** To where it stays until its frame is hashed, should it be a new one. */
  private void load(final MemorySegment source, final long offset, final int sectorMask) {
    final byte[] frame = frames.frame();
    final int to = frames.offset();
    if (sectorMask == WHOLE_BLOCK) {
      MemorySegment.copy(source, ValueLayout.JAVA_BYTE, offset, frame, to, BLOCK_BYTES);
      return;
    }
    for (int at = 0; at < BLOCK_BYTES; at += SECTOR_BYTES) {
      if ((sectorMask & 1 << at / SECTOR_BYTES) != 0) {
        MemorySegment.copy(
            source, ValueLayout.JAVA_BYTE, offset + at, frame, to + at, SECTOR_BYTES);
      } else {
        Arrays.fill(frame, to + at, to + at + SECTOR_BYTES, (byte) 0);
      }
    }
  }

  private void appendWithPayload(final long timestampNs, final int flags) throws IOException {
    final byte[] frame = frames.frame();
    final int at = frames.offset();
    int index;
    final int payloadCrc;
    int storage = 0;
    if (Arrays.equals(frame, at, at + BLOCK_BYTES, ZEROES, 0, BLOCK_BYTES)) {
      index = NO_PAYLOAD;
      payloadCrc = Crc32c.ZERO_BLOCK;
      storage = RecordFlags.ALL_ZERO;
    } else {
      payloadCrc = crc.of(frame, at, BLOCK_BYTES);
      hashSectors(frame, at);
      final int tag = DedupTable.tag(sectorHashes);
      index = findEqual(tag);
      if (index == DedupTable.NONE) {
        index = hashes.count();
        payloadBuffer.append(frame, at, BLOCK_BYTES);
        frames.add();
        hashes.add(hashEntry);
        dedup.add(tag, index);
      } else {
        storage = RecordFlags.SHARED;
      }
    }
    appendRecord(timestampNs, flags | storage, index, payloadCrc);
    if (storage == 0) {
      journalBuffer.append(hashEntry);
    }
  }

  private void hashSectors(final byte[] frame, final int at) {
    for (int sector = 0; sector < BLOCK_SECTORS; sector++) {
      final long hash = SectorHash.of(frame, at + sector * SECTOR_BYTES);
      sectorHashes[sector] = hash;
      hashEntryView.set(LittleEndian.U64, (long) sector * Long.BYTES, hash);
    }
  }

  /** An earlier payload with the same bytes: hashes are not taken for proof. */
  private int findEqual(final int tag) throws IOException {
    int index = dedup.first(tag);
    while (index != DedupTable.NONE) {
      if (hashes.equalsAt(index, hashEntryView) && payloadEquals(index)) {
        return index;
      }
      index = dedup.next(tag);
    }
    return DedupTable.NONE;
  }

  private boolean payloadEquals(final int index) throws IOException {
    final MemorySegment payload =
        MemorySegment.ofArray(frames.frame()).asSlice(frames.offset(), BLOCK_BYTES);
    final long offset = SegmentTrailer.rawPayloadOffset(index);
    if (payloadBuffer.holds(offset)) {
      return payloadBuffer.equalsAt(offset, payload);
    }
    readBack.clear();
    while (readBack.hasRemaining()) {
      if (payloadChannel.read(readBack, offset + readBack.position()) < 0) {
        throw SegmentException.at(
            directory.resolve(SegmentName.open(header.segmentNumber())).toString(),
            offset,
            "the open segment was cut while it is written");
      }
    }
    return readBackView.mismatch(payload) < 0;
  }

  /** Completes the record in the scratch and takes it into the table and the journal. */
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
        crc.of(record, 0, RecordDescriptor.CRC32C_OFFSET));
    if (records.count() == 0) {
      firstTimestampNs = timestampNs;
    }
    lastTimestampNs = timestampNs;
    records.add(record);
    journalBuffer.append(record);
  }

  /** Hands everything appended so far to the kernel: it survives the death of the process. */
  public void write() throws IOException {
    checkOpen();
    // Payloads first: a journal entry should find its payload there.
    payloadBuffer.write();
    journalBuffer.write();
  }

  /** Makes everything appended so far survive a power cut. */
  public void force() throws IOException {
    write();
    payloadBuffer.reserve(RESERVED_PAYLOAD_BYTES);
    journalBuffer.reserve(RESERVED_JOURNAL_BYTES);
    force(payloadChannel);
    force(journalChannel);
  }

  private void force(final FileChannel channel) throws IOException {
    try {
      channel.force(false);
    } catch (final IOException e) {
      suspect = true;
      throw e;
    }
  }

  /**
   * Finishes the segment: afterwards it lies, durable, under its sealed name, and the writer is
   * closed.
   *
   * @param previous digest of the segment before; of recording.json for segment 0
   * @throws IllegalStateException when there is no record: use {@link #discard}
   */
  public SealedSegment seal(final Sha256Digest previous) throws IOException {
    SealedSegment result = sealed;
    if (state != State.RENAMED || result == null) {
      result = writeTablesAndRename(previous);
      sealed = result;
      enter(State.RENAMED);
    }
    Directories.force(directory);
    final Path journal = directory.resolve(journalName());
    if (spares == null) {
      Files.deleteIfExists(journal);
    } else {
      spares.keepJournal(journal);
    }
    close();
    return result;
  }

  private SealedSegment writeTablesAndRename(final Sha256Digest previous) throws IOException {
    checkOpen();
    if (records.count() == 0) {
      throw new IllegalStateException(
          "segment %d has no record to seal".formatted(header.segmentNumber()));
    }
    if (previous.equals(Sha256Digest.NONE)) {
      throw new IllegalArgumentException(
          "segment %d cannot follow nothing".formatted(header.segmentNumber()));
    }
    write();
    final byte[] frameDigests = frames.current();
    final SegmentTrailer trailer = trailer(previous, frameDigests);
    writeFully(payloadChannel, ByteBuffer.wrap(frameDigests), trailer.tablesOffset());
    final long hashesEnd = hashes.writeTo(payloadChannel, trailer.hashesOffset());
    final long recordsEnd = records.writeTo(payloadChannel, hashesEnd);
    writeFully(payloadChannel, ByteBuffer.wrap(trailer.encode()), recordsEnd);
    payloadChannel.truncate(trailer.fileBytes()); // it may have been a longer one before
    force(payloadChannel);
    final Path target = directory.resolve(SegmentName.sealed(header.segmentNumber()));
    if (Files.exists(target)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    Files.move(
        directory.resolve(SegmentName.open(header.segmentNumber())),
        target,
        StandardCopyOption.ATOMIC_MOVE);
    return new SealedSegment(target, trailer);
  }

  private SegmentTrailer trailer(final Sha256Digest previous, final byte[] frameDigests) {
    final Sha256 tablesSha = new Sha256();
    tablesSha.update(frameDigests, 0, frameDigests.length);
    hashes.hashInto(tablesSha);
    records.hashInto(tablesSha);
    return new SegmentTrailer(
            header.recordingId(),
            header.epoch(),
            header.segmentNumber(),
            recovered,
            false,
            records.count(),
            hashes.count(),
            header.firstSequence(),
            firstTimestampNs,
            lastTimestampNs,
            header.diskBytes(),
            Sha256.of(header.encode()),
            tablesSha.finish(),
            previous,
            Sha256Digest.NONE,
            Sha256Digest.NONE,
            SegmentStorage.raw(hashes.count()))
        .withDigest();
  }

  /** Gives the segment up: removes both files and closes. Only a segment without records. */
  public void discard() throws IOException {
    checkOpen();
    if (records.count() > 0) {
      throw new IllegalStateException(
          "segment %d has %d records, they are not thrown away"
              .formatted(header.segmentNumber(), records.count()));
    }
    close();
    // The journal goes last: as long as it is there, recovery knows what to do.
    Files.deleteIfExists(directory.resolve(SegmentName.open(header.segmentNumber())));
    Files.deleteIfExists(directory.resolve(SegmentName.journal(header.segmentNumber())));
  }

  /**
   * Lets go of files and memory. Without {@link #seal} before it the segment stays open on disk,
   * without what was not written, for {@link #recover} to finish.
   */
  @Override
  public void close() throws IOException {
    if (state == State.CLOSED) {
      return;
    }
    enter(State.CLOSED);
    try (payloadChannel;
        journalChannel) {
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
      throw new IllegalStateException(
          "segment %d is closed already".formatted(header.segmentNumber()));
    }
  }

  private String openName() {
    return SegmentName.open(header.segmentNumber());
  }

  private String journalName() {
    return SegmentName.journal(header.segmentNumber());
  }

  /** The bytes of a disk are nobody else's business. */
  private static FileChannel openPrivate(final Path path, final Set<OpenOption> options)
      throws IOException {
    return FileChannel.open(
        path,
        options,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
  }

  private static void writeAndForce(final FileChannel channel, final byte[] bytes)
      throws IOException {
    writeFully(channel, ByteBuffer.wrap(bytes), 0);
    channel.force(true);
  }

  private static void writeFully(
      final FileChannel channel, final ByteBuffer bytes, final long offset) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes, offset + bytes.position());
    }
  }
}
