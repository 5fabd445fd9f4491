package io.blockcam.archive.index;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import com.sun.management.ThreadMXBean;
import io.blockcam.archive.RecordingFormatException;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.head.HeadJson;
import io.blockcam.archive.pack.PackDirectory;
import io.blockcam.archive.pack.PackException;
import io.blockcam.archive.segment.MemoryBytes;
import io.blockcam.archive.segment.SegmentCheck;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentHeaderDescriptor;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.archive.segment.SegmentTrailerDescriptor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/**
 * Reads what pretends to come from a store. Its checksums are made right, so that what is behind
 * them is reached.
 */
final class HostileFiles {
  /** Far more than any of the golden files needs. */
  private static final long MOST_ALLOCATED_BYTES = 64 << 20;

  static final byte[] RAW = golden("v1/0000000000.seg");
  private static final byte[] ENCODED = golden("v1/encoded/0000000000.seg");
  private static final byte[] BASE = golden("v1/base/0000000001.seg");
  static final byte[] RUN = run();
  static final byte[] CATALOG = golden("v1/0000000000-0000000000.catalog");
  static final UUID PACK_ID = UUID.fromString("0190f0e0-7b1c-7c3d-8e4f-102030405060");
  static final long PACK_FIRST = 1024;

  private HostileFiles() {}

  /**
   * Reads one, which must be damaged, and nothing else: no other error, no memory for what is only
   * claimed.
   *
   * @param input what it is, and how it is changed
   */
  static void read(final byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    final byte[] rest = Arrays.copyOfRange(input, 1, input.length);
    if (allocatedBytes(input[0] & 15, rest) >= MOST_ALLOCATED_BYTES) {
      // The first time classes were loaded, and changed by the fuzzer, in this thread.
      assertThat(allocatedBytes(input[0] & 15, rest)).isLessThan(MOST_ALLOCATED_BYTES);
    }
  }

