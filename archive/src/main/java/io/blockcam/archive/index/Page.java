package io.blockcam.archive.index;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What a run says of some whole windows of the disk.
 *
 * <p>Stored as one zstd frame of
 *
 * <pre>
 *   pieces x 4   how much higher the block is than that of the piece before (the first: than the
 *                page's first block): all lowest bytes, then all second ones, ...
 *   pieces x 8   the {@link RecordRef} minus that of the piece before, in the same way
 *   partial      the sector masks of the pieces with P
 *   zeroes x 24  first block, block behind the last, sector mask: 0xff
 *   doubts x 24  the same; the mask tells the sectors
 * </pre>
 *
 * Byte by byte, because what is written side by side then becomes long runs of equal bytes.
 */
final class Page {
  /** A page is full with so many; but the windows of it are whole. */
  static final int FULL = 4096;

  /** More than any page has: the windows of a full one, each block of it in eight pieces. */
  static final int MOST = FULL + 8 * WindowStack.WINDOW_BLOCKS;

  private static final int ZSTD_BLOCK_BYTES = 128 << 10;

  private static final int ZSTD_LEVEL = 1;

  private int pieces;
  private int partial;
  private long[] block = new long[FULL];
  private long[] ref = new long[FULL];
  private byte[] mask = new byte[FULL];
  private final Ranges zeroes = new Ranges();
  private final Ranges doubts = new Ranges();

  /** Ranges of blocks in their order. */
  static final class Ranges {
    private int count;
    private long[] from = new long[16];
    private long[] to = new long[16];
    private byte[] mask = new byte[16];

    void add(final long first, final long end) {
      add(first, end, WHOLE_BLOCK);
    }

    void add(final long first, final long end, final int sectors) {
      if (count > 0 && to[count - 1] == first && mask[count - 1] == (byte) sectors) {
        to[count - 1] = end;
        return;
      }
      if (count == from.length) {
        from = Arrays.copyOf(from, 2 * count);
        to = Arrays.copyOf(to, 2 * count);
        mask = Arrays.copyOf(mask, 2 * count);
      }
      from[count] = first;
      to[count] = end;
      mask[count] = (byte) sectors;
      count++;
    }

    int count() {
      return count;
    }

    long from(final int i) {
      return from[i];
    }

    long to(final int i) {
      return to[i];
    }

    private long end() {
      return count == 0 ? 0 : to[count - 1];
    }

    int mask(final int i) {
      return mask[i] & 0xff;
    }

    /** The first range that ends behind a block. */
    int endingBehind(final long blockBefore) {
      final int at = Arrays.binarySearch(to, 0, count, blockBefore + 1);
      return at < 0 ? -at - 1 : at;
    }

    private void write(final ByteBuffer out) {
      for (int i = 0; i < count; i++) {
        out.putLong(from[i]).putLong(to[i]).putLong(mask[i] & 0xff);
      }
    }

    private static boolean read(
        final ByteBuffer in, final int count, final Ranges into, final long end) {
      long last = 0;
      for (int i = 0; i < count; i++) {
        final long first = in.getLong();
        final long behind = in.getLong();
        final long sectors = in.getLong();
        if (first < last || behind <= first || behind > end || sectors >>> 8 != 0) {
          return false;
        }
        into.add(first, behind, (int) sectors);
        last = behind;
      }
      return true;
    }
  }

  /** What the directory says of a page. */
  record Entry(
      long firstBlock,
      long endBlock,
      long offset,
      int bytes,
      int crc32c,
      int pieces,
      int partial,
      int zeroes,
      int doubts) {

    int plainBytes() {
      return 12 * pieces + partial + 24 * (zeroes + doubts);
    }

    /**
     * Whether the counts are such as a page can have of so many blocks, in so many bytes; asked
     * before there is memory for them.
     */
    boolean isPossible() {
      final long blocks = endBlock - firstBlock;
      return firstBlock >= 0
          && blocks > 0
          && bytes > 0
          && in(pieces)
          && in(zeroes)
          && in(doubts)
          && pieces <= Math.min(blocks, MOST) * BLOCK_SECTORS
          && zeroes <= blocks
          && doubts <= blocks
          && plainBytes() <= mostPlainBytes()
          && partial >= 0
          && partial <= pieces
          && pieces + zeroes + doubts > 0;
    }

    /**
     * A block of Zstandard has 4 bytes at least, and stands for 128 KiB at most (RFC 8878,
     * 3.1.1.2).
     */
    private long mostPlainBytes() {
      return (bytes / 4 + 1L) * ZSTD_BLOCK_BYTES;
    }

    private static boolean in(final int count) {
      return count >= 0 && count <= MOST;
    }
  }

  int pieces() {
    return pieces;
  }

  int partial() {
    return partial;
  }

  Ranges zeroes() {
    return zeroes;
  }

  Ranges doubts() {
    return doubts;
  }

  long block(final int i) {
    return block[i];
  }

  int mask(final int i) {
    return mask[i] & 0xff;
  }

  /** Without P. */
  long ref(final int i) {
    return ref[i];
  }

  boolean isEmpty() {
    return pieces == 0 && zeroes.count == 0 && doubts.count == 0;
  }

  boolean isFull() {
    return pieces + zeroes.count + doubts.count >= FULL;
  }

  long firstBlock() {
    final long first = pieces == 0 ? Long.MAX_VALUE : block[0];
    return Math.min(
        first,
        Math.min(
            zeroes.count == 0 ? Long.MAX_VALUE : zeroes.from[0],
            doubts.count == 0 ? Long.MAX_VALUE : doubts.from[0]));
  }

  /** The block behind the last one that is named. */
  long endBlock() {
    return Math.max(pieces == 0 ? 0 : block[pieces - 1] + 1, Math.max(zeroes.end(), doubts.end()));
  }

  /** Whether a block can come next: the difference has four bytes. */
  boolean reaches(final long nextBlock) {
    return isEmpty() || nextBlock - firstBlock() >>> Integer.SIZE == 0;
  }

  /** The first piece of a block or of one behind it. */
  int pieceFrom(final long wanted) {
    int low = 0;
    int high = pieces;
    while (low < high) {
      final int middle = (low + high) >>> 1;
      if (block[middle] < wanted) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  void add(final long nextBlock, final int nextMask, final long nextRef) {
    if (pieces == block.length) {
      grow(2 * pieces);
    }
    block[pieces] = nextBlock;
    mask[pieces] = (byte) nextMask;
    ref[pieces] = nextRef;
    partial += nextMask == WHOLE_BLOCK ? 0 : 1;
    pieces++;
  }

  private void grow(final int size) {
    block = Arrays.copyOf(block, size);
    ref = Arrays.copyOf(ref, size);
    mask = Arrays.copyOf(mask, size);
  }

  byte[] encode() {
    final byte[] plain = new byte[12 * pieces + partial + 24 * (zeroes.count + doubts.count)];
    long lastBlock = firstBlock();
    long lastRef = 0;
    int masks = 12 * pieces;
    for (int i = 0; i < pieces; i++) {
      final boolean whole = mask[i] == (byte) WHOLE_BLOCK;
      final long stored = whole ? ref[i] : ref[i] | RecordRef.PARTIAL;
      put(plain, i, 0, Integer.BYTES, block[i] - lastBlock);
      put(plain, i, 4 * pieces, Long.BYTES, stored - lastRef);
      lastBlock = block[i];
      lastRef = stored;
      if (!whole) {
        plain[masks++] = mask[i];
      }
    }
    final ByteBuffer ranges =
        ByteBuffer.wrap(plain, masks, plain.length - masks).order(ByteOrder.LITTLE_ENDIAN);
    zeroes.write(ranges);
    doubts.write(ranges);
    return Zstd.compress(plain, ZSTD_LEVEL);
  }

  private void put(
      final byte[] plain, final int i, final int at, final int bytes, final long value) {
    for (int k = 0; k < bytes; k++) {
      plain[at + k * pieces + i] = (byte) (value >>> 8 * k);
    }
  }

  private static long get(
      final byte[] plain, final int i, final int at, final int bytes, final int pieces) {
    long value = 0;
    for (int k = 0; k < bytes; k++) {
      value |= (plain[at + k * pieces + i] & 0xffL) << 8 * k;
    }
    return value;
  }

  /**
   * Decodes one; its CRC32C is checked by whoever has read it.
   *
   * @param segments that the run covers
   * @param diskBlocks of the disk
   */
  static Page decode(
      final String file,
      final Entry entry,
      final byte[] stored,
      final long segments,
      final long diskBlocks)
      throws IndexException {
    final byte[] plain = new byte[entry.plainBytes()];
    final Page page = new Page();
    try {
      if (Zstd.decompressByteArray(plain, 0, plain.length, stored, 0, stored.length)
          != plain.length) {
        throw damaged(file, entry);
      }
    } catch (final ZstdException e) {
      throw damaged(file, entry);
    }
    page.grow(Math.max(1, entry.pieces));
    long lastBlock = entry.firstBlock;
    long lastRef = 0;
    int masks = 12 * entry.pieces;
    final int endOfMasks = masks + entry.partial;
    for (int i = 0; i < entry.pieces; i++) {
      lastBlock += get(plain, i, 0, Integer.BYTES, entry.pieces);
      lastRef += get(plain, i, 4 * entry.pieces, Long.BYTES, entry.pieces);
      final boolean whole = (lastRef & RecordRef.PARTIAL) == 0;
      if (lastBlock >= diskBlocks
          || lastRef < 0
          || RecordRef.segment(lastRef) >= segments
          || (!whole && masks == endOfMasks)) {
        throw damaged(file, entry);
      }
      final int sectors = whole ? WHOLE_BLOCK : plain[masks++] & 0xff;
      page.add(lastBlock, sectors, lastRef & ~RecordRef.PARTIAL);
    }
    final ByteBuffer ranges =
        ByteBuffer.wrap(plain, endOfMasks, plain.length - endOfMasks)
            .order(ByteOrder.LITTLE_ENDIAN);
    if (masks != endOfMasks
        || !Ranges.read(ranges, entry.zeroes, page.zeroes, diskBlocks)
        || !Ranges.read(ranges, entry.doubts, page.doubts, diskBlocks)) {
      throw damaged(file, entry);
    }
    return page;
  }

  static IndexException damaged(final String file, final Entry entry) {
    return new IndexException(
        file, "the page of %d bytes at %d is damaged".formatted(entry.bytes, entry.offset));
  }
}
