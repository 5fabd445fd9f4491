package io.blockcam.capture.ring;

import static io.blockcam.capture.ring.SlabDescriptor.BASE_SEQUENCE_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.BOOT_ID_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.CHECK_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.CREATED_NS_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.DISK_BYTES_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.EPOCH_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.FILE_HEADER_BYTES;
import static io.blockcam.capture.ring.SlabDescriptor.MAGIC;
import static io.blockcam.capture.ring.SlabDescriptor.MAGIC_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.SLOTS_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.SLOT_BYTES;
import static io.blockcam.capture.ring.SlabDescriptor.SLOT_CHECK_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.SLOT_COUNT_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.SLOT_INDEX_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.SLOT_OUTCOME_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.STATE_CLEAN;
import static io.blockcam.capture.ring.SlabDescriptor.STATE_IN_USE;
import static io.blockcam.capture.ring.SlabDescriptor.STATE_OFFSET;
import static io.blockcam.capture.ring.SlabDescriptor.VERSION;
import static io.blockcam.capture.ring.SlabDescriptor.VERSION_OFFSET;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.record.RecordDescriptor;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The ring's memory: a file on tmpfs, mapped and shared, so that what was stored in it stays when
 * the process is killed.
 *
 * <p>Slots are addressed by sequence of the record. Accessors neither allocate nor check who owns a
 * slot: between claim and publish it is the queue's thread, then the consumer, until released.
 *
 * <p>The file belongs to one process at a time: it is locked while the slab is open.
 */
public final class Slab implements Closeable {
  static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG = U64.varHandle().withInvokeExactBehavior();
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");
  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE =
      PosixFilePermissions.asFileAttribute(OWNER_ONLY);
  private static final int FILL_BYTES = 1 << 20;

  /** In place of the magic while the header is written. */
  static final long UNFINISHED = ~MAGIC;

  private final Path file;
  private final SlabHeader header;
  private final FileChannel channel;
  private final Arena arena;
  private final MemorySegment memory;
  private final long mask;
  private final long base;
  private final long slotsOffset;
  private final long salt;

  private Slab(
      final Path file,
      final SlabHeader header,
      final FileChannel channel,
      final Arena arena,
      final MemorySegment memory) {
    this.file = file;
    this.header = header;
    this.channel = channel;
    this.arena = arena;
    this.memory = memory;
    this.mask = header.slots() - 1L;
    this.base = header.baseSequence();
    this.slotsOffset = SlabDescriptor.slotsOffset(header.slots());
    this.salt = memory.get(U64, CHECK_OFFSET);
  }

  /**
   * Makes a fresh slab; what stood there must not be needed any more, and its memory is used again:
   * there need not be room for two. All memory is taken now, so that a full tmpfs shows here and
   * not as a SIGBUS under a guest's write.
   *
   * @param file where, best on tmpfs
   * @throws SlabException when it does not fit, is in use, or can not be made
   */
  public static Slab create(final Path file, final SlabHeader header) throws SlabException {
    final Path fresh = file.resolveSibling(file.getFileName() + ".new");
    final long bytes = SlabDescriptor.fileBytes(header.slots());
    FileChannel replaced = null;
    FileChannel channel = null;
    try {
      replaced = existing(file); // held, so that nobody else takes it up meanwhile
      if (replaced != null && replaced.size() == bytes) {
        final Slab slab = map(file, header, replaced, bytes);
        replaced = null; // the slab's
        return slab;
      }
      Files.deleteIfExists(file);
      closeQuietly(replaced); // its memory goes with the last who has it open
      replaced = null;
      Files.deleteIfExists(fresh);
      channel = FileChannel.open(fresh, Set.of(READ, WRITE, CREATE_NEW), PRIVATE);
      lock(channel, file);
      fill(channel, bytes);
      final Slab slab = map(file, header, channel, bytes);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      channel = null; // the slab's
      return slab;
    } catch (final SlabException e) {
      throw e;
    } catch (final IOException e) {
      throw new SlabException(
          file,
          "can not take %d bytes for it (%s); choose a smaller ring or another place"
              .formatted(bytes, reason(e)),
          e);
    } finally {
      closeQuietly(replaced);
      if (channel != null) {
        closeQuietly(channel);
        deleteQuietly(fresh);
      }
    }
  }