  private static long allocatedBytes(final int what, final byte[] input) throws IOException {
    final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    final long before = threads.getCurrentThreadAllocatedBytes();
    read(what, input);
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  private static void read(final int what, final byte[] input) throws IOException {
    try {
      switch (what) {
        case 0 -> readSegment(sealed(RAW, input));
        case 1 -> readSegment(sealed(ENCODED, input));
        case 2 -> readSegment(sealed(BASE, input));
        case 3 -> readRun(summed(RUN, input));
        case 4 -> readPage(input);
        case 5 -> HeadJson.read(input, "head");
        case 6 -> RecordingJson.read(input, "recording.json");
        case 7 -> readPack(packSummed(input));
        case 8 -> readRefPage(input);
        case 9 -> readCatalog(catalogSummed(CATALOG, input));
        default -> readSegment(input);
      }
    } catch (final SegmentException | IndexException | PackException | RecordingFormatException e) {
      assertThat(e).hasMessageNotContaining("\n");
    }
  }

  private static void readSegment(final byte[] bytes) throws IOException {
    SegmentCheck.run(new MemoryBytes("segment", bytes), finding -> {});
  }

  private static void readRun(final byte[] bytes) throws IOException {
    final RunReader run = RunReader.open(new MemoryBytes("run", bytes));
    run.events();
    run.readAll();
    final WindowStack window = new WindowStack();
    int windows = 0;
    for (long at = run.nextWindow(0);
        at != Long.MAX_VALUE && windows < 3;
        at = run.nextWindow(window.end())) {
      window.begin(at);
      run.feed(window, 0);
      windows++;
    }
    run.nextDoubt(0);
  }

  private static void readCatalog(final byte[] bytes) throws IOException {
    final CatalogReader catalog = CatalogReader.open(new MemoryBytes("catalog", bytes));
    for (final RefTable table : List.of(catalog.keys(), catalog.blocks(), catalog.runs())) {
      table.find(0, (segment, record) -> {});
      table.find(1L << 40, (segment, record) -> {});
      table.eachRun((first, end, segment, record) -> assertThat(end).isGreaterThan(first));
    }
  }

  private static void readPack(final byte[] bytes) throws PackException {
    final PackDirectory directory = PackDirectory.decode(bytes, PACK_ID, PACK_FIRST, "pack");
    for (long number = directory.first(); number < directory.end(); number++) {
      assertThat(directory.length(number)).isNotNegative();
      assertThat(directory.offset(number)).isPositive();
    }
    assertThat(directory.packBytes()).isGreaterThan(bytes.length);
  }

  /** A directory of the pack of three segments, edited, with its checksum. */
  static byte[] packSummed(final byte[] edits) {
    final byte[] bytes =
        edited(PackDirectory.of(PACK_ID, PACK_FIRST, List.of(5000L, 6000L, 7000L)).encode(), edits);
    final int covered = bytes.length - Integer.BYTES;
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(covered, new Crc32c().of(bytes, 0, covered));
    return bytes;
  }

  /** A page of 24 bytes of counts, and of what follows. */
  private static void readPage(final byte[] input) throws IndexException {
    if (input.length < 24) {
      return;
    }
    final ByteBuffer counts = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
    final byte[] plain = Arrays.copyOfRange(input, 24, input.length);
    final byte[] stored = Zstd.compress(plain);
    final Page.Entry entry =
        new Page.Entry(
            counts.getShort() & 0xffff,
            counts.getShort() & 0xffffffL,
            0,
            stored.length,
            0,
            counts.getInt(),
            counts.getInt(),
            counts.getInt(),
            counts.getInt());
    if (entry.isPossible()) {
      Page.decode("run", entry, stored, counts.getShort() & 0xff, 1 << 20);
    }
  }

  /** A page of as many references as there are bytes for. */
  private static void readRefPage(final byte[] input) throws IndexException {
    final int count = Math.min(RefPage.FULL, input.length / RefPage.ENTRY_BYTES);
    if (count > 0) {
      final byte[] plain = Arrays.copyOf(input, count * RefPage.ENTRY_BYTES);
      final RefPage page = RefPage.decode("catalog", Zstd.compress(plain), count, 1 << 20);
      assertThat(page.value(count - 1)).isGreaterThanOrEqualTo(page.value(0));
    }
  }

  /** With bytes changed as the input says: three bytes for each, its place and its value. */
  private static byte[] edited(final byte[] golden, final byte[] edits) {
    final byte[] bytes = golden.clone();
    for (int i = 0; i + 2 < edits.length; i += 3) {
      final int place = (edits[i] & 0xff) << 8 | edits[i + 1] & 0xff;
      // Most of what there is to be wrong stands at the end.
      final int at = place < 0x8000 ? place : bytes.length - 1 - (place & 0x7fff);
      if (at >= 0 && at < bytes.length) {
        bytes[at] = edits[i + 2];
      }
    }
    return bytes;
  }

  /** An edited segment with all its checksums and digests. */
  static byte[] sealed(final byte[] golden, final byte[] edits) throws IOException {
    final SegmentTrailer trailer = SegmentReader.open(new MemoryBytes("golden", golden)).trailer();
    final byte[] bytes = edited(golden, edits);
    final ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    final Crc32c crc = new Crc32c();
    final int headerEnd = SegmentHeaderDescriptor.HEADER_BYTES;
    out.putInt(headerEnd - 4, crc.of(bytes, 0, headerEnd - 4));
    for (int at = (int) trailer.recordsOffset(); at < trailer.tablesEnd(); at += 64) {
      out.putInt(at + 60, crc.of(bytes, at, 60));
    }
    final int end = (int) trailer.trailerOffset();
    out.put(
        end + SegmentTrailerDescriptor.HEADER_SHA256_OFFSET,
        Sha256.of(Arrays.copyOf(bytes, headerEnd)).toByteArray());
    out.put(
        end + SegmentTrailerDescriptor.TABLES_SHA256_OFFSET,
        Sha256.of(
                Arrays.copyOfRange(bytes, (int) trailer.tablesOffset(), (int) trailer.tablesEnd()))
            .toByteArray());
    final int digest = end + SegmentTrailerDescriptor.DIGEST_OFFSET;
    out.put(digest, Sha256.of(Arrays.copyOfRange(bytes, end, digest)).toByteArray());
    final int sum = SegmentTrailerDescriptor.CRC32C_OFFSET;
    out.putInt(end + sum, crc.of(bytes, end, sum));
    return bytes;
  }

  /** An edited run with its checksums. */
  static byte[] summed(final byte[] golden, final byte[] edits) {
    final int trailer = golden.length - RunDescriptor.TRAILER_BYTES;
    final ByteBuffer in = ByteBuffer.wrap(golden).order(ByteOrder.LITTLE_ENDIAN);
    final int events = (int) in.getLong(trailer + RunDescriptor.EVENTS_OFFSET_OFFSET);
    final int digests = (int) in.getLong(trailer + RunDescriptor.EVENTS_OFFSET_OFFSET + 8);
    final int directory = (int) in.getLong(trailer + RunDescriptor.EVENTS_OFFSET_OFFSET + 16);
    final byte[] bytes = edited(golden, edits);
    final ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    final Crc32c crc = new Crc32c();
    for (int at = directory; at < trailer; at += RunDescriptor.DIRECTORY_ENTRY_BYTES) {
      final int page = (int) in.getLong(at + 16);
      out.putInt(at + 28, crc.of(bytes, page, in.getInt(at + 24)));
    }
    out.putInt(trailer + 188, crc.of(bytes, events, digests - events));
    out.putInt(trailer + 192, crc.of(bytes, directory, trailer - directory));
    out.putInt(
        trailer + RunDescriptor.CRC32C_OFFSET, crc.of(bytes, trailer, RunDescriptor.CRC32C_OFFSET));
    return bytes;
  }

  /** An edited catalog with its checksums. */
  static byte[] catalogSummed(final byte[] golden, final byte[] edits) {
    final int trailer = golden.length - CatalogDescriptor.TRAILER_BYTES;
    final ByteBuffer in = ByteBuffer.wrap(golden).order(ByteOrder.LITTLE_ENDIAN);
    final byte[] bytes = edited(golden, edits);
    final ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    for (int table = 0; table < 3; table++) {
      sumRefs(
          in,
          out,
          trailer + CatalogDescriptor.TABLES_OFFSET + table * CatalogDescriptor.TABLE_BYTES);
    }
    out.putInt(
        trailer + CatalogDescriptor.CRC32C_OFFSET,
        new Crc32c().of(bytes, trailer, CatalogDescriptor.CRC32C_OFFSET));
    return bytes;
  }

  /** The checksums of a table of references: of its pages, its directory, and the summary. */
  private static void sumRefs(final ByteBuffer in, final ByteBuffer out, final int place) {
    final byte[] bytes = out.array();
    final Crc32c crc = new Crc32c();
    final int directory = (int) in.getLong(place + 16);
    final int pages = Math.ceilDiv((int) in.getLong(place), RefPage.FULL);
    for (int at = directory, p = 0; p < pages; p++, at += CatalogDescriptor.ENTRY_BYTES) {
      out.putInt(at + 20, crc.of(bytes, (int) in.getLong(at + 8), in.getInt(at + 16)));
    }
    final int chunk = CatalogDescriptor.ENTRIES_SUMMED * CatalogDescriptor.ENTRY_BYTES;
    final int summary = directory + pages * CatalogDescriptor.ENTRY_BYTES;
    int next = summary;
    for (int at = directory; at < summary; at += chunk, next += CatalogDescriptor.SUMMARY_BYTES) {
      out.putInt(next + 8, crc.of(bytes, at, Math.min(chunk, summary - at)));
    }
    out.putInt(place + 24, crc.of(bytes, summary, next - summary));
  }

  private static byte[] run() {
    final RunBuilder builder = new RunBuilder(new WindowStack());
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      for (final String name : new String[] {"v1/0000000000.seg", "v1/0000000001.seg"}) {
        final SegmentReader segment = SegmentReader.open(new MemoryBytes(name, golden(name)));
        builder.add(segment.trailer(), segment.records());
      }
      builder.write(out);
      return out.toByteArray();
    } catch (final IOException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] golden(final String name) {
    try (InputStream in = HostileFiles.class.getResourceAsStream("/golden/" + name)) {
      return Objects.requireNonNull(in).readAllBytes();
    } catch (final IOException e) {
      throw new AssertionError(e);
    }
  }
}
