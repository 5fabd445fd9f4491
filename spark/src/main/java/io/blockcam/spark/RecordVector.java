package io.blockcam.spark;

import io.blockcam.archive.hash.Entropy;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Decimal;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarArray;
import org.apache.spark.sql.vectorized.ColumnarMap;
import org.apache.spark.unsafe.types.UTF8String;

/** A column of records, read out of their table when somebody looks at it. */
final class RecordVector extends ColumnVector {
  private static final int SECTORS = RecordDescriptor.BLOCK_SECTORS;
  private static final long NS_PER_US = 1000;
  private static final UTF8String[] KINDS = kinds();

  private final Column column;
  private final RecordRows rows;
  private final RecordTable records;
  private final int from;
  private final UTF8String recording;
  private final Entropy entropy = new Entropy();

  RecordVector(final Column column, final RecordRows rows) {
    super(column.type());
    this.column = column;
    this.rows = rows;
    this.records = rows.records();
    this.from = rows.from();
    this.recording = UTF8String.fromString(rows.recording());
  }

  private static UTF8String[] kinds() {
    final UTF8String[] names = new UTF8String[RecordKind.values().length + 1];
    for (final RecordKind kind : RecordKind.values()) {
      names[kind.code()] = UTF8String.fromString(kind.word());
    }
    return names;
  }

  @Override
  public long getLong(final int row) {
    final int i = from + row;
    return switch (column) {
      case EPOCH -> rows.epoch();
      case SEQUENCE -> records.sequence(i);
      case TIMESTAMP -> records.timestampNs(i) / NS_PER_US;
      case TIMESTAMP_NS -> records.timestampNs(i);
      case BLOCK -> records.block(i);
      case BLOCKS -> records.runBlocks(i);
      case AUX -> records.aux(i);
      case SEGMENT -> rows.segment();
      case OFFSET -> rows.recordsOffset() + (long) i * RecordDescriptor.RECORD_BYTES;
      default -> throw noSuch("long");
    };
  }

  @Override
  public int getInt(final int row) {
    return switch (column) {
      case SECTORS -> records.sectorMask(from + row);
      case FLAGS -> records.flags(from + row);
      default -> throw noSuch("int");
    };
  }

  @Override
  public boolean getBoolean(final int row) {
    return switch (column) {
      case ALL_ZERO -> records.hasFlag(from + row, RecordFlags.ALL_ZERO);
      case SHARED -> records.hasFlag(from + row, RecordFlags.SHARED);
      default -> throw noSuch("boolean");
    };
  }

  @Override
  public UTF8String getUTF8String(final int row) {
    return switch (column) {
      case RECORDING -> recording;
      case KIND -> KINDS[records.kindCode(from + row)];
      default -> throw noSuch("string");
    };
  }

  @Override
  public ColumnarArray getArray(final int row) {
    return new ColumnarArray(new Hashes(), row * SECTORS, SECTORS);
  }

  @Override
  public byte[] getBinary(final int row) {
    return Objects.requireNonNull(Objects.requireNonNull(rows.payloads())[row]);
  }

  @Override
  public boolean hasNull() {
    return column.isNullable();
  }

  @Override
  public int numNulls() {
    int nulls = 0;
    for (int row = 0; column.isNullable() && row < records.count() - from; row++) {
      nulls += isNullAt(row) ? 1 : 0;
    }
    return nulls;
  }

  @Override
  public boolean isNullAt(final int row) {
    return column.isNullable() && !rows.hasContent(row);
  }

  private IllegalStateException noSuch(final String type) {
    return new IllegalStateException(column.title() + " is no " + type);
  }

  @Override
  public byte getByte(final int row) {
    throw noSuch("byte");
  }

  @Override
  public short getShort(final int row) {
    throw noSuch("short");
  }

  @Override
  public float getFloat(final int row) {
    throw noSuch("float");
  }

  @Override
  public double getDouble(final int row) {
    if (column != Column.ENTROPY) {
      throw noSuch("double");
    }
    return entropy.of(ByteBuffer.wrap(getBinary(row)), written(row));
  }

  /** A text is of no block: all of it counts. */
  private int written(final int row) {
    final int mask = records.sectorMask(from + row);
    return mask == 0 ? RecordDescriptor.WHOLE_BLOCK : mask;
  }

  @Override
  public ColumnarMap getMap(final int row) {
    throw noSuch("map");
  }

  @Override
  public Decimal getDecimal(final int row, final int precision, final int scale) {
    throw noSuch("decimal");
  }

  @Override
  public ColumnVector getChild(final int ordinal) {
    throw noSuch("struct");
  }

  @Override
  public void close() {} // the table is the segment's

  /** All sector hashes of these records, eight of each. */
  private final class Hashes extends ColumnVector {
    Hashes() {
      super(DataTypes.LongType);
    }

    @Override
    public long getLong(final int i) {
      final int row = i / SECTORS;
      return rows.isZero(row)
          ? SectorHash.ZERO_SECTOR
          : Objects.requireNonNull(rows.tables())
              .sectorHash(records.payloadIndex(from + row), i % SECTORS);
    }

    @Override
    public boolean hasNull() {
      return false;
    }

    @Override
    public int numNulls() {
      return 0;
    }

    @Override
    public boolean isNullAt(final int row) {
      return false;
    }

    @Override
    public boolean getBoolean(final int row) {
      throw noSuch("boolean");
    }

    @Override
    public byte getByte(final int row) {
      throw noSuch("byte");
    }

    @Override
    public short getShort(final int row) {
      throw noSuch("short");
    }

    @Override
    public int getInt(final int row) {
      throw noSuch("int");
    }

    @Override
    public float getFloat(final int row) {
      throw noSuch("float");
    }

    @Override
    public double getDouble(final int row) {
      throw noSuch("double");
    }

    @Override
    public ColumnarArray getArray(final int row) {
      throw noSuch("array of arrays");
    }

    @Override
    public ColumnarMap getMap(final int row) {
      throw noSuch("map");
    }

    @Override
    public Decimal getDecimal(final int row, final int precision, final int scale) {
      throw noSuch("decimal");
    }

    @Override
    public UTF8String getUTF8String(final int row) {
      throw noSuch("string");
    }

    @Override
    public byte[] getBinary(final int row) {
      throw noSuch("binary");
    }

    @Override
    public ColumnVector getChild(final int ordinal) {
      throw noSuch("struct");
    }

    @Override
    public void close() {} // as above
  }
}