  /**
   * Opens the slab that an earlier run left.
   *
   * @return null when there is none, or its making was interrupted: then it has held nothing
   * @throws SlabException when there is something else, or it is in use
   */
  public static @Nullable Slab openLeft(final Path file) throws SlabException {
    FileChannel channel = null;
    Slab slab = null;
    try {
      channel = existing(file);
      if (channel != null) {
        slab = openLeft(file, channel);
      }
      return slab;
    } catch (final SlabException e) {
      throw e;
    } catch (final IOException e) {
      throw new SlabException(file, "can not be opened (" + reason(e) + ")", e);
    } finally {
      if (slab == null) {
        closeQuietly(channel);
      }
    }
  }

  private static @Nullable Slab openLeft(final Path file, final FileChannel channel)
      throws IOException {
    final long bytes = channel.size();
    if (bytes < FILE_HEADER_BYTES) {
      throw foreign(file);
    }
    final Arena arena = Arena.ofShared();
    try {
      final MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
      if (memory.get(U64, MAGIC_OFFSET) == UNFINISHED) {
        arena.close();
        return null;
      }
      return new Slab(file, decode(file, memory, bytes), channel, arena, memory);
    } catch (final IOException | RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  /** The file, as it was given. */
  public Path file() {
    return file;
  }

  /** What it belongs to. */
  public SlabHeader header() {
    return header;
  }

  /** Whether its owner ended without having brought every record into the spool. */
  public boolean isUnclean() {
    return memory.get(U64, STATE_OFFSET) != STATE_CLEAN;
  }

  /** Says that every record is in the spool. */
  public void markClean() {
    LONG.setRelease(memory, (long) STATE_OFFSET, STATE_CLEAN);
  }

  /** Removes the file; the memory goes when the slab is closed. */
  public void delete() throws IOException {
    Files.deleteIfExists(file);
  }

  /** Unmaps and unlocks. Only when no other thread uses the slab any more. */
  @Override
  public void close() throws IOException {
    arena.close();
    channel.close();
  }

  // --- slots: everything below is on the way of an I/O ---

  /** All of the mapping; payloads lie at {@link #payloadOffset}. */
  public MemorySegment memory() {
    return memory;
  }

  /** Where in {@link #memory} the 4096 bytes of a record lie. */
  public long payloadOffset(final long sequence) {
    return slotsOffset + slot(sequence) * SLOT_BYTES;
  }

  /** Slots from this one to the end of the ring, where a copy has to be cut in two. */
  long slotsToWrap(final long sequence) {
    return header.slots() - slot(sequence);
  }

  /** Whether the slot holds this record, whole. */
  public boolean isValid(final long sequence) {
    final long at = at(sequence);
    return memory.get(U64, at + RecordDescriptor.SEQUENCE_OFFSET) == sequence
        && (long) LONG.getAcquire(memory, at + SLOT_CHECK_OFFSET) == checkOfStored(at);
  }

  /** Whether the slot holds a later record, whole: so this one was released once. */
  public boolean isOverrun(final long sequence) {
    final long at = at(sequence);
    return memory.get(U64, at + RecordDescriptor.SEQUENCE_OFFSET) > sequence
        && (long) LONG.getAcquire(memory, at + SLOT_CHECK_OFFSET) == checkOfStored(at);
  }

  /**
   * Moves a window over the recorder's part of a record, as it was offered: time and flags are
   * those known then.
   */
  public RecordView record(final long sequence, final RecordView view) {
    return view.wrap(memory, at(sequence));
  }

  /** Slots of the write this record belongs to. */
  public int count(final long sequence) {
    return memory.get(U32, at(sequence) + SLOT_COUNT_OFFSET);
  }

  /** Place of this record in its write. */
  public int index(final long sequence) {
    return memory.get(U32, at(sequence) + SLOT_INDEX_OFFSET);
  }

  /** Whether the outcome of the write that begins at this record is known. */
  public boolean isComplete(final long first) {
    final long at = at(first);
    final long outcome = (long) LONG.getAcquire(memory, at + SLOT_OUTCOME_OFFSET);
    return outcome >>> 32 == outcomeTag(memory.get(U64, at + SLOT_CHECK_OFFSET));
  }

  /** 0 or {@code -errno}; meaningful once {@link #isComplete}. */
  public int result(final long first) {
    return (int) memory.get(U64, at(first) + SLOT_OUTCOME_OFFSET);
  }

  /**
   * Writes a slot header. The check is stored last, so the slot is valid only with all of what was
   * stored before.
   *
   * @param shape {@link RecordDescriptor#shape}
   * @param place {@link SlabDescriptor#place}; the first slot of a write must be written last
   */
  void putHeader(
      final long sequence,
      final long timestampNs,
      final long block,
      final long shape,
      final long place,
      final long aux) {
    final long at = at(sequence);
    memory.set(U64, at + SLOT_OUTCOME_OFFSET, 0);
    memory.set(U64, at + RecordDescriptor.SEQUENCE_OFFSET, sequence);
    memory.set(U64, at + RecordDescriptor.TIMESTAMP_NS_OFFSET, timestampNs);
    memory.set(U64, at + RecordDescriptor.BLOCK_OFFSET, block);
    memory.set(U64, at + RecordDescriptor.RUN_BLOCKS_OFFSET, shape);
    memory.set(U64, at + SLOT_COUNT_OFFSET, place);
    memory.set(U64, at + RecordDescriptor.AUX_OFFSET, aux);
    LONG.setRelease(
        memory,
        at + SLOT_CHECK_OFFSET,
        check(salt, sequence, timestampNs, block, shape, place, aux));
  }

  /**
   * Makes the outcome of a write known: one store.
   *
   * @param result at least 0, or {@code -errno}
   */
  void putOutcome(final long first, final int result) {
    final long at = at(first);
    final long tag = outcomeTag(memory.get(U64, at + SLOT_CHECK_OFFSET));
    LONG.setRelease(
        memory, at + SLOT_OUTCOME_OFFSET, (tag << 32) | (Math.min(result, 0) & 0xffff_ffffL));
  }

  private long slot(final long sequence) {
    return (sequence - base) & mask;
  }

  private long at(final long sequence) {
    return SlabDescriptor.slotHeaderOffset(slot(sequence));
  }

  private long checkOfStored(final long at) {
    return check(
        salt,
        memory.get(U64, at + RecordDescriptor.SEQUENCE_OFFSET),
        memory.get(U64, at + RecordDescriptor.TIMESTAMP_NS_OFFSET),
        memory.get(U64, at + RecordDescriptor.BLOCK_OFFSET),
        memory.get(U64, at + RecordDescriptor.RUN_BLOCKS_OFFSET),
        memory.get(U64, at + SLOT_COUNT_OFFSET),
        memory.get(U64, at + RecordDescriptor.AUX_OFFSET));
  }

  /** Never 0, so that an outcome of 0 is "not known" whatever the check. */
  private static long outcomeTag(final long check) {
    return ((check ^ (check >>> 32)) & 0xffff_ffffL) | 1;
  }

  /**
   * Tells a whole header from one that mixes old words and new. The products are independent of
   * each other, so it costs about one multiplication.
   */
  // checkstyle: ParameterNumber (hot path: what is in registers is not to be read back)
  private static long check(
      final long salt,
      final long a,
      final long b,
      final long c,
      final long d,
      final long e,
      final long f) {
    final long sum =
        (a ^ salt) * 0x9e37_79b9_7f4a_7c15L
            + (b ^ 0x2545_f491_4f6c_dd1dL) * 0xbf58_476d_1ce4_e5b9L
            + (c ^ 0xd6e8_feb8_6659_fd93L) * 0x94d0_49bb_1331_11ebL
            + (d ^ 0xa076_1d64_78bd_642fL) * 0xe703_7ed1_a0b4_28dbL
            + (e ^ 0x8ebc_6af0_9c88_c6e3L) * 0x5899_65cc_7537_4cc3L
            + (f ^ 0x1d8e_4e27_c47d_124fL) * 0xeb44_acca_b455_d165L;
    return sum ^ sum >>> 29;
  }

  // --- file ---

  private static Slab map(
      final Path file, final SlabHeader header, final FileChannel channel, final long bytes)
      throws IOException {
    final Arena arena = Arena.ofShared();
    try {
      final MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
      memory.load();
      LONG.setRelease(memory, (long) MAGIC_OFFSET, UNFINISHED);
      memory.set(U32, VERSION_OFFSET, VERSION);
      memory.set(U64, RECORDING_ID_OFFSET, header.recordingId().getMostSignificantBits());
      memory.set(U64, RECORDING_ID_OFFSET + 8, header.recordingId().getLeastSignificantBits());
      memory.set(U64, EPOCH_OFFSET, header.epoch());
      memory.set(U64, BASE_SEQUENCE_OFFSET, header.baseSequence());
      memory.set(U64, SLOTS_OFFSET, header.slots());
      memory.set(U64, DISK_BYTES_OFFSET, header.diskBytes());
      memory.set(U64, BOOT_ID_OFFSET, header.bootId().getMostSignificantBits());
      memory.set(U64, BOOT_ID_OFFSET + 8, header.bootId().getLeastSignificantBits());
      memory.set(U64, CREATED_NS_OFFSET, header.createdNs());
      memory.set(U64, STATE_OFFSET, STATE_IN_USE);
      memory.set(U64, CHECK_OFFSET, headerCheck(memory));
      LONG.setRelease(memory, (long) MAGIC_OFFSET, MAGIC);
      return new Slab(file, header, channel, arena, memory);
    } catch (final RuntimeException | Error e) {
      arena.close();
      throw e;
    }
  }

  private static SlabHeader decode(final Path file, final MemorySegment memory, final long bytes)
      throws SlabException {
    if (memory.get(U64, MAGIC_OFFSET) != MAGIC
        || memory.get(U64, CHECK_OFFSET) != headerCheck(memory)) {
      throw foreign(file);
    }
    final int version = memory.get(U32, VERSION_OFFSET);
    if (version != VERSION) {
      throw new SlabException(
          file,
          "version %s is unknown, this program knows %d; start the version that wrote it once"
              .formatted(Integer.toUnsignedString(version), VERSION));
    }
    final long slots = memory.get(U64, SLOTS_OFFSET);
    if (slots < SlabHeader.MIN_SLOTS
        || slots > SlabHeader.MAX_SLOTS
        || SlabDescriptor.fileBytes(slots) != bytes) {
      throw new SlabException(
          file, "%d bytes do not hold a ring of %d slots".formatted(bytes, slots));
    }
    return new SlabHeader(
        uuid(memory, RECORDING_ID_OFFSET),
        memory.get(U64, EPOCH_OFFSET),
        memory.get(U64, BASE_SEQUENCE_OFFSET),
        (int) slots,
        memory.get(U64, DISK_BYTES_OFFSET),
        uuid(memory, BOOT_ID_OFFSET),
        memory.get(U64, CREATED_NS_OFFSET));
  }

  private static UUID uuid(final MemorySegment memory, final long offset) {
    return new UUID(memory.get(U64, offset), memory.get(U64, offset + 8));
  }

  private static long headerCheck(final MemorySegment memory) {
    long check = 0;
    for (long at = 0; at < CHECK_OFFSET; at += Long.BYTES) {
      final long word = at == MAGIC_OFFSET ? MAGIC : memory.get(U64, at);
      check = (check ^ word) * 0x9e37_79b9_7f4a_7c15L;
      check ^= check >>> 32;
    }
    return check;
  }

  private static SlabException foreign(final Path file) {
    return new SlabException(
        file, "is not a ring of this program; move it away or choose another place");
  }

  /** Opens and locks what stands there, when it is ours: a link or another's file could be bait. */
  private static @Nullable FileChannel existing(final Path file) throws IOException {
    if (!Files.exists(file, NOFOLLOW_LINKS)) {
      return null;
    }
    if (!Files.isRegularFile(file, NOFOLLOW_LINKS)
        || !Files.getPosixFilePermissions(file, NOFOLLOW_LINKS).equals(OWNER_ONLY)
        || !Files.getAttribute(file, "unix:uid", NOFOLLOW_LINKS)
            .equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
      throw foreign(file);
    }
    final FileChannel channel = FileChannel.open(file, Set.of(READ, WRITE, NOFOLLOW_LINKS));
    try {
      lock(channel, file);
      return channel;
    } catch (final IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  private static void lock(final FileChannel channel, final Path file) throws IOException {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (final OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      throw new SlabException(file, "is in use by another recorder; stop it first");
    }
  }

  /** Zeroes, not a hole: tmpfs takes pages when they are written. */
  private static void fill(final FileChannel channel, final long bytes) throws IOException {
    final ByteBuffer zeroes = ByteBuffer.allocateDirect((int) Math.min(bytes, FILL_BYTES));
    for (long at = 0; at < bytes; ) {
      zeroes.clear().limit((int) Math.min(zeroes.capacity(), bytes - at));
      at += channel.write(zeroes, at);
    }
  }

  private static String reason(final IOException e) {
    if (e instanceof FileAlreadyExistsException) {
      return "it already exists";
    }
    if (e instanceof final FileSystemException f && f.getReason() != null) {
      return f.getReason();
    }
    final String message = e.getMessage();
    return e.getClass() == IOException.class && message != null
        ? message
        : e.getClass().getSimpleName();
  }

  /** On the way out with an error that says more. */
  private static void closeQuietly(final @Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (final IOException e) {
        // The kernel has let go of it all the same (close(2)).
      }
    }
  }

  private static void deleteQuietly(final Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (final IOException e) {
      // The next start deletes it.
    }
  }
}
