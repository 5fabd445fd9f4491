package io.blockcam.spark;

import java.util.Map;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** What Spark finds by the name {@code blockcam}. */
public final class BlockcamSource implements TableProvider, DataSourceRegister {
  @Override
  public String shortName() {
    return "blockcam";
  }

  @Override
  public StructType inferSchema(final CaseInsensitiveStringMap options) {
    return Column.schema();
  }

  @Override
  public Table getTable(
      final StructType schema,
      final Transform[] partitioning,
      final Map<String, String> properties) {
    return new RecordsTable(ArchiveOptions.of(properties));
  }
}
