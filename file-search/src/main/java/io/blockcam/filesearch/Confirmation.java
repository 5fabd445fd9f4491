package io.blockcam.filesearch;

import static io.blockcam.archive.hash.SectorHash.SECTOR_BYTES;
import static io.blockcam.archive.hash.SectorHash.ZERO_SECTOR;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.PayloadReader;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.archive.segment.WantedPayloads;
import io.blockcam.history.Segments;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Compares recorded bytes with the SHA-256 of a file: hashes of sectors are made to be fast, and
 * somebody could make two sectors that have the same. One thread.
 */
final class Confirmation {
  /** Extents whose payloads are in memory at the same time: 1 MiB. */
  private static final int BATCH = 256;

  private static final byte[] ZEROES = new byte[SECTOR_BYTES];

  private final Segments segments;
  private final TargetSet targets;
  private final PayloadReader reader = new PayloadReader();
  private @Nullable Open open;

  /** The segment that was read last. */
  private record Open(long number, SegmentReader segment, SegmentTables tables) {}

  /** Takes sectors of a file, in their order. */
  @FunctionalInterface
  private interface Sink {
    void take(int sector, byte[] block, int offset);
  }

  Confirmation(final Segments segments, final TargetSet targets) {
    this.segments = segments;
    this.targets = targets;
  }

  /**
   * Compares all of a file.
   *
   * @param extents of its sectors; what is missing is a hole, and zero
   * @return with all of its bytes compared, or none
   */
  Evidence whole(final int target, final List<Extent> extents) throws IOException {
    final Target file = targets.targets().get(target);
    final Sha256 digest = new Sha256();
    final int[] next = {0};
    return compare(
        extents,
        (sector, block, offset) -> {
          holes(digest, file, next[0], sector);
          digest.update(block, offset, length(file, sector));
          next[0] = sector + 1;
        },
        () -> {
          holes(digest, file, next[0], file.sectors());
          return digest.finish().equals(file.digest()) ? file.bytes() : 0;
        });
  }

  private void holes(final Sha256 digest, final Target file, final int from, final int to) {
    for (int sector = from; sector < to; sector++) {
      if (targets.hash(file.place() + sector) == ZERO_SECTOR) { // or it is not the file anyway
        digest.update(ZEROES, 0, length(file, sector));
      }
    }
  }

  private static int length(final Target file, final int sector) {
    return (int) Math.min(SECTOR_BYTES, file.bytes() - (long) sector * SECTOR_BYTES);
  }

  /** Compares pieces of a file, those of which all is there. */
  Evidence pieces(final int target, final List<Extent> extents) throws IOException {
    final Target file = targets.targets().get(target);
    final Pieces pieces = new Pieces(target, file);
    return compare(extents, pieces, pieces::compared);
  }

  private final class Pieces implements Sink {
    private final int target;
    private final Target file;
    private final Sha256 digest = new Sha256();
    private int next = -1;
    private int bytes;
    private long compared;

    Pieces(final int target, final Target file) {
      this.target = target;
      this.file = file;
    }

    @Override
    public void take(final int sector, final byte[] block, final int offset) {
      if (sector % Piece.MOST_SECTORS == 0) {
        digest.finish(); // of a piece of which not all is there
        bytes = 0;
      } else if (sector != next) {
        next = -1; // until the next piece begins
        return;
      }
      digest.update(block, offset, length(file, sector));
      bytes += length(file, sector);
      next = sector + 1;
      if (next % Piece.MOST_SECTORS == 0 || next == file.sectors()) {
        final Sha256Digest of = targets.digest(target, sector / Piece.MOST_SECTORS);
        compared += digest.finish().equals(of) ? bytes : 0;
      }
    }

    long compared() {
      return compared;
    }
  }

  /** What the last sector of an extent is known by. */
  long lastHash(final Extent extent) throws IOException {
    if (!(extent.origin() instanceof final Extent.Recorded recorded)) {
      return ZERO_SECTOR;
    }
    final SegmentTables tables = open(recorded.segment()).tables;
    final long sector = extent.diskSector() + extent.sectors() - 1;
    return hasPayload(tables.records(), recorded.record())
        ? tables.sectorHash(
            tables.records().payloadIndex(recorded.record()),
            (int) (sector % Tracker.BLOCK_SECTORS))
        : ZERO_SECTOR;
  }

