package io.blockcam.export;

import io.blockcam.archive.segment.SegmentTables;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.OutputFile;

/** A file of records of one day, which takes its name when it is whole. One thread. */
final class DayFile implements Closeable {
  /** In memory until they are written. */
  private static final long ROW_GROUP_BYTES = 32L << 20;

  private final Path file;
  private final Path temporary;
  private final ParquetWriter<RecordColumns.Row> writer;
  private long rows;

  DayFile(final Path file) throws IOException {
    this.file = file;
    // Hidden from those who read all files of a directory.
    this.temporary = file.resolveSibling("." + file.getFileName() + ".part");
    Files.createDirectories(file.getParent());
    Files.deleteIfExists(temporary);
    this.writer =
        new Builder(new LocalOutputFile(temporary))
            .withConf(new PlainParquetConfiguration())
            .withCompressionCodec(CompressionCodecName.ZSTD)
            .withCodecFactory(new ZstdPages())
            .withRowGroupSize(ROW_GROUP_BYTES)
            .build();
  }

  private static final class Builder extends ParquetWriter.Builder<RecordColumns.Row, Builder> {
    Builder(final OutputFile file) {
      super(file);
    }

    @Override
    protected Builder self() {
      return this;
    }

    @Override
    protected WriteSupport<RecordColumns.Row> getWriteSupport(final Configuration configuration) {
      return new RecordColumns();
    }

    @Override
    protected WriteSupport<RecordColumns.Row> getWriteSupport(
        final ParquetConfiguration configuration) {
      return new RecordColumns();
    }
  }

  void add(final long epoch, final SegmentTables tables, final int index) throws IOException {
    writer.write(new RecordColumns.Row(epoch, tables, index));
    rows++;
  }

  /** No more records come; may be called again. */
  void complete() throws IOException {
    writer.close();
  }

  /**
   * It takes its name.
   *
   * @return its records
   */
  long finish() throws IOException {
    complete();
    try (FileChannel written = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
      written.force(true);
    }
    Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    return rows;
  }

  /** It is not wanted any more, unless it is finished. */
  @Override
  public void close() throws IOException {
    complete();
    Files.deleteIfExists(temporary);
  }
}
