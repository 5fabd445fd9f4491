package io.blockcam.vmtests.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;

/** A published segment, read whole and checked in every part that the format gives a checksum. */
public final class Segment {

  static final int BLOCK_BYTES = 4096;

  private static final int HEADER_BYTES = 4096;
  private static final int TRAILER_BYTES = 512;
  private static final int RECORD_BYTES = 64;
  private static final int HASHES_BYTES = 64;
  private static final int DIGEST_AT = 240;
  private static final int FRAME_PAYLOADS = 32;
  private static final int SHA256_BYTES = 32;

  private final String name;

  /** All of it, until its payloads are of no more use. */
  private ByteBuffer bytes;

  private final ByteBuffer trailer;
  private final int payloadCount;
  private final List<Event> events;

  private Segment(final String name, final byte[] stored) {
    this.name = name;
    final byte[] content = decoded(stored);
    this.bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    must(content.length >= HEADER_BYTES + RECORD_BYTES + TRAILER_BYTES, "is long enough");
    this.trailer =
        ByteBuffer.wrap(content, content.length - TRAILER_BYTES, TRAILER_BYTES)
            .slice()
            .order(ByteOrder.LITTLE_ENDIAN);
    checkHeader();
    this.payloadCount = (int) trailer.getLong(56);
    checkTrailer(content);
    this.events = readRecords((int) trailer.getLong(48));
  }

