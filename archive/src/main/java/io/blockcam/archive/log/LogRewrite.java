package io.blockcam.archive.log;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.FileBytes;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;

/** Appends the records of one log to another; see {@link LogWriter#rewrite}. */
final class LogRewrite {
  private final FileBytes file;
  private final PayloadPlaces places;
  private final Crc32c crc = new Crc32c();
  private final RecordView view = new RecordView();
  private final byte[] payload = new byte[BLOCK_BYTES];
  private final MemorySegment payloadMemory = MemorySegment.ofArray(payload);
  private final List<Long> lostBlocks = new ArrayList<>();

  /**
   * @param file the first log, all of it written
   * @param places of its payloads
   */
  LogRewrite(final FileBytes file, final PayloadPlaces places) {
    this.file = file;
    this.places = places;
  }

  /**
   * Appends all records.
   *
   * @param copy the other log, empty
   * @return blocks whose payload is not what it was when it was written: a {@link RecordKind#GAP}
   *     stands in its place
   */
  List<Long> run(final EntryTable records, final LogWriter copy) throws IOException {
    for (int i = 0; i < records.count(); i++) {
      final MemorySegment entry = records.entry(i);
      append(new RecordTable(entry.toArray(ValueLayout.JAVA_BYTE)), view.wrap(entry, 0), copy);
    }
    return lostBlocks();
  }

  /** Appends one. */
  void append(final RecordTable record, final RecordView entry, final LogWriter copy)
      throws IOException {
    final int flags = record.flags(0) & ~RecordFlags.STORAGE;
    if (!record.kind(0).hasPayload()) {
      copy.append(entry, record.timestampNs(0), flags, null, 0);
    } else if (load(record)) {
      copy.append(entry, record.timestampNs(0), flags, payloadMemory, 0);
    } else if (record.kind(0) == RecordKind.MARK) { // the moment stays, without its text
      payloadMemory.fill((byte) 0);
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

  /** Blocks of which the payload was lost, so far. */
  List<Long> lostBlocks() {
    return List.copyOf(lostBlocks);
  }

  /** Reads the payload of a record; false when it is another one. */
  private boolean load(final RecordTable record) throws IOException {
    if (record.hasFlag(0, RecordFlags.ALL_ZERO)) {
      payloadMemory.fill((byte) 0);
      return true;
    }
    return places.has(record.payloadIndex(0))
        && read(places.offset(record.payloadIndex(0)))
        && crc.of(payload, 0, BLOCK_BYTES) == record.payloadCrc32c(0);
  }

  private boolean read(final long offset) throws IOException {
    try {
      file.read(offset, ByteBuffer.wrap(payload));
      return true;
    } catch (final ClosedChannelException e) {
      throw e; // by an interrupt: that says nothing of the file
    } catch (final IOException e) {
      return false; // EIO: the page is gone, and so is what was behind it
    }
  }
}
