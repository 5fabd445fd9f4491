package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.segment.SegmentHeaderDescriptor.HEADER_BYTES;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.record.RecordTable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * A sealed segment of the spool for whoever ships it: a stream of its bytes, every one of them
 * checked while it is read, so that one that was damaged in the spool never gets its final name.
 *
 * <p>Payloads are checked by the CRC32C in the record that owns each, tables and trailer by the
 * SHA-256 in the trailer. The SHA-256 of the payloads is left to {@link SegmentCheck}: against
 * accidents it finds no more, and it costs twenty times as much.
 */
public final class SealedSegmentFile {
  private final Path file;
  private final SegmentTrailer trailer;
  private final byte[] header;
  private final byte[] trailerBytes;

  /** By payload index. */
  private final int[] payloadCrc32cs;

  private SealedSegmentFile(
      final Path file,
      final SegmentTrailer trailer,
      final byte[] header,
      final RecordTable records) {
    this.file = file;
    this.trailer = trailer;
    this.header = header;
    this.trailerBytes = trailer.encode();
    this.payloadCrc32cs = payloadCrc32cs(records, trailer.payloadCount());
  }

  /**
   * Reads header, records and trailer of a segment.
   *
   * @param file of the spool
   * @param recordingId the recording it must belong to
   * @throws SegmentException when one of them is damaged, or it is another segment than its name
   *     says
   */
  public static SealedSegmentFile open(final Path file, final UUID recordingId) throws IOException {
    try (FileBytes bytes = FileBytes.open(file)) {
      final SegmentReader reader = SegmentReader.open(bytes);
      final SegmentTrailer trailer = reader.trailer();
      SegmentChain.checkIdentity(
          file.toString(),
          recordingId,
          SegmentName.sealedNumber(String.valueOf(file.getFileName())).orElse(-1),
          trailer.recordingId(),
          trailer.segmentNumber());
      if (!trailer.storage().equals(SegmentStorage.raw(trailer.payloadCount()))) {
        throw SegmentException.of(
            file.toString(), "is encoded or signed, which no segment of a spool is");
      }
      reader.header();
      final byte[] header = new byte[HEADER_BYTES];
      bytes.read(0, ByteBuffer.wrap(header));
      return new SealedSegmentFile(file, trailer, header, reader.records());
    }
  }

  private static int[] payloadCrc32cs(final RecordTable records, final int payloadCount) {
    final int[] crcs = new int[payloadCount];
    for (int i = 0; i < records.count(); i++) {
      if (records.ownsPayload(i)) {
        crcs[records.payloadIndex(i)] = records.payloadCrc32c(i);
      }
    }
    return crcs;
  }

  /** Where it lies. */
  public Path path() {
    return file;
  }

  /** What it holds. */
  public SegmentTrailer trailer() {
    return trailer;
  }

  /**
   * Reads its records. They are not kept.
   *
   * @throws SegmentException when they are damaged by now
   */
  public RecordTable records() throws IOException {
    try (FileBytes bytes = FileBytes.open(file)) {
      return SegmentReader.open(bytes).records();
    }
  }

  /**
   * All its bytes, from the first to the last. The stream is the caller's; it fails with a {@link
   * SegmentException} where a block or a table ends that is not what was sealed.
   */
  public InputStream newInputStream() throws IOException {
    return new Checked(Files.newInputStream(file));
  }

  private final class Checked extends InputStream {
    private final InputStream in;
    private final CRC32C crc = new CRC32C();
    private final Sha256 sha = new Sha256();
    private long position;

    private Checked(final InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      final byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(final byte[] b, final int off, final int len) throws IOException {
      final int count = in.read(b, off, len);
      int done = 0;
      while (done < count) {
        done += check(b, off + done, count - done);
      }
      return count;
    }

    /**
     * Checks some of the bytes that come next.
     *
     * @return how many
     */
    private int check(final byte[] b, final int off, final int len) throws SegmentException {
      if (position < HEADER_BYTES) {
        return compare(b, off, len, header, 0, "the header");
      }
      if (position < trailer.tablesOffset()) {
        return checkPayload(b, off, len);
      }
      if (position < trailer.trailerOffset()) {
        return checkTables(b, off, len);
      }
      return compare(b, off, len, trailerBytes, trailer.trailerOffset(), "the trailer");
    }

    private int compare(
        final byte[] b,
        final int off,
        final int len,
        final byte[] sealed,
        final long sealedOffset,
        final String part)
        throws SegmentException {
      final int at = (int) (position - sealedOffset);
      final int count = Math.min(len, sealed.length - at);
      if (!Arrays.equals(b, off, off + count, sealed, at, at + count)) {
        throw damaged(part);
      }
      position += count;
      return count;
    }

    private int checkPayload(final byte[] b, final int off, final int len) throws SegmentException {
      final long inPayloads = position - HEADER_BYTES;
      final int index = (int) (inPayloads / BLOCK_BYTES);
      final int count = Math.min(len, BLOCK_BYTES - (int) (inPayloads % BLOCK_BYTES));
      crc.update(b, off, count);
      position += count;
      if ((inPayloads + count) % BLOCK_BYTES == 0) {
        if ((int) crc.getValue() != payloadCrc32cs[index]) {
          throw damaged("payload " + index);
        }
        crc.reset();
      }
      return count;
    }

    private int checkTables(final byte[] b, final int off, final int len) throws SegmentException {
      final int count = (int) Math.min(len, trailer.trailerOffset() - position);
      sha.update(b, off, count);
      position += count;
      if (position == trailer.trailerOffset() && !sha.finish().equals(trailer.tablesSha256())) {
        throw damaged("a table");
      }
      return count;
    }

    private SegmentException damaged(final String part) {
      return SegmentException.at(
          file.toString(), position, part + " is not what was sealed: damaged in the spool");
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
