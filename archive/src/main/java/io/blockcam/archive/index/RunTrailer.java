package io.blockcam.archive.index;

import static io.blockcam.archive.index.RunDescriptor.CRC32C_OFFSET;
import static io.blockcam.archive.index.RunDescriptor.DIRECTORY_ENTRY_BYTES;
import static io.blockcam.archive.index.RunDescriptor.EVENTS_OFFSET_OFFSET;
import static io.blockcam.archive.index.RunDescriptor.EVENT_BYTES;
import static io.blockcam.archive.index.RunDescriptor.MAGIC;
import static io.blockcam.archive.index.RunDescriptor.PAGES_OFFSET;
import static io.blockcam.archive.index.RunDescriptor.PIECES_OFFSET;
import static io.blockcam.archive.index.RunDescriptor.TRAILER_BYTES;
import static io.blockcam.archive.index.RunDescriptor.VERSION;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256Digest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The end of a run; see {@link RunDescriptor}. */
record RunTrailer(
    RunCover cover,
    int pages,
    long pieces,
    long eventsOffset,
    long digestsOffset,
    long directoryOffset,
    int events,
    int eventsCrc32c,
    int directoryCrc32c) {

  byte[] encode() {
    final ByteBuffer out = ByteBuffer.allocate(TRAILER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(MAGIC).putInt(VERSION).putInt(pages);
    cover.encode(out);
    out.putLong(PIECES_OFFSET, pieces).position(EVENTS_OFFSET_OFFSET);
    out.putLong(eventsOffset).putLong(digestsOffset).putLong(directoryOffset);
    out.putInt(events).putInt(eventsCrc32c).putInt(directoryCrc32c);
    out.putInt(CRC32C_OFFSET, new Crc32c().of(out.array(), 0, CRC32C_OFFSET));
    return out.array();
  }

  /**
   * Decodes and checks.
   *
   * @param length of the file
   */
  static RunTrailer decode(final byte[] bytes, final long length, final String file)
      throws IndexException {
    final ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getLong(0) != MAGIC || in.getInt(8) != VERSION) {
      throw new IndexException(file, "is no run of an index of version " + VERSION);
    }
    if (in.getInt(CRC32C_OFFSET) != new Crc32c().of(bytes, 0, CRC32C_OFFSET)) {
      throw new IndexException(file, "has a damaged trailer");
    }
    in.position(EVENTS_OFFSET_OFFSET);
    final long eventsOffset = in.getLong();
    final long digestsOffset = in.getLong();
    final long directoryOffset = in.getLong();
    final RunTrailer trailer =
        new RunTrailer(
            RunCover.decode(in),
            in.getInt(PAGES_OFFSET),
            in.getLong(PIECES_OFFSET),
            eventsOffset,
            digestsOffset,
            directoryOffset,
            in.getInt(),
            in.getInt(),
            in.getInt());
    if (!trailer.isPossible(length)) {
      throw new IndexException(file, "says of itself what can not be");
    }
    return trailer;
  }

  private boolean isPossible(final long length) {
    return cover.isPossible()
        && pages >= 0
        && events >= 0
        && events <= Integer.MAX_VALUE / EVENT_BYTES
        && pieces >= 0
        && eventsOffset >= 0
        && digestsOffset == eventsOffset + (long) events * EVENT_BYTES
        && directoryOffset == digestsOffset + cover.segments() * Sha256Digest.BYTES
        && length == directoryOffset + (long) pages * DIRECTORY_ENTRY_BYTES + TRAILER_BYTES;
  }
}
