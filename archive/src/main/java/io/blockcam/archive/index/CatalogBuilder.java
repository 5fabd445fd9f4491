package io.blockcam.archive.index;

import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes a catalog of the records of some segments, or of catalogs. What is more than some ten MiB
 * waits in files until it is sorted. One thread.
 */
public final class CatalogBuilder implements Closeable {
  private final Path directory;
  private final int most;
  private final RefList keys = new RefList();
  private final RefList blocks = new RefList();
  private final RefList runs = new RefList();
  private @Nullable RunCover cover;

  /** What was too much for memory: catalogs of a part of the records, from the first segment on. */
  private final List<CatalogReader> spilt = new ArrayList<>();

  private final List<FileBytes> files = new ArrayList<>();

  /**
   * @param directory for what does not fit
   * @param most references of a kind that are in memory
   */
  public CatalogBuilder(final Path directory, final int most) {
    this.directory = directory;
    this.most = most;
  }

  /** Hands out what a record is found by. */
  @FunctionalInterface
  interface Sink {
    /**
     * One of them.
     *
     * @param value a key, or a block
     * @param more blocks of the record behind its first one, u32
     */
    void take(long value, int record, int more);
  }

  /**
   * Adds the segment that comes next.
   *
   * @param tables of it, checked
   */
  public void add(final SegmentTrailer segment, final SegmentTables tables) throws IOException {
    final RunCover before = cover;
    final RunCover added = RunCover.of(segment);
    final RunCover now = before == null ? added : before.and(added);
    cover = now;
    final long place = now.segments() - 1;
    for (int i = 0; i < tables.records().count(); i++) {
      each(
          tables,
          i,
          (value, record, more) -> keys.add(value, RecordRef.of(place, record, false), more),
          (value, record, more) -> blocks.add(value, RecordRef.of(place, record, false), more),
          (value, record, more) -> runs.add(value, RecordRef.of(place, record, false), more));
      if (keys.count() >= most || blocks.count() >= most || runs.count() >= most) {
        spill(now);
      }
    }
  }

  /** What the record of a segment is found by. */
  static void each(
      final SegmentTables tables,
      final int record,
      final Sink keys,
      final Sink blocks,
      final Sink runs) {
    final RecordTable records = tables.records();
    if (SectorKeys.hasAny(records, record)) {
      SectorKeys.each(tables, record, hash -> keys.take(SectorKeys.key(hash), record, 0));
    }
    if (records.kind(record).hasBlocks()) {
      final long more = records.runBlocks(record) - 1;
      (more == 0 ? blocks : runs).take(records.block(record), record, (int) more);
    }
  }

  private void spill(final RunCover covered) throws IOException {
    final Path file = Files.createTempFile(directory, "index-", ".catalog");
    try {
      try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
        new CatalogWriter(out)
            .write(covered, keys::eachSorted, blocks::eachSorted, runs::eachSorted);
      }
      final FileBytes bytes = FileBytes.open(file);
      files.add(bytes);
      spilt.add(CatalogReader.open(bytes));
    } finally {
      Files.delete(file); // it is open, and gone when that ends
    }
    keys.clear();
    blocks.clear();
    runs.clear();
  }

  /**
   * Writes the catalog of what has been added.
   *
   * @param out stays the caller's; should be buffered
   */
  public RunCover write(final OutputStream out) throws IOException {
    final RunCover all = Objects.requireNonNull(cover, "nothing was added");
    if (spilt.isEmpty()) {
      new CatalogWriter(out).write(all, keys::eachSorted, blocks::eachSorted, runs::eachSorted);
    } else {
      spill(all);
      write(all, spilt, out);
    }
    return all;
  }

  /**
   * Writes one catalog in place of several.
   *
   * @param catalogs side by side, oldest first
   * @param out stays the caller's; should be buffered
   * @return what it covers
   * @throws IndexException when one of them is damaged
   * @throws IllegalArgumentException when they are not side by side
   */
  public static RunCover merge(final List<CatalogReader> catalogs, final OutputStream out)
      throws IOException {
    RunCover all = catalogs.get(0).cover();
    for (final CatalogReader catalog : catalogs.subList(1, catalogs.size())) {
      all = all.and(catalog.cover());
    }
    write(all, catalogs, out);
    return all;
  }

  private static void write(
      final RunCover all, final List<CatalogReader> catalogs, final OutputStream out)
      throws IOException {
    new CatalogWriter(out)
        .write(
            all,
            sink -> merge(catalogs, CatalogReader::keys, all, sink),
            sink -> merge(catalogs, CatalogReader::blocks, all, sink),
            sink -> merge(catalogs, CatalogReader::runs, all, sink));
  }

  private static void merge(
      final List<CatalogReader> catalogs,
      final Function<CatalogReader, RefTable> table,
      final RunCover all,
      final RefCursor.Sink sink)
      throws IOException {
    RefCursor.merge(catalogs.stream().map(table).toList(), all.firstSegment(), sink);
  }

  @Override
  public void close() throws IOException {
    for (final FileBytes file : files) {
      file.close();
    }
  }
}
