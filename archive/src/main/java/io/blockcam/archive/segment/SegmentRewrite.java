package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.record.RecordView;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;

/** Appends the records of one segment to another; see {@link SegmentWriter#rewrite}. */
final class SegmentRewrite {
  private final FileChannel payloads;
  private final SegmentWriter copy;
  private final Crc32c crc = new Crc32c();
  private final RecordView view = new RecordView();
  private final byte[] payload = new byte[BLOCK_BYTES];
  private final MemorySegment payloadMemory = MemorySegment.ofArray(payload);
  private final List<Long> lostBlocks = new ArrayList<>();

  /**
   * @param payloads the file that holds those of the first segment, all of them written
   * @param copy the other one, empty
   */
  SegmentRewrite(final FileChannel payloads, final SegmentWriter copy) {
    this.payloads = payloads;
    this.copy = copy;
  }

  /**
   * Appends all records.
   *
   * @return blocks whose payload is not what it was when it was written: a {@link RecordKind#GAP}
   *     stands in its place
   */
  List<Long> run(final EntryTable records) throws IOException {
    for (int i = 0; i < records.count(); i++) {
      final MemorySegment entry = records.entry(i);
      append(new RecordTable(entry), view.wrap(entry, 0));
    }
    return List.copyOf(lostBlocks);
  }

  private void append(final RecordTable record, final RecordView entry) throws IOException {
    final int flags = record.flags(0) & ~RecordFlags.STORAGE;
    if (!record.kind(0).hasPayload()) {
      copy.append(entry, record.timestampNs(0), flags, null, 0);
    } else if (load(record)) {
      copy.append(entry, record.timestampNs(0), flags, payloadMemory, 0);
    } else {
      lostBlocks.add(record.block(0));
      copy.append(
          RecordView.allocate()
              .put(
                  record.sequence(0),
                  record.block(0),
                  1,
                  RecordKind.GAP,
                  WHOLE_BLOCK,
                  GapReason.PAYLOAD_LOST.code()),
          record.timestampNs(0),
          flags & RecordFlags.FIRST,
          null,
          0);
    }
  }

  /** Reads the payload of a record; false when it is another one. */
  private boolean load(final RecordTable record) throws IOException {
    if (record.hasFlag(0, RecordFlags.ALL_ZERO)) {
      payloadMemory.fill((byte) 0);
      return true;
    }
    return read(SegmentTrailer.rawPayloadOffset(record.payloadIndex(0)))
        && crc.of(payload, 0, BLOCK_BYTES) == record.payloadCrc32c(0);
  }

  private boolean read(final long offset) throws IOException {
    final ByteBuffer bytes = ByteBuffer.wrap(payload);
    try {
      while (bytes.hasRemaining()) {
        if (payloads.read(bytes, offset + bytes.position()) < 0) {
          return false;
        }
      }
      return true;
    } catch (final IOException e) {
      if (payloads.isOpen()) {
        return false; // EIO: the page is gone, and so is what was behind it
      }
      throw e;
    }
  }
}
