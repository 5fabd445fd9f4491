package io.blockcam.capture;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordView;
import io.blockcam.capture.disk.BackingReader;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.RecordSink;
import io.blockcam.capture.spool.SpoolState;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a doubt: reads what the disk holds and puts it into the record. Control thread, while nobody
 * else writes to the disk. May be interrupted at any instant and repeated.
 */
final class Resync {
  private static final Logger LOG = LoggerFactory.getLogger(Resync.class);
  private static final int CHUNK_BLOCKS = 256;
  private static final MemorySegment ZEROES = MemorySegment.ofArray(new byte[BLOCK_BYTES]);

  /** Progress is told after so many blocks: 16 GiB. */
  private static final long TELL_BLOCKS = 1L << 22;

  private final RecordSink sink;
  private final BackingReader disk;
  private final long diskBytes;
  private final long timestampNs;
  private final RecordView record = RecordView.allocate();
  private long sequence;

  // Blocks of zeroes that were read and not recorded yet.
  private long zeroBlock;
  private long zeroBlocks;

  /**
   * @param sink takes everything, whatever the limit of the spool
   * @param disk what is read
   * @param diskBytes its size
   * @param state where the recording stands
   * @param nowNs CLOCK_REALTIME in ns
   */
  Resync(
      final RecordSink sink,
      final BackingReader disk,
      final long diskBytes,
      final SpoolState state,
      final long nowNs) {
    this.sink = sink;
    this.disk = disk;
    this.diskBytes = diskBytes;
    this.sequence = state.nextSequence();
    this.timestampNs = Math.max(nowNs, state.lastTimestampNs());
  }

  /** Records and seals. */
  void run(final Doubt doubt) throws IOException {
    long done = 0;
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment chunk = arena.allocate((long) CHUNK_BLOCKS * BLOCK_BYTES, BLOCK_BYTES);
      for (final Doubt.Range range : doubt.ranges()) {
        for (long at = 0; at < range.blocks(); at += CHUNK_BLOCKS) {
          final int blocks = (int) Math.min(CHUNK_BLOCKS, range.blocks() - at);
          read(chunk, range.block() + at, blocks);
          record(chunk, range.block() + at, blocks);
          if (done / TELL_BLOCKS != (done + blocks) / TELL_BLOCKS) {
            LOG.info("read back {} of {} blocks in doubt", done + blocks, doubt.blocks());
          }
          done += blocks;
        }
        recordZeroes();
      }
    }
    sink.seal();
  }

  /** The last block may reach beyond the end of the disk: zeroes. */
  private void read(final MemorySegment chunk, final long block, final int blocks)
      throws IOException {
    final long offset = block * BLOCK_BYTES;
    final long bytes = Math.min((long) blocks * BLOCK_BYTES, diskBytes - offset);
    chunk.fill((byte) 0);
    disk.read(chunk.asSlice(0, bytes), offset);
  }

  private void record(final MemorySegment chunk, final long block, final int blocks)
      throws IOException {
    for (int i = 0; i < blocks; i++) {
      final long at = (long) i * BLOCK_BYTES;
      if (MemorySegment.mismatch(chunk, at, at + BLOCK_BYTES, ZEROES, 0, BLOCK_BYTES) < 0) {
        if (zeroBlocks == 0) {
          zeroBlock = block + i;
        }
        zeroBlocks++;
        if (zeroBlocks == Integer.MAX_VALUE) {
          recordZeroes();
        }
      } else {
        recordZeroes();
        append(block + i, 1, RecordKind.RESYNC, chunk, at);
      }
    }
  }

  /** A disk that is mostly empty is mostly one record. */
  private void recordZeroes() throws IOException {
    if (zeroBlocks > 0) {
      append(zeroBlock, zeroBlocks, RecordKind.ZEROES, null, 0);
      zeroBlocks = 0;
    }
  }

  private void append(
      final long block,
      final long blocks,
      final RecordKind kind,
      final @Nullable MemorySegment data,
      final long dataOffset)
      throws IOException {
    if (!sink.admit(1)) {
      throw new IllegalStateException("recovery is not bound by the limit of the spool");
    }
    sink.append(
        record.put(sequence, block, blocks, kind, WHOLE_BLOCK, 0),
        timestampNs,
        RecordFlags.FIRST,
        data,
        dataOffset);
    sequence++;
  }
}
