package io.blockcam.archive.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.log.SegmentWriter;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.MemoryBytes;
import io.blockcam.archive.segment.SegmentHeader;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.archive.segment.SegmentReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What catalogs say against all records, one after the other. */
final class CatalogTest {
  private static final UUID ID = UUID.fromString("0190f0e0-7b1c-7c3d-8e4f-102030405060");
  private static final int SEGMENTS = 6;
  private static final int RECORDS = 800;
  private static final String GOLDEN = "/golden/v1/0000000000-0000000000.catalog";

  /** References that are in memory: all, and so few that they are spilt several times. */
  private static final int MANY = 1 << 18;

  private static final int FEW = 300;

  @TempDir private Path directory;
  private final SplittableRandom random = new SplittableRandom(5);
  private final List<SegmentReader> segments = new ArrayList<>();
  private final List<FileBytes> files = new ArrayList<>();

  /** Of each key where it is. */
  private final Map<Long, List<String>> expected = new TreeMap<>();

  @Test
  void findsEveryRecordByItsKeys() throws IOException {
    write(SEGMENTS);
    final CatalogReader all = catalog(0, SEGMENTS, MANY);
    final CatalogReader merged =
        merged(List.of(catalog(0, 2, MANY), catalog(2, 3, FEW), catalog(3, SEGMENTS, FEW)));
    assertThat(all.keys().count())
        .isEqualTo(merged.keys().count())
        .isGreaterThan(3L * RefPage.FULL);
    assertThat(all.keys().count())
        .isEqualTo(expected.values().stream().mapToLong(List::size).sum());
    for (final Map.Entry<Long, List<String>> key : expected.entrySet()) {
      assertThat(found(all, key.getKey())).isEqualTo(key.getValue());
      assertThat(found(merged, key.getKey())).isEqualTo(key.getValue());
      if (!expected.containsKey(key.getKey() + 1)) {
        assertThat(found(merged, key.getKey() + 1)).isEmpty();
      }
    }
    assertThat(found(all, 0)).isEmpty();
    assertThat(found(all, (1L << SectorKeys.BITS) - 1)).isEmpty();
    assertThat(sum(merged).isThatOf(sum(all))).isTrue();
    assertThat(sum(merged).isThatOf(sumOfSegments(SEGMENTS))).isTrue();
    assertThat(sum(merged).isThatOf(sumOfSegments(SEGMENTS - 1))).isFalse();
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left).as("what did not fit into memory is removed").hasSize(SEGMENTS);
    }
  }

  /** What was written once is read for ever; how pages are compressed may change. */
  @Test
  void readsTheCatalogThatIsKept() throws IOException {
    write(1);
    try (InputStream in = getClass().getResourceAsStream(GOLDEN)) {
      final byte[] kept = Objects.requireNonNull(in).readAllBytes();
      final CatalogReader catalog = CatalogReader.open(new MemoryBytes("kept", kept));
      assertThat(catalog.cover()).isEqualTo(RunCover.of(segments.getFirst().trailer()));
      assertThat(catalog.keys().count()).isGreaterThan(1000);
      assertThat(sum(catalog).isThatOf(sumOfSegments(1))).isTrue();
    }
  }

  /** Its records of one block, and of several. */
  @Test
  void findsRecordsByTheirBlocks() throws IOException {
    write(2);
    final CatalogReader catalog = catalog(0, 2, FEW);
    final Map<Long, List<String>> blocks = new TreeMap<>();
    for (int s = 0; s < 2; s++) {
      final RecordTable records = segments.get(s).records();
      for (int r = 0; r < records.count(); r++) {
        if (records.kind(r).hasBlocks()) {
          blocks.computeIfAbsent(records.block(r), any -> new ArrayList<>()).add(s + "/" + r);
        }
      }
    }
    for (long block = 0; block < 256; block++) {
      final List<String> found = new ArrayList<>();
      catalog.blocks().find(block, (segment, record) -> found.add(segment + "/" + record));
      assertThat(found).isEqualTo(blocks.getOrDefault(block, List.of()));
    }
    assertThat(catalog.runs().count()).isZero();
  }

  private CatalogSum sumOfSegments(final int count) throws IOException {
    final CatalogSum sum = new CatalogSum();
    for (int s = 0; s < count; s++) {
      sum.add(s, segments.get(s).tables());
    }
    return sum;
  }

  private static CatalogSum sum(final CatalogReader catalog) throws IOException {
    final CatalogSum sum = new CatalogSum();
    sum.add(catalog);
    return sum;
  }

  private void write(final int count) throws IOException {
    final byte[] often = payload();
    Sha256Digest previous = Sha256.of(new byte[0]);
    for (int s = 0; s < count; s++) {
      final long first = (long) s * RECORDS;
      try (SegmentWriter writer =
          SegmentWriter.create(
              directory,
              new SegmentHeader(ID, 0, s, first, first, 1 << 20),
              SegmentLimits.DEFAULT)) {
        for (int r = 0; r < RECORDS; r++) {
          write(writer, s, r, random.nextInt(4) == 0 ? often : payload());
        }
        final var sealed = writer.seal(previous);
        previous = sealed.digest();
        final FileBytes file = FileBytes.open(sealed.path());
        files.add(file);
        segments.add(SegmentReader.open(file));
      }
    }
  }

  @AfterEach
  void close() throws IOException {
    for (final FileBytes file : files) {
      file.close();
    }
  }

  @Test
  void sectorsOfOneByteDoNotCount() {
    final byte[] sector = new byte[512];
    for (int value = 0; value < 256; value++) {
      Arrays.fill(sector, (byte) value);
      assertThat(SectorKeys.isConstant(SectorHash.of(sector, 0))).isTrue();
    }
    sector[100]++;
    assertThat(SectorKeys.isConstant(SectorHash.of(sector, 0))).isFalse();
    assertThat(SectorKeys.isConstant(SectorHash.ZERO_SECTOR)).isTrue();
  }

  private byte[] payload() {
    final byte[] payload = new byte[4096];
    for (int s = 0; s < 8; s++) {
      if (random.nextInt(3) > 0) {
        final byte[] sector = new byte[512];
        random.nextBytes(sector);
        System.arraycopy(sector, 0, payload, 512 * s, 512);
      } else {
        Arrays.fill(payload, 512 * s, 512 * s + 512, (byte) random.nextInt(256));
      }
    }
    return payload;
  }

  private void write(
      final SegmentWriter writer, final int segment, final int record, final byte[] payload)
      throws IOException {
    final long sequence = (long) segment * RECORDS + record;
    final int mask = random.nextInt(3) == 0 ? 1 + random.nextInt(255) : 0xff;
    final boolean failed = random.nextInt(10) == 0;
    final boolean point = record % 50 == 0;
    writer.append(
        RecordView.allocate()
            .put(
                sequence,
                point ? 0 : random.nextInt(200),
                point ? 0 : 1,
                point ? RecordKind.FLUSH : RecordKind.DATA,
                point ? 0 : mask,
                0),
        sequence,
        failed && !point ? RecordFlags.FAILED : 0,
        point ? null : MemorySegment.ofArray(payload),
        0);
    if (failed || point) {
      return;
    }
    long least = -1;
    boolean isAny = false;
    for (int s = 0; s < 8; s++) {
      final long hash = SectorHash.of(payload, 512 * s);
      if ((mask & 1 << s) != 0 && !isOneByte(payload, 512 * s)) {
        if (mask != 0xff) {
          expect(hash, segment, record);
        }
        least = !isAny || Long.compareUnsigned(hash, least) < 0 ? hash : least;
        isAny = true;
      }
    }
    if (mask == 0xff && isAny) {
      expect(least, segment, record);
    }
  }

  private static boolean isOneByte(final byte[] payload, final int at) {
    for (int i = at; i < at + 512; i++) {
      if (payload[i] != payload[at]) {
        return false;
      }
    }
    return true;
  }

  private void expect(final long hash, final int segment, final int record) {
    expected.computeIfAbsent(hash >>> 16, key -> new ArrayList<>()).add(segment + "/" + record);
  }

  private static List<String> found(final CatalogReader catalog, final long key)
      throws IOException {
    final List<String> found = new ArrayList<>();
    catalog.keys().find(key, (segment, record) -> found.add(segment + "/" + record));
    return found;
  }

  private CatalogReader catalog(final int from, final int to, final int most) throws IOException {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (CatalogBuilder builder = new CatalogBuilder(directory, most)) {
      for (final SegmentReader segment : segments.subList(from, to)) {
        builder.add(segment.trailer(), segment.tables());
      }
      builder.write(out);
    }
    return CatalogReader.open(new MemoryBytes("catalog", out.toByteArray()));
  }

  private static CatalogReader merged(final List<CatalogReader> catalogs) throws IOException {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    CatalogBuilder.merge(catalogs, out);
    return CatalogReader.open(new MemoryBytes("merged", out.toByteArray()));
  }
}
