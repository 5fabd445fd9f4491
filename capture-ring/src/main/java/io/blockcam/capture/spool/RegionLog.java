package io.blockcam.capture.spool;

import static io.blockcam.capture.spool.RegionLogDescriptor.CRC32C_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.DISK_BYTES_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.DISTRUST_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.FIRST_PAGE_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.GENERATION_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.HEADERS;
import static io.blockcam.capture.spool.RegionLogDescriptor.HEADER_BYTES;
import static io.blockcam.capture.spool.RegionLogDescriptor.MAGIC;
import static io.blockcam.capture.spool.RegionLogDescriptor.MAGIC_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.PAGE_BYTES;
import static io.blockcam.capture.spool.RegionLogDescriptor.PAGE_CRC32C_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.PAGE_REGIONS;
import static io.blockcam.capture.spool.RegionLogDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.REGION_BYTES_OFFSET;
import static io.blockcam.capture.spool.RegionLogDescriptor.VERSION;
import static io.blockcam.capture.spool.RegionLogDescriptor.VERSION_OFFSET;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.log.LittleEndian;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordDescriptor;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The regions of the disk where disk and record may differ after a power cut: {@code regions}, in
 * the spool. Any thread, one at a time.
 */
public final class RegionLog implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(RegionLog.class);
  static final String FILE_NAME = "regions";

  /** Up to 128 TiB a region keeps its size, and the file has at most 16 MiB. */
  private static final long MOST_REGIONS = 1L << 27;

  private final SpoolFile file;
  private final UUID recordingId;
  private final long regionBytes;
  private long diskBytes;

  /** What the file has, or will have. */
  private byte[] content;

  private long generation;

  /** A {@link GapReason}, or 0. */
  private byte distrust;

  /** Whether the newest header of the file is known to say what is said here. */
  private boolean headerIsDurable;

  /** Without headers: those are encoded when they are written. */
  private RegionLog(
      final Path directory,
      final UUID recordingId,
      final long diskBytes,
      final long regionBytes,
      final byte[] content) {
    this.file = new SpoolFile(directory, FILE_NAME);
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
      log.grow(diskBytes);
      log.writeAnew(); // who wrote what was read may have died before it was durable
      return log;
    } catch (final NoSuchFileException e) {
      final long regionBytes = regionBytes(diskBytes, leastRegionBytes);
      final byte[] content = new byte[contentBytes(regions(diskBytes, regionBytes))];
      final RegionLog log = new RegionLog(directory, recordingId, diskBytes, regionBytes, content);
      log.set(0, fresh ? 0 : log.regions(), true);
      log.sealPages(0, log.pages());
      log.writeAnew();
      return log;
    }
  }

  /** What was asked for, unless that were too many of them. */
  static long regionBytes(final long diskBytes, final long leastBytes) {
    long bytes = leastBytes;
    while (diskBytes / bytes > MOST_REGIONS) {
      bytes *= 2;
    }
    return bytes;
  }

  private static long regions(final long diskBytes, final long regionBytes) {
    return Math.ceilDiv(diskBytes, regionBytes);
  }

  private int regions() {
    return (int) regions(diskBytes, regionBytes);
  }

  private int pages() {
    return (content.length - FIRST_PAGE_OFFSET) / PAGE_BYTES;
  }

  private static int contentBytes(final long regions) {
    return Math.toIntExact(FIRST_PAGE_OFFSET + Math.ceilDiv(regions, PAGE_REGIONS) * PAGE_BYTES);
  }

  private static MemorySegment header(final byte[] content, final int which) {
    return MemorySegment.ofArray(content).asSlice((long) which * HEADER_BYTES, HEADER_BYTES);
  }

  private void encodeHeader(final int which) {
    final MemorySegment header = header(content, which);
    header.set(LittleEndian.U64, MAGIC_OFFSET, MAGIC);
    header.set(LittleEndian.U32, VERSION_OFFSET, VERSION);
    header.set(LittleEndian.U64, RECORDING_ID_OFFSET, recordingId.getMostSignificantBits());
    header.set(LittleEndian.U64, RECORDING_ID_OFFSET + 8, recordingId.getLeastSignificantBits());
    header.set(LittleEndian.U64, DISK_BYTES_OFFSET, diskBytes);
    header.set(LittleEndian.U64, REGION_BYTES_OFFSET, regionBytes);
    header.set(LittleEndian.U64, GENERATION_OFFSET, generation);
    header.set(LittleEndian.U32, DISTRUST_OFFSET, distrust);
    header.set(LittleEndian.U32, CRC32C_OFFSET, crc(header));
  }

  private static int crc(final MemorySegment header) {
    return new Crc32c().of(header.asByteBuffer(), 0, CRC32C_OFFSET);
  }

  private static RegionLog decode(
      final Path directory, final UUID recordingId, final long mostDiskBytes, final byte[] content)
      throws SpoolException {
    final Path file = directory.resolve(FILE_NAME);
    final String advice = "; move it away, then all of the disk is read back";
    if (content.length < FIRST_PAGE_OFFSET) {
      throw new SpoolException(
          file, "has %d bytes, less than its headers%s".formatted(content.length, advice));
    }
    final List<MemorySegment> headers =
        IntStream.range(0, HEADERS)
            .mapToObj(which -> header(content, which))
            .filter(RegionLog::isWhole)
            .sorted(Comparator.comparingLong(RegionLog::generation).reversed())
            .toList();
    if (headers.isEmpty()) {
      throw new SpoolException(file, "is damaged, or no log of regions" + advice);
    }
    final MemorySegment memory = headers.getFirst();
    final int version = memory.get(LittleEndian.U32, VERSION_OFFSET);
    if (version != VERSION) {
      throw new SpoolException(
          file,
          "version %s is unknown, this program knows %d%s"
              .formatted(Integer.toUnsignedString(version), VERSION, advice));
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
        || regions(diskBytes, regionBytes) > Integer.MAX_VALUE
        || content.length != contentBytes(regions(diskBytes, regionBytes))) {
      throw new SpoolException(
          file,
          "belongs to a disk of %d bytes of recording %s, not to this one%s"
              .formatted(diskBytes, owner, advice));
    }
    final RegionLog log = new RegionLog(directory, recordingId, diskBytes, regionBytes, content);
    log.generation = generation(memory);
    log.distrust = (byte) memory.get(LittleEndian.U32, DISTRUST_OFFSET);
    log.mendPages();
    return log;
  }

  private static boolean isWhole(final MemorySegment header) {
    return header.get(LittleEndian.U64, MAGIC_OFFSET) == MAGIC
        && header.get(LittleEndian.U32, CRC32C_OFFSET) == crc(header);
  }

  private static long generation(final MemorySegment header) {
    return header.get(LittleEndian.U64, GENERATION_OFFSET);
  }

  /** Of a page that is damaged all regions are dirty. */
  private void mendPages() {
    final Crc32c crc = new Crc32c();
    for (int page = 0; page < pages(); page++) {
      final int at = FIRST_PAGE_OFFSET + page * PAGE_BYTES;
      if (pageCrc(at) != crc.of(content, at, PAGE_CRC32C_OFFSET)) {
        LOG.warn("page {} of {} is damaged: its regions are read back", page, FILE_NAME);
        set(page * PAGE_REGIONS, Math.min((page + 1) * PAGE_REGIONS, regions()), true);
        sealPages(page, page + 1);
      }
    }
  }

  /**
   * The disk has grown: where that is, it may hold anything, and is to be read back. Durable when
   * this returns; may be repeated when it fails.
   *
   * @param bytes its size now; does nothing if it has had that
   */
  public void growTo(final long bytes) throws IOException {
    grow(bytes);
    if (!headerIsDurable) {
      writeAnew();
    }
  }

  private void grow(final long bytes) {
    if (bytes == diskBytes) {
      return;
    }
    final int firstChanged = (int) (diskBytes / regionBytes);
    content = Arrays.copyOf(content, contentBytes(regions(bytes, regionBytes)));
    diskBytes = bytes;
    set(firstChanged, regions(), true);
    sealPages(firstChanged / PAGE_REGIONS, pages());
    headerIsDurable = false;
    distrust = standing(GapReason.DISK_GROWN);
  }

  /** Size of a region, in bytes, a power of two. */
  public long regionBytes() {
    return regionBytes;
  }

  /** The regions that are dirty. */
  public BitSet dirty() {
    final BitSet dirty = new BitSet();
    for (int region = 0; region < regions(); region++) {
      final int bits = content[byteOf(region)];
      if (bits == 0) {
        region |= 7;
      } else if ((bits & 1 << region % 8) != 0) {
        dirty.set(region);
      }
    }
    return dirty;
  }

  /**
   * The blocks of the regions that are dirty, and no others, unless they are in very many pieces:
   * then also what lies between those that are nearest to each other.
   */
  public Doubt dirtyBlocks() {
    return Doubt.ofUnits(
        dirty(), regionBytes / RecordDescriptor.BLOCK_BYTES, RecordDescriptor.blocks(diskBytes));
  }

  /** Whether what is dirty must be read back though no power was cut. */
  public boolean isDistrusted() {
    return distrust != 0;
  }

  /** Why; {@link GapReason#RECORDS_LOST} when nobody has said. */
  public GapReason distrustReason() {
    return GapReason.ofCode(distrust).orElse(GapReason.RECORDS_LOST);
  }

  /**
   * What is dirty may hold what is not in the record. Durable when this returns; may be repeated.
   *
   * @param why the first reason stands, but for {@link GapReason#NO_ROOM}: that one passes
   */
  public void distrust(final GapReason why) throws IOException {
    setDistrust(standing(why));
  }

  private byte standing(final GapReason why) {
    final boolean stands = isDistrusted() && distrustReason() != GapReason.NO_ROOM;
    return stands ? distrust : (byte) why.code();
  }

  /** All of the disk may have changed unseen. Durable when this returns. */
  public void distrustAll(final GapReason why) throws IOException {
    set(0, regions(), true);
    sealPages(0, pages());
    distrust = (byte) why.code();
    writeAnew();
  }

  /** What was dirty has been read back. Durable when this returns; may be repeated. */
  public void trust() throws IOException {
    setDistrust((byte) 0);
  }

  private void setDistrust(final byte value) throws IOException {
    if (distrust == value && headerIsDurable) {
      return;
    }
    distrust = value;
    headerIsDurable = false;
    if (!file.isWritten()) {
      writeAnew();
      return;
    }
    generation++;
    for (int which = 0; which < HEADERS; which++) {
      encodeHeader(which);
      final int at = which * HEADER_BYTES;
      file.change(
          change -> {
            change.write(ByteBuffer.wrap(content, at, HEADER_BYTES), at);
            change.force(); // before the other is touched
          });
    }
    headerIsDurable = true;
  }

  /**
   * Makes regions dirty; durable when this returns. May be repeated when it fails.
   *
   * @param regions in order
   */
  public void makeDirty(final int[] regions) throws IOException {
    write(regions, true);
  }

  /**
   * Makes regions clean. Not durable: what the log forgets too late costs a read, no more.
   *
   * @param regions in order
   */
  public void makeClean(final int[] regions) throws IOException {
    write(regions, false);
  }

  private static int byteOf(final int region) {
    return FIRST_PAGE_OFFSET + region / PAGE_REGIONS * PAGE_BYTES + region % PAGE_REGIONS / 8;
  }

  private void set(final int region, final boolean dirty) {
    final int bit = 1 << region % 8; // a page has whole bytes of them
    content[byteOf(region)] =
        (byte) (dirty ? content[byteOf(region)] | bit : content[byteOf(region)] & ~bit);
  }

  private void set(final int from, final int to, final boolean dirty) {
    for (int region = from; region < to; region++) {
      set(region, dirty);
    }
  }

  private int pageCrc(final int at) {
    return MemorySegment.ofArray(content).get(LittleEndian.U32, at + PAGE_CRC32C_OFFSET);
  }

  private void sealPages(final int from, final int to) {
    final Crc32c crc = new Crc32c();
    for (int page = from; page < to; page++) {
      final int at = FIRST_PAGE_OFFSET + page * PAGE_BYTES;
      MemorySegment.ofArray(content)
          .set(LittleEndian.U32, at + PAGE_CRC32C_OFFSET, crc.of(content, at, PAGE_CRC32C_OFFSET));
    }
  }

  private void write(final int[] regions, final boolean dirty) throws IOException {
    if (regions.length == 0) {
      return;
    }
    final BitSet changed = new BitSet();
    for (final int region : regions) {
      set(region, dirty);
      changed.set(region / PAGE_REGIONS);
    }
    changed.stream().forEach(page -> sealPages(page, page + 1));
    if (!file.isWritten()) {
      writeAnew();
      return;
    }
    file.change(
        change -> {
          for (int from = changed.nextSetBit(0), to; from >= 0; from = changed.nextSetBit(to)) {
            to = changed.nextClearBit(from);
            final int at = FIRST_PAGE_OFFSET + from * PAGE_BYTES;
            change.write(ByteBuffer.wrap(content, at, (to - from) * PAGE_BYTES), at);
          }
          if (dirty) {
            change.force();
          }
        });
  }

  private void writeAnew() throws IOException {
    generation++;
    for (int which = 0; which < HEADERS; which++) {
      encodeHeader(which);
    }
    file.replace(content);
    headerIsDurable = true;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
