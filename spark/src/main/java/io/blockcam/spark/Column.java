package io.blockcam.spark;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.connector.catalog.MetadataColumn;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The columns of a record. */
enum Column {
  RECORDING(DataTypes.StringType, false, "name of the recording"),
  EPOCH(DataTypes.LongType, false, "life of the recorder, 0 and on"),
  SEQUENCE(DataTypes.LongType, false, "place in the order of the recording"),
  TIMESTAMP(DataTypes.TimestampType, false, "when it was written, to the microsecond"),
  TIMESTAMP_NS(DataTypes.LongType, false, "the same, in nanoseconds since 1970"),
  KIND(DataTypes.StringType, false, "data, zeroes, discard, flush, gap, ..."),
  BLOCK(DataTypes.LongType, false, "first block of 4 KiB"),
  BLOCKS(DataTypes.LongType, false, "how many"),
  SECTORS(DataTypes.IntegerType, false, "mask of the sectors of the block that were written"),
  FLAGS(DataTypes.IntegerType, false, "as FORMAT.md has them"),
  AUX(DataTypes.LongType, false, "what the kind puts there"),
  ALL_ZERO(DataTypes.BooleanType, false, "whether the content is zeroes"),
  SHARED(DataTypes.BooleanType, false, "whether the content is stored with an earlier record"),
  SECTOR_HASHES(
      DataTypes.createArrayType(DataTypes.LongType, false),
      true,
      "XXH3-64 of the eight sectors of the content; null where there is none"),
  ENTROPY(
      DataTypes.DoubleType,
      true,
      "Shannon entropy of the sectors that were written, 0 to 1; null where there is no content"),
  PAYLOAD(DataTypes.BinaryType, true, "the content, 4096 bytes; null where there is none"),
  SEGMENT("_segment", DataTypes.LongType, "number of the segment that holds the record"),
  OFFSET("_offset", DataTypes.LongType, "where the record stands in it, in bytes");

  private final String title;
  private final DataType type;
  private final boolean nullable;
  private final boolean metadata;
  private final String comment;

  Column(final DataType type, final boolean nullable, final String comment) {
    this.title = name().toLowerCase(Locale.ROOT);
    this.type = type;
    this.nullable = nullable;
    this.metadata = false;
    this.comment = comment;
  }

  Column(final String title, final DataType type, final String comment) {
    this.title = title;
    this.type = type;
    this.nullable = false;
    this.metadata = true;
    this.comment = comment;
  }

  /** What a query calls it. */
  String title() {
    return title;
  }

  DataType type() {
    return type;
  }

  boolean isNullable() {
    return nullable;
  }

  /** Whether the content of a record must be read for it. */
  boolean needsPayload() {
    return this == PAYLOAD || this == ENTROPY;
  }

  private StructField field() {
    return new StructField(title, type, nullable, Metadata.empty()).withComment(comment);
  }

  /** Those that a query gets by {@code *}. */
  static StructType schema() {
    return new StructType(
        Arrays.stream(values())
            .filter(column -> !column.metadata)
            .map(Column::field)
            .toArray(StructField[]::new));
  }

  /** Those that it must name. */
  static MetadataColumn[] metadataColumns() {
    return Arrays.stream(values())
        .filter(column -> column.metadata)
        .map(Described::new)
        .toArray(MetadataColumn[]::new);
  }

  /** A schema of some of them. */
  static StructType schema(final List<Column> columns) {
    return new StructType(columns.stream().map(Column::field).toArray(StructField[]::new));
  }

  /** The columns of a schema that Spark has pruned. */
  static List<Column> of(final StructType pruned) {
    return Arrays.stream(pruned.fieldNames())
        .map(
            title ->
                Arrays.stream(values())
                    .filter(column -> column.title.equals(title))
                    .findAny()
                    .orElseThrow(() -> new IllegalArgumentException("no column " + title)))
        .toList();
  }

  private record Described(Column column) implements MetadataColumn {
    @Override
    public String name() {
      return column.title;
    }

    @Override
    public DataType dataType() {
      return column.type;
    }

    @Override
    public boolean isNullable() {
      return column.nullable;
    }

    @Override
    public String comment() {
      return column.comment;
    }
  }
}
