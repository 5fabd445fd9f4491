package io.blockcam.capture.support;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.DigestedBytes;
import io.blockcam.archive.log.DigestedSegment;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/** A record as a value: what a test compares. {@code payload} is empty when the kind has none. */
@SuppressWarnings("ArrayRecordComponent") // compared by content(), never by equals
public record TestRecord(
    long sequence,
    long timestampNs,
    long block,
    long runBlocks,
    RecordKind kind,
    int sectorMask,
    int flags,
    long aux,
    byte[] payload) {

  /** Whether a flag is set. */
  public boolean has(final int flag) {
    return (flags & flag) != 0;
  }

  /** Everything but place and time: what the guest asked for. */
  public String content() {
    return "%s block=%d run=%d mask=%02x flags=%02x aux=%d payload=%08x"
        .formatted(kind, block, runBlocks, sectorMask, flags, aux, Arrays.hashCode(payload));
  }

  /** For a segment whose own nobody asks for. */
  public static final Sha256Digest ANY_DIGEST = Sha256Digest.ofHex("ab".repeat(32));

  /** All records of a sealed segment, as a reader of the archive will see them. */
  public static List<TestRecord> ofSegment(final Path file) throws IOException {
    final List<TestRecord> records = new ArrayList<>();
    final UUID recording = SealedLog.open(file).header().recordingId();
    try (DigestedBytes bytes = DigestedSegment.of(file, recording, ANY_DIGEST).open()) {
      final SegmentReader reader = SegmentReader.open(bytes);
      final SegmentTables tables = reader.tables();
      final RecordTable table = tables.records();
      for (int i = 0; i < table.count(); i++) {
        final byte[] payload = new byte[table.kind(i).hasPayload() ? 4096 : 0];
        if (table.payloadIndex(i) != RecordDescriptor.NO_PAYLOAD) {
          reader.readPayload(tables, i).get(payload);
        }
        records.add(
            new TestRecord(
                table.sequence(i),
                table.timestampNs(i),
                table.block(i),
                table.runBlocks(i),
                table.kind(i),
                table.sectorMask(i),
                table.flags(i) & ~RecordFlags.STORAGE,
                table.aux(i),
                payload));
      }
    }
    return records;
  }

  /** All records of several segments. */
  public static List<TestRecord> ofSegments(final List<Path> files) throws IOException {
    final List<TestRecord> records = new ArrayList<>();
    for (final Path file : files) {
      records.addAll(ofSegment(file));
    }
    return records;
  }
}
