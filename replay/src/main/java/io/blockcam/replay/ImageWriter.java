package io.blockcam.replay;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.segment.PayloadReader;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.history.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Writes a moment of the disk as a sparse raw image.
 *
 * <p>Every payload is checked against its record before it is written. The image is made under
 * another name in the same directory and gets its own at the end, so a file of that name is always
 * whole; on any failure nothing stays.
 */
public final class ImageWriter {

  private static final int HASH_CHUNK_BYTES = 1 << 20;

  private final long diskBytes;
  private final List<Segment> segments;
  private final BlockMap map;
  private final Progress progress;
  private final PayloadReader payloads = new PayloadReader();
  private long bytesWritten;

  /** Is told how far it is. */
  public interface Progress {

    /**
     * @param what a word for the phase
     * @param done bytes
     * @param total bytes
     */
    void update(String what, long done, long total);
  }

  /**
   * A finished image.
   *
   * @param file where it is
   * @param bytes its size
   * @param dataBytes of it that came from the record; the rest are holes
   * @param sha256 of the whole image, holes included, in hexadecimal
   */
  public record Image(Path file, long bytes, long dataBytes, String sha256) {}

  /**
   * @param segments the list the map was built from
   */
  public ImageWriter(
      final long diskBytes,
      final List<Segment> segments,
      final BlockMap map,
      final Progress progress) {
    this.diskBytes = diskBytes;
    this.segments = segments;
    this.map = map;
    this.progress = progress;
  }

  /**
   * Writes the image.
   *
   * @param file where
   * @param replace whether an existing file may be replaced
   * @throws ImageFileException when the file exists or cannot be written
   * @throws io.blockcam.archive.segment.SegmentException when a payload is damaged
   */
  public Image write(final Path file, final boolean replace) throws IOException {
    final String sha256 = NewFile.make(file, replace, this::write);
    return new Image(file.toAbsolutePath(), diskBytes, bytesWritten, sha256);
  }

  private String write(final NewFile out) throws IOException {
    out.setLength(diskBytes);
    for (int s = 0; s < segments.size(); s++) {
      writeSegment(out, s);
    }
    return hash(out);
  }

  private void writeSegment(final NewFile out, final int s) throws IOException {
    final int[] pieces = map.piecesOf(s);
    if (pieces.length == 0) {
      return;
    }
    final SegmentReader segment = segments.get(s).reader();
    payloads.read(
        segment,
        segment.tables(),
        map.payloadsOf(pieces),
        (i, payload) -> {
          writePiece(out, pieces[i], payload);
          progress.update("restoring", bytesWritten, (long) map.pieces() * BLOCK_BYTES);
        });
  }

  private void writePiece(final NewFile out, final int piece, final ByteBuffer payload)
      throws IOException {
    final int at = payload.position();
    final long start = map.block(piece) * BLOCK_BYTES;
    final int mask = map.mask(piece);
    if (mask == WHOLE_BLOCK) {
      put(out, payload, start);
      return;
    }
    int sector = 0;
    while (sector < BLOCK_SECTORS) {
      int end = sector;
      while (end < BLOCK_SECTORS && (mask & 1 << end) != 0) {
        end++;
      }
      if (end > sector) {
        put(
            out,
            payload.duplicate().limit(at + end * SECTOR_BYTES).position(at + sector * SECTOR_BYTES),
            start + (long) sector * SECTOR_BYTES);
        sector = end;
      } else {
        sector++;
      }
    }
  }

  private void put(final NewFile out, final ByteBuffer data, final long at) throws IOException {
    // The last block may reach beyond the end of a disk that is no whole number of blocks.
    final long room = diskBytes - at;
    if (room <= 0) {
      return;
    }
    if (data.remaining() > room) {
      data.limit(data.position() + (int) room);
    }
    bytesWritten += data.remaining();
    out.write(data, at);
  }

  private String hash(final NewFile in) throws IOException {
    final MessageDigest sha = sha256();
    final ByteBuffer chunk = ByteBuffer.allocate(HASH_CHUNK_BYTES);
    for (long at = 0; at < diskBytes; ) {
      chunk.clear();
      final int n = in.read(chunk, at);
      if (n <= 0) {
        throw new IOException("the image ends at " + at + " of " + diskBytes + " bytes");
      }
      sha.update(chunk.flip());
      at += n;
      progress.update("hashing", at, diskBytes);
    }
    return HexFormat.of().formatHex(sha.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (final NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
