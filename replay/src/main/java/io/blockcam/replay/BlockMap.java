package io.blockcam.replay;

import io.blockcam.archive.Moment;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.archive.segment.WantedPayloads;
import io.blockcam.history.Segment;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.LongStream;

/**
 * Which payload each sector of the disk had at a moment: a list of <em>pieces</em>, each the
 * sectors of one block that come from one payload. What no piece covers is zero.
 *
 * <p>Built from the newest record to the oldest: the first that names a sector decides it. Memory
 * grows with the blocks that were written, some 40 bytes each, not with the number of writes.
 *
 * <p>A block is <em>uncertain</em> when the record itself says that the disk may have held
 * something else: a gap over it, a write to it that failed, or one whose outcome nobody knows, and
 * nothing later that tells all of the block.
 */
public final class BlockMap {

  /** A piece that decides sectors without a payload: they are zero. */
  private static final int ZEROES = -1;

  private static final int NONE = -1;

  private final BlockRanges zeroed = new BlockRanges();
  private final BlockRanges uncertain = new BlockRanges();

  /** Gaps right behind the moment, when no other record stands between. */
  private final BlockRanges gapBehind = new BlockRanges();

  /** Gaps that were met and not yet held against what is decided. */
  private final BlockRanges gaps = new BlockRanges();

  // Pieces.
  private long[] block = new long[1024];
  private int[] record = new int[1024];
  private int[] payload = new int[1024];
  private int[] crc32c = new int[1024];
  private byte[] mask = new byte[1024];
  private int pieces;

  /** Per segment, where its pieces begin and end: it is scanned in one go. */
  private final int[] firstPiece;

  private final int[] endPiece;

  // Open addressing, block -> sectors not yet decided, for blocks that have a piece.
  private long[] keys = filled(4096);
  private byte[] open = new byte[4096];
  private int blocks;

  private BlockMap(final int segments) {
    firstPiece = new int[segments];
    endPiece = new int[segments];
  }

  /**
   * Scans the records of a recording.
   *
   * @param segments all of the recording, in order
   * @param moment the last record that counts
   * @param scanned called with the number of segments done, after each
   */
  public static BlockMap at(
      final List<Segment> segments, final Moment moment, final IntConsumer scanned)
      throws IOException {
    final BlockMap map = new BlockMap(segments.size());
    for (int s = segments.size() - 1; s >= 0; s--) {
      final SegmentTrailer trailer = segments.get(s).trailer();
      map.firstPiece[s] = map.pieces;
      if (trailer.firstSequence() <= moment.sequence() + 1) {
        map.scan(segments.get(s).reader().records(), moment.sequence());
      }
      map.endPiece[s] = map.pieces;
      scanned.accept(segments.size() - s);
    }
    map.settleGaps();
    return map;
  }

  private void scan(final RecordTable records, final long lastSequence) {
    for (int i = records.count() - 1; i >= 0; i--) {
      final RecordKind kind = records.kind(i);
      if (records.sequence(i) > lastSequence) {
        lookBehind(records, i, kind);
        continue;
      }
      if (kind == RecordKind.GAP) {
        gaps.add(records.block(i), records.runBlocks(i));
      }
      if (!kind.setsContent()) {
        continue;
      }
      settleGaps();
      if (records.hasFlag(i, RecordFlags.FAILED)
          || records.hasFlag(i, RecordFlags.UNKNOWN_OUTCOME)) {
        gaps.add(records.block(i), records.runBlocks(i));
        settleGaps();
      }
      if (records.hasFlag(i, RecordFlags.FAILED)) {
        continue;
      }
      final int sectors = records.sectorMask(i);
      if (kind.isRun() && sectors == RecordDescriptor.WHOLE_BLOCK) {
        zeroed.add(records.block(i), records.runBlocks(i));
      } else if (kind.isRun() || records.hasFlag(i, RecordFlags.ALL_ZERO)) {
        decide(records.block(i), sectors, i, ZEROES, 0);
      } else {
        decide(records.block(i), sectors, i, records.payloadIndex(i), records.payloadCrc32c(i));
      }
    }
  }

  /** From the newest to the oldest: what is left at the end stands right behind the moment. */
  private void lookBehind(final RecordTable records, final int i, final RecordKind kind) {
    if (kind == RecordKind.GAP) {
      gapBehind.add(records.block(i), records.runBlocks(i));
    } else if (kind != RecordKind.START) {
      gapBehind.clear();
    }
  }

  /** What lies in a gap and is not decided by anything later is uncertain. */
  private void settleGaps() {
    if (gaps.isEmpty()) {
      return;
    }
    for (final Map.Entry<Long, Long> gap : gaps.ranges()) {
      final long from = gap.getKey();
      final long to = gap.getValue();
      long at = from;
      for (final long decided : decided(from, to)) {
        uncertain.addWithout(at, decided, zeroed);
        at = decided + 1;
      }
      uncertain.addWithout(at, to, zeroed);
    }
    gaps.clear();
  }

