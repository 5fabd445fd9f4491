package io.blockcam.archive.index;

import static io.blockcam.archive.index.RunDescriptor.COVER_OFFSET;
import static io.blockcam.archive.index.RunDescriptor.CRC32C_OFFSET;
import static io.blockcam.archive.index.RunDescriptor.DIRECTORY_ENTRY_BYTES;
import static io.blockcam.archive.index.RunDescriptor.EVENTS_OFFSET_OFFSET;
import static io.blockcam.archive.index.RunDescriptor.EVENT_BYTES;
import static io.blockcam.archive.index.RunDescriptor.HAS_REFS;
import static io.blockcam.archive.index.RunDescriptor.MAGIC;
import static io.blockcam.archive.index.RunDescriptor.PAGES_OFFSET;
import static io.blockcam.archive.index.RunDescriptor.PREVIOUS_DIGEST_OFFSET;
import static io.blockcam.archive.index.RunDescriptor.TRAILER_BYTES;
import static io.blockcam.archive.index.RunDescriptor.VERSION;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.Sha256Digest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.UUID;

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
    int directoryCrc32c,
    Refs refs) {

  /**
   * Where references to records are.
   *
   * @param areIn whether they are in the run
   * @param keys by what they hold
   * @param blocks by their block, those of one
   * @param runs by their first block, those of several
   */
  record Refs(boolean areIn, RefTable.Place keys, RefTable.Place blocks, RefTable.Place runs) {

    private void encode(final ByteBuffer out) {
      out.putInt(areIn ? HAS_REFS : 0);
      for (final RefTable.Place place : List.of(keys, blocks, runs)) {
        out.putLong(place.count()).putLong(place.offset()).putLong(place.directoryOffset());
        out.putInt(place.summaryCrc32c()).putInt(0);
      }
    }

    private static Refs decode(final ByteBuffer in) {
      return new Refs((in.getInt() & HAS_REFS) != 0, place(in), place(in), place(in));
    }

    private static RefTable.Place place(final ByteBuffer in) {
      final RefTable.Place place =
          new RefTable.Place(in.getLong(), in.getLong(), in.getLong(), in.getInt());
      in.getInt();
      return place;
    }

    private boolean arePossible(final long eventsOffset) {
      return keys.isPossible()
          && blocks.isPossible()
          && runs.isPossible()
          && blocks.offset() == keys.end()
          && runs.offset() == blocks.end()
          && eventsOffset == runs.end();
    }
  }

  byte[] encode() {
    final ByteBuffer out = ByteBuffer.allocate(TRAILER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(MAGIC).putInt(VERSION).putInt(pages);
    final UUID id = cover.recordingId();
    out.order(ByteOrder.BIG_ENDIAN); // as UUIDs are written, RFC 9562
    out.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    out.order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(cover.firstSegment()).putLong(cover.lastSegment());
    out.putLong(cover.firstSequence()).putLong(cover.lastSequence());
    out.putLong(cover.epoch()).putLong(cover.lastTimestampNs());
    out.putLong(cover.diskBytes()).putLong(pieces);
    out.put(cover.previousDigest().toByteArray()).put(cover.lastDigest().toByteArray());
    out.putLong(eventsOffset).putLong(digestsOffset).putLong(directoryOffset);
    out.putInt(events).putInt(eventsCrc32c).putInt(directoryCrc32c);
    refs.encode(out);
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
    in.position(RunDescriptor.RECORDING_ID_OFFSET).order(ByteOrder.BIG_ENDIAN);
    final UUID id = new UUID(in.getLong(), in.getLong());
    in.position(COVER_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
    final long firstSegment = in.getLong();
    final long lastSegment = in.getLong();
    final long firstSequence = in.getLong();
    final long lastSequence = in.getLong();
    final long epoch = in.getLong();
    final long lastTimestampNs = in.getLong();
    final long diskBytes = in.getLong();
    final long pieces = in.getLong();
    in.position(PREVIOUS_DIGEST_OFFSET);
    final RunCover cover =
        new RunCover(
            id,
            diskBytes,
            firstSegment,
            lastSegment,
            firstSequence,
            lastSequence,
            epoch,
            lastTimestampNs,
            digest(in),
            digest(in));
    in.position(EVENTS_OFFSET_OFFSET);
    final long eventsOffset = in.getLong();
    final long digestsOffset = in.getLong();
    final long directoryOffset = in.getLong();
    final RunTrailer trailer =
        new RunTrailer(
            cover,
            in.getInt(PAGES_OFFSET),
            pieces,
            eventsOffset,
            digestsOffset,
            directoryOffset,
            in.getInt(),
            in.getInt(),
            in.getInt(),
            Refs.decode(in));
    if (!trailer.isPossible(length)) {
      throw new IndexException(file, "says of itself what can not be");
    }
    return trailer;
  }

  private static Sha256Digest digest(final ByteBuffer in) {
    final byte[] bytes = new byte[Sha256Digest.BYTES];
    in.get(bytes);
    return Sha256Digest.of(bytes);
  }

  private boolean isPossible(final long length) {
    return cover.diskBytes() > 0
        && cover.firstSegment() >= 0
        && cover.segments() > 0
        && cover.segments() <= RecordRef.MAX_SEGMENTS
        && pages >= 0
        && events >= 0
        && events <= Integer.MAX_VALUE / EVENT_BYTES
        && pieces >= 0
        && eventsOffset >= 0
        && refs.arePossible(eventsOffset)
        && digestsOffset == eventsOffset + (long) events * EVENT_BYTES
        && directoryOffset == digestsOffset + cover.segments() * Sha256Digest.BYTES
        && length == directoryOffset + (long) pages * DIRECTORY_ENTRY_BYTES + TRAILER_BYTES;
  }
}
