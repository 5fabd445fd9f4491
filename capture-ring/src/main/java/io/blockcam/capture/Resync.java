package io.blockcam.capture;

import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.disk.BackingReader;
import io.blockcam.capture.disk.DiskChunk;
import io.blockcam.capture.ring.WallClock;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.RecordSink;
import io.blockcam.capture.spool.SpoolState;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The beginning of an epoch, and the end of a doubt: reads what the disk holds and puts it into the
 * record. Control thread, while nobody else writes to the disk. May be interrupted at any instant
 * and repeated.
 */
final class Resync {
  private static final Logger LOG = LoggerFactory.getLogger(Resync.class);

  /** 1 GiB, a matter of seconds. More is left to {@link ReadBack}: the guest is not to wait. */
  static final long MOST_BLOCKS = 1L << 18;

  private final RecordSink sink;
  private final BackingReader disk;
  private final long diskBytes;
  private final long shownNs;
  private final long timestampNs;
  private final long mostRecords;
  private final RecordView record = RecordView.allocate();
  private long sequence;
  private long resynced;

  // Blocks of zeroes that were read and not recorded yet.
  private long zeroBlock;
  private long zeroBlocks;

  /**
   * @param sink takes everything, whatever the limit of the spool
   * @param disk what is read
   * @param diskBytes its size
   * @param state where the recording stands
   * @param mostRecords how many blocks with content there is room for
   * @param clock shows the time of the record
   */
  Resync(
      final RecordSink sink,
      final BackingReader disk,
      final long diskBytes,
      final SpoolState state,
      final long mostRecords,
      final WallClock clock) {
    this.sink = sink;
    this.disk = disk;
    this.diskBytes = diskBytes;
    this.sequence = state.nextSequence();
    this.mostRecords = mostRecords;
    this.timestampNs = clock.nowNs();
    this.shownNs = clock.shownNs(timestampNs);
  }

  /** Records that an epoch begins, and what the clock shows where that is behind the record. */
  void start() throws IOException {
    append(0, 0, RecordKind.START, 0, null, 0);
    if (shownNs < timestampNs) {
      LOG.warn(
          "the wall clock is {} ms behind the last record", (timestampNs - shownNs) / 1_000_000);
      append(record.put(sequence, 0, 0, RecordKind.CLOCK_STEP, 0, shownNs), null, 0);
    }
  }

  /**
   * Records and seals.
   *
   * @param missed where writes may have been that are not in the record
   * @param why they are not
   * @param doubt what is read back, or the first of it: up to {@link #MOST_BLOCKS}
   * @return the blocks that were not read, or could not be
   */
  Doubt run(final List<Doubt.Range> missed, final GapReason why, final Doubt doubt)
      throws IOException {
    for (final Doubt.Range range : missed) {
      recordGap(range, why);
    }
    final List<Doubt.Range> unread = new ArrayList<>(doubt.without(MOST_BLOCKS).ranges());
    try (Arena arena = Arena.ofConfined()) {
      final DiskChunk chunk = new DiskChunk(disk, diskBytes, arena);
      for (final Doubt.Range range : doubt.first(MOST_BLOCKS).ranges()) {
        for (long at = 0; at < range.blocks(); at += DiskChunk.MOST_BLOCKS) {
          final int blocks = (int) Math.min(DiskChunk.MOST_BLOCKS, range.blocks() - at);
          if (resynced < mostRecords) {
            resync(chunk, range.block() + at, blocks, unread);
          } else {
            unread.add(new Doubt.Range(range.block() + at, blocks));
          }
        }
        recordZeroes();
      }
    }
    sink.finish();
    return new Doubt(unread);
  }

  /** Block by block once a read has failed: one bad sector is no reason to know nothing. */
  private void resync(
      final DiskChunk chunk, final long block, final int blocks, final List<Doubt.Range> unread)
      throws IOException {
    if (isRead(chunk, block, blocks)) {
      record(chunk, block, blocks);
      return;
    }
    for (int i = 0; i < blocks; i++) {
      if (isRead(chunk, block + i, 1)) {
        record(chunk, block + i, 1);
      } else {
        recordZeroes(); // those before, or the run would reach over this one
        unread.add(new Doubt.Range(block + i, 1));
      }
    }
  }

  private static boolean isRead(final DiskChunk chunk, final long block, final int blocks) {
    try {
      chunk.read(block, blocks);
      return true;
    } catch (final IOException e) {
      if (blocks == 1) {
        LOG.warn("block {} is in doubt and can not be read: {}", block, e.toString());
      }
      return false;
    }
  }

  private void record(final DiskChunk chunk, final long block, final int blocks)
      throws IOException {
    for (int i = 0; i < blocks; i++) {
      if (chunk.isZero(i)) {
        if (zeroBlocks == 0) {
          zeroBlock = block + i;
        }
        zeroBlocks++;
        if (zeroBlocks == Integer.MAX_VALUE) {
          recordZeroes();
        }
      } else {
        recordZeroes();
        resynced++;
        append(block + i, 1, RecordKind.RESYNC, WHOLE_BLOCK, chunk.memory(), chunk.offset(i));
      }
    }
  }

  private void recordGap(final Doubt.Range range, final GapReason why) throws IOException {
    for (long at = 0; at < range.blocks(); at += Integer.MAX_VALUE) {
      final long blocks = Math.min(range.blocks() - at, Integer.MAX_VALUE);
      append(
          record.put(sequence, range.block() + at, blocks, RecordKind.GAP, WHOLE_BLOCK, why.code()),
          null,
          0);
    }
  }

  /** A disk that is mostly empty is mostly one record. */
  private void recordZeroes() throws IOException {
    if (zeroBlocks > 0) {
      append(zeroBlock, zeroBlocks, RecordKind.ZEROES, WHOLE_BLOCK, null, 0);
      zeroBlocks = 0;
    }
  }

  private void append(
      final long block,
      final long blocks,
      final RecordKind kind,
      final int sectorMask,
      final @Nullable MemorySegment data,
      final long dataOffset)
      throws IOException {
    append(record.put(sequence, block, blocks, kind, sectorMask, 0), data, dataOffset);
  }

  private void append(
      final RecordView entry, final @Nullable MemorySegment data, final long dataOffset)
      throws IOException {
    if (!sink.admit(1)) {
      throw new IllegalStateException("recovery is not bound by the limit of the spool");
    }
    sink.append(entry, timestampNs, RecordFlags.FIRST, data, dataOffset);
    sequence++;
  }
}