  /** Reads and checks a segment file. */
  public static Segment read(final Path file) {
    try {
      return of(file.getFileName().toString(), Files.readAllBytes(file));
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Checks the bytes of a segment file. */
  public static Segment of(final String name, final byte[] content) {
    return new Segment(name, content);
  }

  /** Forgets the payloads: those of a long recording are too much for a test host. */
  Segment withoutPayloads() {
    bytes = ByteBuffer.allocate(0);
    return this;
  }

  public List<Event> events() {
    return events;
  }

  public long number() {
    return trailer.getLong(40);
  }

  public long epoch() {
    return trailer.getLong(32);
  }

  public long diskBytes() {
    return trailer.getLong(96);
  }

  public UUID recordingId() {
    // The bytes of a UUID stand in the order of RFC 9562: big-endian.
    final ByteBuffer id = trailer.duplicate().order(ByteOrder.BIG_ENDIAN);
    return new UUID(id.getLong(16), id.getLong(24));
  }

  byte[] digest() {
    return part(trailer, DIGEST_AT, 32);
  }

  byte[] previousDigest() {
    return part(trailer, 176, 32);
  }

  byte[] payload(final int index) {
    must(index >= 0 && index < payloadCount, "has payload " + index);
    return part(bytes, HEADER_BYTES + index * BLOCK_BYTES, BLOCK_BYTES);
  }

  private void checkHeader() {
    must(ascii(bytes, 0).equals("BLKCAMSG"), "begins with the magic");
    must(bytes.getInt(8) == 1 && bytes.getInt(12) == HEADER_BYTES, "has version 1");
    must(bytes.getInt(72) == BLOCK_BYTES, "has 4 KiB blocks");
    must(crc(bytes, 0, 4092) == bytes.getInt(4092), "has a whole header");
    for (int at = 76; at < 4092; at++) {
      must(bytes.get(at) == 0, "has zeroes in the rest of the header");
    }
  }

  private void checkTrailer(final byte[] content) {
    must(ascii(trailer, 0).equals("BLKCAMTR") && trailer.getInt(8) == 1, "has a trailer");
    must(crc(trailer, 0, 508) == trailer.getInt(508), "has a whole trailer");
    must((trailer.getInt(12) & ~1) == 0, "is no base of a folded history");
    must(trailer.getInt(276) == 0 && trailer.getInt(288) == 0, "has no signature");
    for (int at = 292; at < 508; at++) {
      must(trailer.get(at) == 0, "has zeroes in the rest of the trailer");
    }
    final long tablesAt = HEADER_BYTES + (long) payloadCount * BLOCK_BYTES;
    final long trailerAt = recordsAt() + trailer.getLong(48) * RECORD_BYTES;
    must(trailerAt + TRAILER_BYTES == content.length, "has nothing else in it");
    must(
        Arrays.equals(part(bytes, 16, 32), part(trailer, 16, 32)),
        "has the same recording, epoch and number in header and trailer");
    must(bytes.getLong(48) == trailer.getLong(64), "has one first sequence");
    must(bytes.getLong(64) == diskBytes(), "has one disk size");
    must(
        Arrays.equals(sha256(content, 0, HEADER_BYTES), part(trailer, 112, 32)),
        "has the header of its digest");
    for (int frame = 0; frame < frames(); frame++) {
      final int first = frame * FRAME_PAYLOADS;
      final int payloads = Math.min(FRAME_PAYLOADS, payloadCount - first);
      must(
          Arrays.equals(
              sha256(content, HEADER_BYTES + first * BLOCK_BYTES, payloads * BLOCK_BYTES),
              part(bytes, (int) tablesAt + frame * SHA256_BYTES, SHA256_BYTES)),
          "has frame " + frame + " of its digest");
    }
    must(
        Arrays.equals(
            sha256(content, (int) tablesAt, (int) (trailerAt - tablesAt)), part(trailer, 144, 32)),
        "has the tables of its digest");
    must(
        Arrays.equals(sha256(content, (int) trailerAt, DIGEST_AT), digest()),
        "has the trailer of its digest");
  }

  /** The same with raw payloads; the trailer stays as it is. */
  private byte[] decoded(final byte[] stored) {
    final ByteBuffer in = ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN);
    must(stored.length >= HEADER_BYTES + RECORD_BYTES + TRAILER_BYTES, "is long enough");
    final int trailerAt = stored.length - TRAILER_BYTES;
    final int payloads = (int) in.getLong(trailerAt + 56);
    final int payloadBytes = (int) in.getLong(trailerAt + 280);
    if (in.getInt(trailerAt + 272) == 0) {
      must(payloadBytes == payloads * BLOCK_BYTES, "has raw payloads");
      return stored;
    }
    must(in.getInt(trailerAt + 272) == 1, "has zstd frames");
    final int frames = (payloads + FRAME_PAYLOADS - 1) / FRAME_PAYLOADS;
    final int lengthsAt = trailerAt - frames * Integer.BYTES;
    final int tablesBytes = lengthsAt - HEADER_BYTES - payloadBytes;
    final ByteBuffer out =
        ByteBuffer.allocate(HEADER_BYTES + payloads * BLOCK_BYTES + tablesBytes + TRAILER_BYTES);
    out.put(stored, 0, HEADER_BYTES);
    int at = HEADER_BYTES;
    for (int frame = 0; frame < frames; frame++) {
      final int length = in.getInt(lengthsAt + frame * Integer.BYTES);
      final int plain = Math.min(FRAME_PAYLOADS, payloads - frame * FRAME_PAYLOADS) * BLOCK_BYTES;
      final byte[] bytes = Arrays.copyOfRange(stored, at, at + length);
      out.put(length == plain ? bytes : Zstd.decompress(bytes, plain));
      at += length;
    }
    must(at == HEADER_BYTES + payloadBytes, "has its payloads in the bytes it says");
    out.put(stored, at, tablesBytes).put(stored, trailerAt, TRAILER_BYTES);
    return out.array();
  }

  private int frames() {
    return (payloadCount + FRAME_PAYLOADS - 1) / FRAME_PAYLOADS;
  }

  private long recordsAt() {
    return HEADER_BYTES
        + (long) payloadCount * (BLOCK_BYTES + HASHES_BYTES)
        + (long) frames() * SHA256_BYTES;
  }

  private List<Event> readRecords(final int count) {
    final List<Event> read = new ArrayList<>(count);
    int at = (int) recordsAt();
    for (int i = 0; i < count; i++, at += RECORD_BYTES) {
      must(crc(bytes, at, 60) == bytes.getInt(at + 60), "has record " + i + " whole");
      must(bytes.getLong(at + 48) == 0 && bytes.getInt(at + 56) == 0, "has reserved zeroes");
      final Event event =
          new Event(
              bytes.getLong(at),
              bytes.getLong(at + 8),
              bytes.getLong(at + 16),
              Integer.toUnsignedLong(bytes.getInt(at + 24)),
              Byte.toUnsignedInt(bytes.get(at + 28)),
              Byte.toUnsignedInt(bytes.get(at + 29)),
              Short.toUnsignedInt(bytes.getShort(at + 30)),
              bytes.getInt(at + 32),
              bytes.getInt(at + 36),
              bytes.getLong(at + 40),
              this);
      check(event, trailer.getLong(64) + i);
      read.add(event);
    }
    must(read.getFirst().timestampNs() == trailer.getLong(80), "has its first timestamp");
    must(read.getLast().sequence() == trailer.getLong(72), "has its last sequence");
    must(read.getLast().timestampNs() == trailer.getLong(88), "has its last timestamp");
    return List.copyOf(read);
  }

  private void check(final Event event, final long sequence) {
    must(event.sequence() == sequence, "has sequence " + sequence + " in its place: " + event);
    must(event.kind() >= 1 && event.kind() <= 13, "has known kinds only: " + event);
    if (event.hasPayload()) {
      must(event.runBlocks() == (event.kind() == Event.MARK ? 0 : 1), "has one block: " + event);
      must(event.has(Event.ALL_ZERO) == (event.payloadIndex() == -1), "stores it: " + event);
      final ByteBuffer payload = ByteBuffer.wrap(event.payload());
      must(crc(payload, 0, BLOCK_BYTES) == event.payloadCrc32c(), "has the payload of " + event);
      if (event.kind() == Event.DATA) {
        checkOutsideMask(event, payload);
      }
    } else {
      must(event.payloadIndex() == -1 && event.payloadCrc32c() == 0, "has no payload: " + event);
      must(event.runBlocks() <= 1 || event.sectorMask() == Event.WHOLE_BLOCK, "runs: " + event);
    }
  }

  private void checkOutsideMask(final Event event, final ByteBuffer payload) {
    must(event.sectorMask() != 0, "wrote something: " + event);
    for (int at = 0; at < BLOCK_BYTES && event.sectorMask() != Event.WHOLE_BLOCK; at++) {
      must(
          (event.sectorMask() >> (at / 512) & 1) == 1 || payload.get(at) == 0,
          "has zeroes in what was not written: " + event);
    }
  }

  private void must(final boolean holds, final String what) {
    if (!holds) {
      throw new AssertionError("segment " + name + ": it is not so that it " + what);
    }
  }

  private static String ascii(final ByteBuffer from, final int at) {
    return new String(part(from, at, 8), US_ASCII);
  }

  private static byte[] part(final ByteBuffer from, final int at, final int length) {
    final byte[] part = new byte[length];
    from.get(at, part);
    return part;
  }

  private static int crc(final ByteBuffer of, final int at, final int length) {
    final CRC32C crc = new CRC32C();
    crc.update(of.slice(at, length));
    return (int) crc.getValue();
  }

  static byte[] sha256(final byte[] of, final int at, final int length) {
    try {
      final MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(of, at, length);
      return digest.digest();
    } catch (final NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
