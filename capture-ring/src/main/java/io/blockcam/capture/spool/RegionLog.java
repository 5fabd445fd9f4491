package io.blockcam.capture.spool;

import static io.blockcam.capture.spool.RegionLogDescriptor.CLEAN;
import static io.blockcam.capture.spool.RegionLogDescriptor.CRC32C_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.DIRTY;
import static io.blockcam.capture.spool.RegionLogDescriptor.DISK_BYTES_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.DISTRUST_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.HEADER_BYTES;
import static io.blockcam.capture.spool.RegionLogDescriptor.MAGIC;
import static io.blockcam.capture.spool.RegionLogDescriptor.MAGIC_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.REGION_BYTES_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.VERSION;
import static io.blockcam.capture.spool.RegionLogDescriptor.VERSION_OFFSET;
import static java.nio.file.StandardOpenOption.WRITE;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.LittleEndian;
import io.blockcam.archive.record.RecordDescriptor;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The regions of the disk where disk and record may differ after a power cut: {@code regions}, in
 * the spool. Any thread, one at a time.
 */
public final class RegionLog implements Closeable {
  static final String FILE_NAME = "regions";

  /** What is dirty is read back after a power cut, and the log is looked through: not too many. */
  private static final long MOST_REGIONS = 1 << 16;

  private final Path directory;
  private final UUID recordingId;
  private final long regionBytes;
  private long diskBytes;

  /** What the file has, or will have. */
  private byte[] content;

  /**
   * Null after a failure: the file is written anew then, since another sync of it proves nothing.
   */
  private @Nullable FileChannel channel;

  /** Whether the header of {@link #content} is known to be that of the file. */
  private boolean headerIsDurable;

  private RegionLog(
      final Path directory,
      final UUID recordingId,
      final long diskBytes,
      final long regionBytes,
      final byte[] content) {
    this.directory = directory;
    this.recordingId = recordingId;
    this.diskBytes = diskBytes;
    this.regionBytes = regionBytes;
    this.content = content;
  }

  /**
   * Opens the log of a spool, or makes it.
   *
   * @param diskBytes size of the disk; what is more than the log has is taken for {@linkplain
   *     #growTo grown}
   * @param leastRegionBytes size of a region when it is made, a power of two
   * @param fresh whether a log that is not there means that nothing was ever written; else
   *     everything may have been
   * @throws SpoolException when it is of another recording or disk, or damaged
   */
  static RegionLog open(
      final Path directory,
      final UUID recordingId,
      final long diskBytes,
      final long leastRegionBytes,
      final boolean fresh)
      throws IOException {
    final Path file = directory.resolve(FILE_NAME);
    try {
      final RegionLog log = decode(directory, recordingId, diskBytes, Files.readAllBytes(file));
      log.writeAnew(); // who wrote what was read may have died before it was durable
      log.growTo(diskBytes);
      return log;
    } catch (final NoSuchFileException e) {
      final long regionBytes = regionBytes(diskBytes, leastRegionBytes);
      final byte[] content = new byte[contentBytes(diskBytes, regionBytes)];
      Arrays.fill(content, HEADER_BYTES, content.length, fresh ? CLEAN : DIRTY);
      encodeHeader(content, recordingId, diskBytes, regionBytes);
      final RegionLog log = new RegionLog(directory, recordingId, diskBytes, regionBytes, content);
      log.writeAnew();
      return log;
    }
  }

  /** With 4 MiB at least: 4 MiB up to 256 GiB, 16 MiB for 1 TiB. */
  static long regionBytes(final long diskBytes, final long leastBytes) {
    long bytes = leastBytes;
    while (diskBytes / bytes > MOST_REGIONS) {
      bytes *= 2;
    }
    return bytes;
  }

  private static int contentBytes(final long diskBytes, final long regionBytes) {
    return HEADER_BYTES + Math.toIntExact(Math.ceilDiv(diskBytes, regionBytes));
  }

