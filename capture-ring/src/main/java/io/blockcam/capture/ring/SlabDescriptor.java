package io.blockcam.capture.ring;

/**
 * Layout of the ring's file (the slab), little-endian. It is a private file between two runs of the
 * recorder on one boot of one machine, not an archive format.
 *
 * <pre>
 *  0        4096                       4096 + n*64 (rounded up to 4096)
 *  +--------+--------------------------+---------------------------------+
 *  | header | n slot headers, 64 each  | n slots, 4096 each              |
 *  +--------+--------------------------+---------------------------------+
 *
 *  file header
 *  0               8       12      16                              32
 *  +---------------+-------+-------+-------------------------------+
 *  | B L K C A M R G |version| zero  |         recording id          |
 *  +---------------+-------+-------+-------------------------------+
 *  |     epoch     | base sequence |     slots     |  disk bytes   |
 *  +---------------+---------------+---------------+---------------+
 *  |            boot id            |   createdNs   |     check     |
 *  +---------------+---------------+---------------+---------------+
 *  |     state     | zero ...
 *  96
 *
 *  slot header
 *  0               8               16              24      28 29 30 32
 *  +---------------+---------------+---------------+-------+-+-+---+
 *  |   sequence    |  timestampNs  |     block     |  run  |k|m|flg|
 *  +-------+-------+---------------+---------------+-------+-+-+---+
 *  | count | index |      aux      |     check     |    outcome    |
 *  +-------+-------+---------------+---------------+---------------+
 *  32      36      40              48              56              64
 * </pre>
 *
 * <p>The header has what the offer knows of a record where the {@linkplain
 * io.blockcam.archive.record.RecordDescriptor record} has it: the consumer copies it as it stands.
 *
 * <p>A write owns {@code count} consecutive slots; slot {@code i} of the ring belongs to sequence
 * {@code base + k * n + i}. The stores of an offer stand in this order: payloads, the headers of
 * the slots 2 .. count, the header of the first, and of each header its check last. So a first slot
 * whose check holds proves the whole write, whenever the process was killed. The outcome of the
 * write stands in its first slot only: one 8-byte store makes it known.
 */
public final class SlabDescriptor {
  /** Bytes before the slot headers. */
  public static final int FILE_HEADER_BYTES = 4096;

  /** Bytes of a slot header: one cache line. */
  public static final int SLOT_HEADER_BYTES = 64;

  /** Bytes of a slot: one block. */
  public static final int SLOT_BYTES = 4096;

  /** "BLKCAMRG", read as a u64. */
  public static final long MAGIC = 0x4752_4d41_434b_4c42L;

  /** The version this code writes, and the only one it reads. */
  public static final int VERSION = 1;

  /** u64: {@link #MAGIC}. */
  public static final int MAGIC_OFFSET = 0;

  /** u32: {@link #VERSION}. */
  public static final int VERSION_OFFSET = 8;

  /** Two u64: most and least significant bits of the recording's UUID. */
  public static final int RECORDING_ID_OFFSET = 16;

  /** u64: which run of the recorder wrote the slots. */
  public static final int EPOCH_OFFSET = 32;

  /** u64: sequence of the first record of the epoch, which stood in slot 0. */
  public static final int BASE_SEQUENCE_OFFSET = 40;

  /** u64: slots, a power of two. */
  public static final int SLOTS_OFFSET = 48;

  /** u64: size of the recorded disk. */
  public static final int DISK_BYTES_OFFSET = 56;

  /**
   * Two u64: the kernel's boot id. Only on the boot that wrote it is the content of the mapping in
   * the order of the stores.
   */
  public static final int BOOT_ID_OFFSET = 64;

  /** u64: CLOCK_REALTIME in ns when the file was made. */
  public static final int CREATED_NS_OFFSET = 80;

  /** u64: check over the u64 before it. */
  public static final int CHECK_OFFSET = 88;

  /** u64: {@link #STATE_IN_USE} or {@link #STATE_CLEAN}. */
  public static final int STATE_OFFSET = 96;

  /** "IN USE": the slots may hold records that the spool does not. */
  public static final long STATE_IN_USE = 0x4553_5520_4e49L;

  /** "CLEAN": every record is in the spool. */
  public static final long STATE_CLEAN = 0x4e_4145_4c43L;

  /** u32: slots of the write that this slot belongs to. */
  public static final int SLOT_COUNT_OFFSET = 32;

  /** u32: place of this slot in its write, from 0. */
  public static final int SLOT_INDEX_OFFSET = 36;

  /** u64: check over the six u64 before it. */
  public static final int SLOT_CHECK_OFFSET = 48;

  /**
   * u64: 0 while the write is in flight; afterwards {@code -errno} or 0 in the low half, and in the
   * high half bits that tie it to this header.
   */
  public static final int SLOT_OUTCOME_OFFSET = 56;

  private SlabDescriptor() {}

  /** The eight bytes from {@link #SLOT_COUNT_OFFSET} on, as one u64. */
  static long place(final int count, final int index) {
    return count | (long) index << 32;
  }

  /** Where the header of a slot begins. */
  public static long slotHeaderOffset(final long slot) {
    return FILE_HEADER_BYTES + slot * SLOT_HEADER_BYTES;
  }

  /** Where slot 0 begins in a slab of {@code slots} slots. */
  public static long slotsOffset(final long slots) {
    final long end = slotHeaderOffset(slots);
    return (end + SLOT_BYTES - 1) & -SLOT_BYTES;
  }

  /** Bytes of a slab of {@code slots} slots. */
  public static long fileBytes(final long slots) {
    return slotsOffset(slots) + slots * SLOT_BYTES;
  }
}
