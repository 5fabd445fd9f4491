package io.blockcam.archive.pack;

import static io.blockcam.archive.pack.PackDescriptor.CLOSING_BYTES;
import static io.blockcam.archive.pack.PackDescriptor.ENDS_OFFSET;
import static io.blockcam.archive.pack.PackDescriptor.FIRST_SEGMENT_OFFSET;
import static io.blockcam.archive.pack.PackDescriptor.MAGIC;
import static io.blockcam.archive.pack.PackDescriptor.PACK_BYTES_OFFSET;
import static io.blockcam.archive.pack.PackDescriptor.RECORDING_ID_OFFSET;
import static io.blockcam.archive.pack.PackDescriptor.SEGMENTS_OFFSET;
import static io.blockcam.archive.pack.PackDescriptor.VERSION;

import io.blockcam.archive.FormatVersion;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.segment.Uuids;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/** Where the segments of a pack lie in it; see {@link PackDescriptor}. Immutable. */
public final class PackDirectory {
  private final UUID recordingId;
  private final long first;

  /** Where each segment ends, from the beginning of the pack on. */
  private final long[] ends;

  private PackDirectory(final UUID recordingId, final long first, final long[] ends) {
    this.recordingId = recordingId;
    this.first = first;
    this.ends = ends;
  }

  /**
   * The directory of a pack that is to be made.
   *
   * @param first number of the first segment
   * @param lengths bytes of each segment, in the order of their numbers
   */
  public static PackDirectory of(
      final UUID recordingId, final long first, final List<Long> lengths) {
    final long[] ends = new long[lengths.size()];
    long at = bytes(lengths.size());
    for (int i = 0; i < ends.length; i++) {
      at = Math.addExact(at, lengths.get(i));
      ends[i] = at;
    }
    return new PackDirectory(recordingId, first, ends);
  }

  /**
   * How long the directory of so many segments is. It stands at the beginning of a pack, and once
   * more at its end.
   */
  public static int bytes(final int segments) {
    return ENDS_OFFSET + Math.multiplyExact(segments, Long.BYTES) + CLOSING_BYTES;
  }

  /** As it stands in a pack. */
  public byte[] encode() {
    final byte[] bytes = new byte[bytes(ends.length)];
    final ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(MAGIC).putInt(VERSION).putInt(ends.length);
    Uuids.set(out, RECORDING_ID_OFFSET, recordingId);
    out.putLong(FIRST_SEGMENT_OFFSET, first).putLong(PACK_BYTES_OFFSET, packBytes());
    out.position(ENDS_OFFSET);
    for (final long end : ends) {
      out.putLong(end);
    }
    final int covered = bytes.length - Integer.BYTES;
    out.putInt(covered, new Crc32c().of(bytes, 0, covered));
    return bytes;
  }

  /**
   * Decodes and checks.
   *
   * @param bytes of the directory, as many as {@link #bytes} tells
   * @param recordingId that it must have
   * @param first number of the first segment, as it must be
   * @param file for errors
   * @throws PackException when it is damaged, or of another pack
   */
  public static PackDirectory decode(
      final byte[] bytes, final UUID recordingId, final long first, final String file)
      throws PackException {
    final ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    final int covered = bytes.length - Integer.BYTES;
    if (in.getLong(0) != MAGIC) {
      throw new PackException(file, "is no pack: its first bytes are not BLKCAMPK");
    }
    if (in.getInt(Long.BYTES) != VERSION) {
      throw new PackException(
          file, FormatVersion.unknown(Integer.toUnsignedLong(in.getInt(Long.BYTES)), VERSION));
    }
    if (in.getInt(covered) != new Crc32c().of(bytes, 0, covered)) {
      throw new PackException(file, "has a damaged directory");
    }
    final UUID id = Uuids.get(in, RECORDING_ID_OFFSET);
    final int segments = in.getInt(SEGMENTS_OFFSET);
    if (!id.equals(recordingId)
        || in.getLong(FIRST_SEGMENT_OFFSET) != first
        || segments < 1
        || segments > bytes.length / Long.BYTES // or its length could not be told
        || bytes.length != bytes(segments)) {
      throw new PackException(
          file,
          "is a pack of %d segments from %d of recording %s: it was copied or renamed"
              .formatted(segments, in.getLong(FIRST_SEGMENT_OFFSET), id));
    }
    final long[] ends = new long[segments];
    long before = bytes.length;
    for (int i = 0; i < segments; i++) {
      ends[i] = in.getLong(ENDS_OFFSET + i * Long.BYTES);
      if (ends[i] < before) {
        throw new PackException(file, "has segments that overlap");
      }
      before = ends[i];
    }
    final PackDirectory directory = new PackDirectory(id, first, ends);
    if (before > Long.MAX_VALUE - bytes.length
        || in.getInt(covered - Integer.BYTES) != 0
        || in.getLong(PACK_BYTES_OFFSET) != directory.packBytes()) {
      throw new PackException(file, "says of itself what can not be");
    }
    return directory;
  }

  /** Number of the first segment. */
  public long first() {
    return first;
  }

  /** Number behind the last segment. */
  public long end() {
    return first + ends.length;
  }

  /** Bytes of the whole pack. */
  public long packBytes() {
    return ends[ends.length - 1] + bytes(ends.length);
  }

  /** Where a segment begins in the pack. */
  public long offset(final long number) {
    final int i = index(number);
    return i == 0 ? bytes(ends.length) : ends[i - 1];
  }

  /** Bytes of a segment. */
  public long length(final long number) {
    return ends[index(number)] - offset(number);
  }

  private int index(final long number) {
    return (int) Objects.checkIndex(number - first, (long) ends.length);
  }
}
