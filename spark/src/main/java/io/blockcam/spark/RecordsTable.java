package io.blockcam.spark;

import java.util.Set;
import org.apache.spark.sql.connector.catalog.MetadataColumn;
import org.apache.spark.sql.connector.catalog.SupportsMetadataColumns;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** All records of an archive. */
final class RecordsTable implements SupportsRead, SupportsMetadataColumns {
  private final ArchiveOptions options;

  RecordsTable(final ArchiveOptions options) {
    this.options = options;
  }

  @Override
  public String name() {
    return "records of " + options.archive();
  }

  @Override
  @SuppressWarnings("deprecation") // the other one is made of this
  public StructType schema() {
    return Column.schema();
  }

  @Override
  public MetadataColumn[] metadataColumns() {
    return Column.metadataColumns();
  }

  @Override
  public Set<TableCapability> capabilities() {
    return Set.of(TableCapability.BATCH_READ);
  }

  @Override
  public ScanBuilder newScanBuilder(final CaseInsensitiveStringMap given) {
    return new RecordsScanBuilder(options);
  }
}
