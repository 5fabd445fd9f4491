package io.blockcam.archive.log;

import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFields;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * One record in place: a window over the {@link RecordDescriptor#RECORD_BYTES} bytes of it, moved
 * from one to the next. A slot header of the ring has the same bytes where the recorder's part of a
 * record stands, so the window fits there, too.
 *
 * <p>Hot path: moves and reads without allocation, and checks nothing but the bounds of the memory.
 * One thread.
 */
public final class RecordView implements RecordFields {
  private MemorySegment memory = MemorySegment.NULL;
  private long offset;

  /**
   * A record in memory of its own, all zero: for whoever makes one.
   *
   * @return a window that is not to be moved
   */
  public static RecordView allocate() {
    return new RecordView().wrap(MemorySegment.ofArray(new byte[RecordDescriptor.RECORD_BYTES]), 0);
  }

  /**
   * Moves the window.
   *
   * @param recordMemory where the record lies; must stay alive while it is looked at
   * @param recordOffset of its first byte
   */
  public RecordView wrap(final MemorySegment recordMemory, final long recordOffset) {
    memory = recordMemory;
    offset = recordOffset;
    return this;
  }

  /** Place in the order of the recording. */
  @Override
  public long sequence() {
    return u64(RecordDescriptor.SEQUENCE_OFFSET);
  }

  /** CLOCK_REALTIME in ns. */
  public long timestampNs() {
    return u64(RecordDescriptor.TIMESTAMP_NS_OFFSET);
  }

  /** First block. */
  @Override
  public long block() {
    return u64(RecordDescriptor.BLOCK_OFFSET);
  }

  /** Blocks, 0 to 2^32-1. */
  @Override
  public long runBlocks() {
    return Integer.toUnsignedLong(u32(RecordDescriptor.RUN_BLOCKS_OFFSET));
  }

  /** The code of the kind; may be unknown. */
  public int kindCode() {
    return u8(RecordDescriptor.KIND_OFFSET);
  }

  /** Sectors of the block that were written. */
  @Override
  public int sectorMask() {
    return u8(RecordDescriptor.SECTOR_MASK_OFFSET);
  }

  /** {@link RecordFlags}. */
  public int flags() {
    return Short.toUnsignedInt(
        memory.get(LittleEndian.U16, offset + RecordDescriptor.FLAGS_OFFSET));
  }

  /** What the kind puts there. */
  public long aux() {
    return u64(RecordDescriptor.AUX_OFFSET);
  }

  /**
   * Fills in the recorder's part; flags and time become 0.
   *
   * @param runBlocks 0 to 2^32-1
   * @param sectorMask 8 bits
   * @return this
   * @throws IllegalArgumentException when one of them does not fit: it would spill into the next
   */
  public RecordView put(
      final long sequence,
      final long block,
      final long runBlocks,
      final RecordKind kind,
      final int sectorMask,
      final long aux) {
    if (runBlocks >>> Integer.SIZE != 0 || (sectorMask & ~RecordDescriptor.WHOLE_BLOCK) != 0) {
      throw new IllegalArgumentException(
          "a %s record of %d blocks with sector mask 0x%x".formatted(kind, runBlocks, sectorMask));
    }
    memory.set(LittleEndian.U64, offset + RecordDescriptor.SEQUENCE_OFFSET, sequence);
    memory.set(LittleEndian.U64, offset + RecordDescriptor.TIMESTAMP_NS_OFFSET, 0);
    memory.set(LittleEndian.U64, offset + RecordDescriptor.BLOCK_OFFSET, block);
    memory.set(
        LittleEndian.U64,
        offset + RecordDescriptor.RUN_BLOCKS_OFFSET,
        RecordDescriptor.shape(runBlocks, kind.code(), sectorMask, 0));
    memory.set(LittleEndian.U64, offset + RecordDescriptor.AUX_OFFSET, aux);
    return this;
  }

  /**
   * Copies the recorder's part: all fields up to and including {@link RecordDescriptor#AUX_OFFSET}.
   *
   * @param into where the copy goes, at its beginning
   */
  public void copyTo(final MemorySegment into) {
    MemorySegment.copy(memory, offset, into, 0, RecordDescriptor.RESERVED_0_OFFSET);
  }

  private int u8(final int fieldOffset) {
    return Byte.toUnsignedInt(memory.get(ValueLayout.JAVA_BYTE, offset + fieldOffset));
  }

  private int u32(final int fieldOffset) {
    return memory.get(LittleEndian.U32, offset + fieldOffset);
  }

  private long u64(final int fieldOffset) {
    return memory.get(LittleEndian.U64, offset + fieldOffset);
  }
}