  /** Tells how many bytes are as they must be, when all were taken. */
  @FunctionalInterface
  private interface Compared {
    long bytes();
  }

  private Evidence compare(final List<Extent> extents, final Sink sink, final Compared compared)
      throws IOException {
    final Items items = new Items();
    Optional<String> problem = Optional.empty();
    for (int from = 0, to; from < extents.size(); from = to) {
      to = batchEnd(extents, from);
      try {
        final Map<Integer, byte[]> payloads = payloads(extents.subList(from, to));
        for (final Extent extent : extents.subList(from, to)) {
          items.add(extent, source(extent));
          final byte[] block =
              extent.origin() instanceof final Extent.Recorded recorded
                  ? payloads.get(recorded.record())
                  : null;
          for (int s = 0; s < extent.sectors(); s++) {
            final int at = (int) ((extent.diskSector() + s) % Tracker.BLOCK_SECTORS) * SECTOR_BYTES;
            sink.take(extent.sector() + s, block == null ? ZEROES : block, block == null ? 0 : at);
          }
        }
      } catch (final SegmentException e) {
        problem = Optional.of(String.valueOf(e.getMessage()));
        for (int i = items.size(); i < to; i++) {
          items.add(extents.get(i), source(extents.get(i)));
        }
      }
    }
    return new Evidence(items, compared.bytes(), problem);
  }

  /** All from one segment, at least one. */
  private static int batchEnd(final List<Extent> extents, final int from) {
    int to = from;
    long segment = -1;
    while (to < extents.size() && to - from < BATCH) {
      if (extents.get(to).origin() instanceof final Extent.Recorded recorded) {
        if (segment >= 0 && recorded.segment() != segment) {
          return to;
        }
        segment = recorded.segment();
      }
      to++;
    }
    return to;
  }

  private Open open(final long number) throws IOException {
    final Open last = open;
    if (last != null && last.number == number) {
      return last;
    }
    final SegmentReader segment = segments.open(number);
    final Open now = new Open(number, segment, segment.tables());
    open = now;
    return now;
  }

  private Optional<Evidence.Source> source(final Extent extent) throws IOException {
    if (!(extent.origin() instanceof final Extent.Recorded recorded)) {
      return Optional.empty();
    }
    final Open from = open(recorded.segment());
    final RecordTable records = from.tables.records();
    return Optional.of(
        new Evidence.Source(
            from.segment.trailer().epoch(),
            records.sequence(recorded.record()),
            recorded.segment(),
            hasPayload(records, recorded.record()) ? records.payloadIndex(recorded.record()) : -1));
  }

  private static boolean hasPayload(final RecordTable records, final int record) {
    return records.kind(record).hasPayload() && !records.hasFlag(record, RecordFlags.ALL_ZERO);
  }

  /** By the records of a segment, those that are not zero. */
  private Map<Integer, byte[]> payloads(final List<Extent> extents) throws IOException {
    final Map<Integer, byte[]> payloads = new HashMap<>();
    for (final Extent extent : extents) {
      if (extent.origin() instanceof final Extent.Recorded recorded
          && hasPayload(open(recorded.segment()).tables.records(), recorded.record())) {
        payloads.put(recorded.record(), new byte[RecordDescriptor.BLOCK_BYTES]);
      }
    }
    final Open from = open;
    if (from != null && !payloads.isEmpty()) {
      final RecordTable records = from.tables.records();
      final Integer[] wanted = payloads.keySet().toArray(Integer[]::new);
      Arrays.sort(wanted, Comparator.comparingInt(records::payloadIndex));
      reader.read(
          from.segment,
          from.tables,
          WantedPayloads.of(records, wanted.length, i -> wanted[i]),
          (i, payload) -> payload.get(payloads.get(wanted[i])));
    }
    return payloads;
  }
}
