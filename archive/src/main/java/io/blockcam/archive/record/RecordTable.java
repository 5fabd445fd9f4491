package io.blockcam.archive.record;

import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.blockcam.archive.hash.Crc32c;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Records side by side in an array, read in place. The table does not own the array and does not
 * check it: {@link #problem} does.
 */
public final class RecordTable {
  // Twice as fast as a buffer.
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, LITTLE_ENDIAN);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, LITTLE_ENDIAN);

  private final byte[] array;
  private final int offset;
  private final int count;

  /**
   * @param array a whole number of records; is not copied
   */
  public RecordTable(final byte[] array) {
    this(array, 0, array.length);
  }

  /**
   * @param offset where they begin in {@code array}
   * @param bytes of them, a whole number of records
   */
  public RecordTable(final byte[] array, final int offset, final int bytes) {
    Objects.checkFromIndexSize(offset, bytes, array.length);
    if (bytes % RECORD_BYTES != 0) {
      throw new IllegalArgumentException(
          "a table of records has a multiple of 64 bytes, not " + bytes);
    }
    this.array = array;
    this.offset = offset;
    this.count = bytes / RECORD_BYTES;
  }

  /** How many records. */
  public int count() {
    return count;
  }

  /** Copies the bytes of record {@code index} to an offset of an array. */
  public void copy(final int index, final byte[] into, final int at) {
    System.arraycopy(array, at(index), into, at, RECORD_BYTES);
  }

  /**
   * CRC32C of all their bytes.
   *
   * @param crc scratch of the calling thread
   */
  public int checksum(final Crc32c crc) {
    return crc.of(array, offset, count * RECORD_BYTES);
  }

  /** Place of record {@code index} in the order of the recording. */
  public long sequence(final int index) {
    return u64(index, RecordDescriptor.SEQUENCE_OFFSET);
  }

  /** CLOCK_REALTIME in ns of record {@code index}. */
  public long timestampNs(final int index) {
    return u64(index, RecordDescriptor.TIMESTAMP_NS_OFFSET);
  }

  /** First block of record {@code index}. */
  public long block(final int index) {
    return u64(index, RecordDescriptor.BLOCK_OFFSET);
  }

  /** Blocks of record {@code index}, 0 to 2^32-1. */
  public long runBlocks(final int index) {
    return Integer.toUnsignedLong(u32(index, RecordDescriptor.RUN_BLOCKS_OFFSET));
  }

  /** The code of the kind of record {@code index}; may be unknown. */
  public int kindCode(final int index) {
    return u8(index, RecordDescriptor.KIND_OFFSET);
  }

  /**
   * The kind of record {@code index}.
   *
   * @throws IllegalStateException when the code is unknown, which {@link #problem} finds first
   */
  public RecordKind kind(final int index) {
    final RecordKind kind = RecordKind.ofCode(kindCode(index));
    if (kind == null) {
      throw new IllegalStateException("record kind " + kindCode(index) + " is unknown");
    }
    return kind;
  }

  /** Sector mask of record {@code index}, 0 to 0xff. */
  public int sectorMask(final int index) {
    return u8(index, RecordDescriptor.SECTOR_MASK_OFFSET);
  }

  /** {@link RecordFlags} of record {@code index}. */
  public int flags(final int index) {
    return Short.toUnsignedInt((short) SHORT.get(array, at(index) + RecordDescriptor.FLAGS_OFFSET));
  }

  /** Whether record {@code index} has one of these {@link RecordFlags}. */
  public boolean hasFlag(final int index, final int flag) {
    return (flags(index) & flag) != 0;
  }

  /** Which payload of the segment, or {@link RecordDescriptor#NO_PAYLOAD}. */
  public int payloadIndex(final int index) {
    return u32(index, RecordDescriptor.PAYLOAD_INDEX_OFFSET);
  }

  /** Whether a payload of its own was stored for record {@code index}. */
  public boolean ownsPayload(final int index) {
    return payloadIndex(index) != RecordDescriptor.NO_PAYLOAD
        && !hasFlag(index, RecordFlags.SHARED);
  }

  /** CRC32C of the payload of record {@code index}. */
  public int payloadCrc32c(final int index) {
    return u32(index, RecordDescriptor.PAYLOAD_CRC32C_OFFSET);
  }

  /** What the kind puts there. */
  public long aux(final int index) {
    return u64(index, RecordDescriptor.AUX_OFFSET);
  }

  /**
   * What is wrong with record {@code index} taken by itself: its checksum, unknown values, fields
   * that contradict each other, blocks beyond the disk.
   *
   * @param diskBlocks blocks of the disk, the last perhaps not whole
   * @param crc scratch of the calling thread
   * @return null when the record is sound
   */
  public @Nullable String problem(final int index, final long diskBlocks, final Crc32c crc) {
    final int stored = u32(index, RecordDescriptor.CRC32C_OFFSET);
    final int computed = crc.of(array, at(index), RecordDescriptor.CRC32C_OFFSET);
    if (stored != computed) {
      return "CRC32C is 0x%08x but the bytes give 0x%08x".formatted(stored, computed);
    }
    final RecordKind kind = RecordKind.ofCode(kindCode(index));
    if (kind == null) {
      return "kind " + kindCode(index) + " is unknown";
    }
    if (u64(index, RecordDescriptor.RESERVED_0_OFFSET) != 0
        || u32(index, RecordDescriptor.RESERVED_1_OFFSET) != 0) {
      return "reserved bytes are not zero";
    }
    final String shape =
        RecordRules.problem(fields(index), kind, timestampNs(index), flags(index), diskBlocks);
    if (shape != null) {
      return shape;
    }
    return RecordRules.payloadProblem(
        kind, flags(index), payloadIndex(index), payloadCrc32c(index));
  }

  private RecordFields fields(final int index) {
    return new RecordFields() {
      @Override
      public long sequence() {
        return RecordTable.this.sequence(index);
      }

      @Override
      public long block() {
        return RecordTable.this.block(index);
      }

      @Override
      public long runBlocks() {
        return RecordTable.this.runBlocks(index);
      }

      @Override
      public int sectorMask() {
        return RecordTable.this.sectorMask(index);
      }
    };
  }

  private int at(final int index) {
    return offset + Objects.checkIndex(index, count) * RECORD_BYTES;
  }

  private int u8(final int index, final int fieldOffset) {
    return Byte.toUnsignedInt(array[at(index) + fieldOffset]);
  }

  private int u32(final int index, final int fieldOffset) {
    return (int) INT.get(array, at(index) + fieldOffset);
  }

  private long u64(final int index, final int fieldOffset) {
    return (long) LONG.get(array, at(index) + fieldOffset);
  }
}
