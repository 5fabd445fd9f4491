package io.blockcam.export;

import static org.apache.parquet.schema.LogicalTypeAnnotation.stringType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.timestampType;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BINARY;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.BOOLEAN;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT32;
import static org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName.INT64;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentTables;
import java.util.Map;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Types;
import org.jspecify.annotations.Nullable;

/** The columns of a record, those of the Spark table but for its content. One thread. */
final class RecordColumns extends WriteSupport<RecordColumns.Row> {
  static final MessageType SCHEMA =
      Types.buildMessage()
          .required(INT64)
          .named("epoch")
          .required(INT64)
          .named("sequence")
          .required(INT64)
          .as(timestampType(/* isAdjustedToUTC= */ true, TimeUnit.MICROS))
          .named("timestamp")
          .required(INT64)
          .named("timestamp_ns")
          .required(BINARY)
          .as(stringType())
          .named("kind")
          .required(INT64)
          .named("block")
          .required(INT64)
          .named("blocks")
          .required(INT32)
          .named("sectors")
          .required(INT32)
          .named("flags")
          .required(INT64)
          .named("aux")
          .required(BOOLEAN)
          .named("all_zero")
          .required(BOOLEAN)
          .named("shared")
          .optionalList()
          .requiredElement(INT64)
          .named("sector_hashes")
          .named("record");

  private static final long NS_PER_US = 1000;
  private static final Binary[] KINDS = kinds();

  /** Set before the first record. */
  private @Nullable RecordConsumer consumer;

  private int field;

  /**
   * A record.
   *
   * @param index of it in the tables
   */
  record Row(long epoch, SegmentTables tables, int index) {}

  private static Binary[] kinds() {
    final Binary[] names = new Binary[RecordKind.values().length + 1];
    for (final RecordKind kind : RecordKind.values()) {
      names[kind.code()] = Binary.fromString(kind.word());
    }
    return names;
  }

  @Override
  @Deprecated // but called by those who do
  public WriteContext init(final Configuration configuration) {
    return new WriteContext(SCHEMA, Map.of());
  }

  @Override
  public WriteContext init(final ParquetConfiguration configuration) {
    return new WriteContext(SCHEMA, Map.of());
  }

  @Override
  public void prepareForWrite(final RecordConsumer into) {
    consumer = into;
  }

  private RecordConsumer out() {
    return Objects.requireNonNull(consumer);
  }

  @Override
  public void write(final Row row) {
    final RecordTable records = row.tables.records();
    final int i = row.index;
    field = 0;
    out().startMessage();
    put(row.epoch);
    put(records.sequence(i));
    put(records.timestampNs(i) / NS_PER_US);
    put(records.timestampNs(i));
    begin();
    out().addBinary(KINDS[records.kindCode(i)]);
    end();
    put(records.block(i));
    put(records.runBlocks(i));
    put(records.sectorMask(i));
    put(records.flags(i));
    put(records.aux(i));
    put(records.hasFlag(i, RecordFlags.ALL_ZERO));
    put(records.hasFlag(i, RecordFlags.SHARED));
    if (records.kind(i).hasPayload()) {
      begin();
      putHashes(row);
      end();
    }
    out().endMessage();
  }

  private void putHashes(final Row row) {
    final RecordTable records = row.tables.records();
    final boolean isZero = records.hasFlag(row.index, RecordFlags.ALL_ZERO);
    out().startGroup();
    out().startField("list", 0);
    for (int s = 0; s < RecordDescriptor.BLOCK_SECTORS; s++) {
      out().startGroup();
      out().startField("element", 0);
      out()
          .addLong(
              isZero
                  ? SectorHash.ZERO_SECTOR
                  : row.tables.sectorHash(records.payloadIndex(row.index), s));
      out().endField("element", 0);
      out().endGroup();
    }
    out().endField("list", 0);
    out().endGroup();
  }

  private void put(final long value) {
    begin();
    out().addLong(value);
    end();
  }

  private void put(final int value) {
    begin();
    out().addInteger(value);
    end();
  }

  private void put(final boolean value) {
    begin();
    out().addBoolean(value);
    end();
  }

  private void begin() {
    out().startField(SCHEMA.getFieldName(field), field);
  }

  private void end() {
    out().endField(SCHEMA.getFieldName(field), field);
    field++;
  }
}