  private static void encodeHeader(
      final byte[] content, final UUID recordingId, final long diskBytes, final long regionBytes) {
    final MemorySegment memory = MemorySegment.ofArray(content);
    memory.set(LittleEndian.U64, MAGIC_OFFSET, MAGIC);
    memory.set(LittleEndian.U32, VERSION_OFFSET, VERSION);
    memory.set(LittleEndian.U64, RECORDING_ID_OFFSET, recordingId.getMostSignificantBits());
    memory.set(LittleEndian.U64, RECORDING_ID_OFFSET + 8, recordingId.getLeastSignificantBits());
    memory.set(LittleEndian.U64, DISK_BYTES_OFFSET, diskBytes);
    memory.set(LittleEndian.U64, REGION_BYTES_OFFSET, regionBytes);
    seal(content);
  }

  private static void seal(final byte[] content) {
    MemorySegment.ofArray(content)
        .set(LittleEndian.U32, CRC32C_OFFSET, new Crc32c().of(content, 0, CRC32C_OFFSET));
  }

  private static RegionLog decode(
      final Path directory, final UUID recordingId, final long mostDiskBytes, final byte[] content)
      throws SpoolException {
    final Path file = directory.resolve(FILE_NAME);
    final String advice = "; move it away, then all of the disk is read back";
    if (content.length < HEADER_BYTES) {
      throw new SpoolException(
          file, "has %d bytes, less than its header%s".formatted(content.length, advice));
    }
    final MemorySegment memory = MemorySegment.ofArray(content);
    if (memory.get(LittleEndian.U64, MAGIC_OFFSET) != MAGIC
        || memory.get(LittleEndian.U32, CRC32C_OFFSET)
            != new Crc32c().of(content, 0, CRC32C_OFFSET)) {
      throw new SpoolException(file, "is damaged, or no log of regions" + advice);
    }
    final int version = memory.get(LittleEndian.U32, VERSION_OFFSET);
    if (version != VERSION) {
      throw new SpoolException(
          file,
          "version %s is unknown, this program knows %d; start the version that wrote it once"
              .formatted(Integer.toUnsignedString(version), VERSION));
    }
    final UUID owner =
        new UUID(
            memory.get(LittleEndian.U64, RECORDING_ID_OFFSET),
            memory.get(LittleEndian.U64, RECORDING_ID_OFFSET + 8));
    final long diskBytes = memory.get(LittleEndian.U64, DISK_BYTES_OFFSET);
    final long regionBytes = memory.get(LittleEndian.U64, REGION_BYTES_OFFSET);
    if (!owner.equals(recordingId)
        || diskBytes <= 0
        || diskBytes > mostDiskBytes
        || Long.bitCount(regionBytes) != 1
        || regionBytes < RecordDescriptor.BLOCK_BYTES
        || content.length != HEADER_BYTES + Math.ceilDiv(diskBytes, regionBytes)) {
      throw new SpoolException(
          file,
          "belongs to a disk of %d bytes of recording %s, not to this one%s"
              .formatted(diskBytes, owner, advice));
    }
    return new RegionLog(directory, recordingId, diskBytes, regionBytes, content);
  }

  /**
   * The disk has grown: where that is, it may hold anything, and is to be read back. Durable when
   * this returns; may be repeated when it fails.
   *
   * @param bytes its size now; does nothing if it has had that
   */
  public void growTo(final long bytes) throws IOException {
    if (bytes == diskBytes) {
      return;
    }
    final byte[] grown = Arrays.copyOf(content, contentBytes(bytes, regionBytes));
    final int firstChanged = HEADER_BYTES + (int) (diskBytes / regionBytes);
    Arrays.fill(grown, firstChanged, grown.length, DIRTY);
    MemorySegment.ofArray(grown).set(LittleEndian.U64, DISK_BYTES_OFFSET, bytes);
    content = grown;
    diskBytes = bytes;
    headerIsDurable = false;
    distrust(GapReason.DISK_GROWN);
  }

  /** Size of a region, in bytes, a power of two. */
  public long regionBytes() {
    return regionBytes;
  }

  /** The regions that are dirty. */
  public BitSet dirty() {
    final BitSet dirty = new BitSet(content.length - HEADER_BYTES);
    for (int region = 0; region < content.length - HEADER_BYTES; region++) {
      dirty.set(region, content[HEADER_BYTES + region] != CLEAN);
    }
    return dirty;
  }

