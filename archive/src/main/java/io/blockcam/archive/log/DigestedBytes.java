package io.blockcam.archive.log;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentHeaderDescriptor;
import io.blockcam.archive.segment.SegmentTrailer;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * The bytes of a segment that stands in its log: header, tables and trailer from memory, payloads
 * from the file, each checked.
 */
public final class DigestedBytes implements RandomAccessBytes, Closeable {
  /** So much of the log is read at once: some fifty payloads. */
  private static final int RUN_BYTES = 256 << 10;

  private final FileBytes log;
  private final SegmentTrailer trailer;
  private final DigestedSegment.Tables tables;
  private final byte[] header;
  private final byte[] frameDigests;
  private final byte[] trailerBytes;
  private final DigestedSegment segment;
  private boolean closed;

  DigestedBytes(
      final FileBytes log, final DigestedSegment segment, final DigestedSegment.Tables tables) {
    this.log = log;
    this.segment = segment;
    this.trailer = segment.trailer();
    this.tables = tables;
    this.header = segment.header();
    this.frameDigests = segment.frameDigests();
    this.trailerBytes = trailer.encode();
  }

  @Override
  public long length() {
    return trailer.fileBytes();
  }

  @Override
  public String name() {
    return log.name();
  }

  @Override
  public void read(final long offset, final ByteBuffer into) throws IOException {
    if (into.remaining() > length() - offset) {
      throw new EOFException(
          "%s has %d bytes as a segment, %d from byte %d on were expected"
              .formatted(name(), length(), into.remaining(), offset));
    }
    long at = offset;
    while (into.hasRemaining()) {
      final int before = into.remaining();
      if (at < SegmentHeaderDescriptor.HEADER_BYTES) {
        copy(header, at, into);
      } else if (at < trailer.tablesOffset()) {
        readPayloads(at - SegmentHeaderDescriptor.HEADER_BYTES, into);
      } else if (at < trailer.hashesOffset()) {
        copy(frameDigests, at - trailer.tablesOffset(), into);
      } else if (at < trailer.recordsOffset()) {
        copy(tables.hashes(), at - trailer.hashesOffset(), into);
      } else if (at < trailer.trailerOffset()) {
        copy(tables.records(), at - trailer.recordsOffset(), into);
      } else {
        copy(trailerBytes, at - trailer.trailerOffset(), into);
      }
      at += before - into.remaining();
    }
  }

  private static void copy(final byte[] from, final long offset, final ByteBuffer into) {
    into.put(from, (int) offset, (int) Math.min(from.length - offset, into.remaining()));
  }

  /** Some of the payloads that are wanted, with what stands between them in the log. */
  private void readPayloads(final long offset, final ByteBuffer into) throws IOException {
    final int first = (int) (offset / BLOCK_BYTES);
    final int skipped = (int) (offset % BLOCK_BYTES);
    final int wanted =
        (int)
            Math.min(
                Math.ceilDiv((long) skipped + into.remaining(), BLOCK_BYTES),
                trailer.payloadCount() - first);
    final long begin = tables.offset(first);
    int count = 1;
    while (count < wanted && tables.offset(first + count) + BLOCK_BYTES - begin <= RUN_BYTES) {
      count++;
    }
    final byte[] run = new byte[(int) (tables.offset(first + count - 1) + BLOCK_BYTES - begin)];
    try {
      log.read(begin, ByteBuffer.wrap(run));
    } catch (final IOException e) {
      throw DigestedSegment.unreadable(Path.of(name()), e);
    }
    final Crc32c crc = new Crc32c();
    for (int i = 0; i < count; i++) {
      final int at = (int) (tables.offset(first + i) - begin);
      if (crc.of(run, at, BLOCK_BYTES) != tables.crc32c(first + i)) {
        throw SegmentException.at(
            name(),
            begin + at,
            "payload %d is not what was recorded: damaged in the spool".formatted(first + i));
      }
      final int from = i == 0 ? skipped : 0;
      into.put(run, at + from, Math.min(BLOCK_BYTES - from, into.remaining()));
    }
  }

  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      segment.giveRoomBack();
      log.close();
    }
  }
}