  /** The blocks of a range of which every sector has its piece, in order. */
  private long[] decided(final long from, final long to) {
    if (to - from < keys.length) {
      return LongStream.range(from, to).filter(this::isDecided).toArray();
    }
    return Arrays.stream(keys)
        .filter(b -> b != NONE && b >= from && b < to && isDecided(b))
        .sorted()
        .toArray();
  }

  private boolean isDecided(final long b) {
    final int slot = slot(b);
    return keys[slot] == b && open[slot] == 0;
  }

  private void decide(final long b, final int sectors, final int r, final int p, final int crc) {
    if (zeroed.contains(b)) {
      return;
    }
    final int slot = slot(b);
    final int undecided = keys[slot] == b ? open[slot] & 0xff : RecordDescriptor.WHOLE_BLOCK;
    final int taken = sectors & undecided;
    if (taken == 0) {
      return;
    }
    if (keys[slot] != b) {
      keys[slot] = b;
      blocks++;
    }
    open[slot] = (byte) (undecided & ~taken);
    if (p != ZEROES) {
      addPiece(b, taken, r, p, crc);
    }
    if (blocks * 2 > keys.length) {
      grow();
    }
  }

  private void addPiece(final long b, final int sectors, final int r, final int p, final int crc) {
    if (pieces == block.length) {
      final int size = Math.multiplyExact(pieces, 2);
      block = Arrays.copyOf(block, size);
      record = Arrays.copyOf(record, size);
      payload = Arrays.copyOf(payload, size);
      crc32c = Arrays.copyOf(crc32c, size);
      mask = Arrays.copyOf(mask, size);
    }
    block[pieces] = b;
    record[pieces] = r;
    payload[pieces] = p;
    crc32c[pieces] = crc;
    mask[pieces] = (byte) sectors;
    pieces++;
  }

  private int slot(final long b) {
    final int bits = keys.length - 1;
    int i = (int) (b * 0x9E37_79B9_7F4A_7C15L >>> 32) & bits;
    while (keys[i] != NONE && keys[i] != b) {
      i = (i + 1) & bits;
    }
    return i;
  }

  private void grow() {
    final long[] oldKeys = keys;
    final byte[] oldOpen = open;
    keys = filled(Math.multiplyExact(oldKeys.length, 2));
    open = new byte[keys.length];
    for (int i = 0; i < oldKeys.length; i++) {
      if (oldKeys[i] != NONE) {
        final int slot = slot(oldKeys[i]);
        keys[slot] = oldKeys[i];
        open[slot] = oldOpen[i];
      }
    }
  }

  private static long[] filled(final int length) {
    final long[] array = new long[length];
    Arrays.fill(array, NONE);
    return array;
  }

  /**
   * Blocks of which the record says that the disk may have held something else.
   *
   * @param byTime whether the moment was asked for by a time: then what a gap right behind it hides
   *     may have happened before
   */
  public long uncertainBlocks(final boolean byTime) {
    if (!byTime) {
      return uncertain.blocks();
    }
    final BlockRanges both = new BlockRanges();
    both.addAll(uncertain);
    both.addAll(gapBehind);
    return both.blocks();
  }

  /** How many pieces there are. */
  public int pieces() {
    return pieces;
  }

  /**
   * The pieces that come from one segment, in the order in which their payloads lie in it.
   *
   * @param s index of the segment in the list the map was built from
   */
  int[] piecesOf(final int s) {
    final int from = firstPiece[s];
    final long[] keys = new long[endPiece[s] - from];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (long) payload[from + i] << 32 | (from + i);
    }
    Arrays.sort(keys);
    final int[] sorted = new int[keys.length];
    for (int i = 0; i < keys.length; i++) {
      sorted[i] = (int) keys[i];
    }
    return sorted;
  }

  /** The payloads of these pieces, all of one segment and in the order of {@link #piecesOf}. */
  WantedPayloads payloadsOf(final int[] ofOneSegment) {
    return new WantedPayloads() {
      @Override
      public int count() {
        return ofOneSegment.length;
      }

      @Override
      public int payload(final int i) {
        return payload[ofOneSegment[i]];
      }

      @Override
      public int record(final int i) {
        return record[ofOneSegment[i]];
      }

      @Override
      public int crc32c(final int i) {
        return crc32c[ofOneSegment[i]];
      }
    };
  }

  long block(final int piece) {
    return block[piece];
  }

  int mask(final int piece) {
    return mask[piece] & 0xff;
  }
}