  /** The blocks of the regions that are dirty, and no others, however many pieces that makes. */
  public List<Doubt.Range> dirtyBlocks() {
    final long regionBlocks = regionBytes / RecordDescriptor.BLOCK_BYTES;
    final List<Doubt.Range> ranges = new ArrayList<>();
    final BitSet dirty = dirty();
    final long diskBlocks = Math.ceilDiv(diskBytes, RecordDescriptor.BLOCK_BYTES);
    for (int from = dirty.nextSetBit(0), to; from >= 0; from = dirty.nextSetBit(to)) {
      to = dirty.nextClearBit(from);
      final long block = from * regionBlocks;
      ranges.add(new Doubt.Range(block, Math.min(to * regionBlocks, diskBlocks) - block));
    }
    return ranges;
  }

  /** Whether what is dirty must be read back though no power was cut. */
  public boolean isDistrusted() {
    return content[DISTRUST_OFFSET] != 0;
  }

  /** Why; {@link GapReason#RECORDS_LOST} when nobody has said. */
  public GapReason distrustReason() {
    return GapReason.ofCode(content[DISTRUST_OFFSET]).orElse(GapReason.RECORDS_LOST);
  }

  /**
   * What is dirty may hold what is not in the record. Durable when this returns; may be repeated.
   *
   * @param why the first reason stands, but for {@link GapReason#NO_ROOM}: that one passes
   */
  public void distrust(final GapReason why) throws IOException {
    final boolean stands = isDistrusted() && distrustReason() != GapReason.NO_ROOM;
    setDistrust(stands ? content[DISTRUST_OFFSET] : (byte) why.code());
  }

  /** All of the disk may have changed unseen. Durable when this returns. */
  public void distrustAll(final GapReason why) throws IOException {
    Arrays.fill(content, HEADER_BYTES, content.length, DIRTY);
    setDistrust((byte) why.code());
  }

  /** What was dirty has been read back. Durable when this returns; may be repeated. */
  public void trust() throws IOException {
    setDistrust((byte) 0);
  }

  private void setDistrust(final byte value) throws IOException {
    if (content[DISTRUST_OFFSET] == value && headerIsDurable) {
      return;
    }
    headerIsDurable = false;
    content[DISTRUST_OFFSET] = value;
    seal(content);
    close();
    channel = null;
    writeAnew();
  }

  /** Makes regions dirty; durable when this returns. May be repeated when it fails. */
  public void makeDirty(final BitSet regions) throws IOException {
    if (!regions.isEmpty()) {
      set(regions, DIRTY);
      write(regions, true);
    }
  }

  /** Makes regions clean. Not durable: what the log forgets too late costs a read, no more. */
  public void makeClean(final BitSet regions) throws IOException {
    if (!regions.isEmpty()) {
      set(regions, CLEAN);
      write(regions, false);
    }
  }

  private void set(final BitSet regions, final byte value) {
    regions.stream().forEach(region -> content[HEADER_BYTES + region] = value);
  }

  private void write(final BitSet regions, final boolean durable) throws IOException {
    final FileChannel file = channel;
    if (file == null) {
      writeAnew();
      return;
    }
    boolean written = false;
    try {
      final int from = HEADER_BYTES + regions.nextSetBit(0);
      final ByteBuffer bytes =
          ByteBuffer.wrap(content, from, HEADER_BYTES + regions.length() - from);
      while (bytes.hasRemaining()) {
        file.write(bytes, bytes.position());
      }
      if (durable) {
        file.force(false);
      }
      written = true;
    } finally {
      if (!written) {
        channel = null;
        file.close();
      }
    }
  }

  private void writeAnew() throws IOException {
    Spool.replace(directory, FILE_NAME, content);
    headerIsDurable = true;
    channel = FileChannel.open(directory.resolve(FILE_NAME), WRITE);
  }

  @Override
  public void close() throws IOException {
    if (channel != null) {
      channel.close();
    }
  }
}
