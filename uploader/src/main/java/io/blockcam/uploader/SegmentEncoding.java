package io.blockcam.uploader;

import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SealedSegmentFile;
import io.blockcam.archive.segment.SegmentEncoder;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.store.ObjectSource;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Encodes segments on their way from the spool to the archive, where that is worth it. The encoded
 * one stands beside the spool until it is sent; it can be made again at any time. The uploader's
 * thread.
 */
final class SegmentEncoding {
  private final @Nullable Path directory;
  private @Nullable SegmentEncoder encoder;

  /**
   * @param directory where one is kept until it is sent, and is made; null when nothing is encoded
   */
  SegmentEncoding(final @Nullable Path directory) {
    this.directory = directory;
  }

  /**
   * What is to be sent for a segment.
   *
   * @param trailer of what is sent
   */
  record Parcel(ObjectSource source, SegmentTrailer trailer) {}

  /**
   * Makes what is to be sent for a segment: encoded, or as it is.
   *
   * @throws SegmentException when it is damaged in the spool
   */
  Parcel of(final SealedSegmentFile segment) throws IOException {
    final Path place = directory;
    if (place == null) {
      return new Parcel(new SegmentObjectSource(segment), segment.trailer());
    }
    Files.createDirectories(place);
    final Path file = place.resolve("encoded");
    Files.deleteIfExists(file);
    SegmentEncoder encodes = encoder;
    if (encodes == null) {
      encodes = new SegmentEncoder();
      encoder = encodes;
    }
    final Optional<SegmentEncoder.Encoded> encoded;
    try (FileBytes bytes = FileBytes.open(segment.path());
        FileChannel out =
            FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rw-------")))) {
      encoded = encodes.encode(SegmentReader.open(bytes), out);
    }
    if (encoded.isEmpty()) {
      Files.delete(file);
      return new Parcel(new SegmentObjectSource(segment), segment.trailer());
    }
    return new Parcel(
        new EncodedSource(segment.path(), file, encoded.get()), encoded.get().trailer());
  }

  /** What was encoded is sent, or will not be. */
  void forget() throws IOException {
    if (directory != null) {
      Files.deleteIfExists(directory.resolve("encoded"));
    }
  }

  /** An encoded segment; its stream fails at its end when it is not what was written. */
  private record EncodedSource(Path segment, Path file, SegmentEncoder.Encoded encoded)
      implements ObjectSource {

    @Override
    public String describe() {
      return segment + ", encoded";
    }

    @Override
    public long lengthBytes() {
      return encoded.trailer().fileBytes();
    }

    @Override
    public InputStream open() throws IOException {
      return new Checked(Files.newInputStream(file), file, encoded);
    }
  }

  private static final class Checked extends FilterInputStream {
    private final Path file;
    private final SegmentEncoder.Encoded encoded;
    private final CRC32C crc = new CRC32C();
    private long position;

    Checked(final InputStream in, final Path file, final SegmentEncoder.Encoded encoded) {
      super(in);
      this.file = file;
      this.encoded = encoded;
    }

    @Override
    public int read() throws IOException {
      final byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(final byte[] b, final int off, final int len) throws IOException {
      final int count = super.read(b, off, len);
      if (count > 0) {
        crc.update(b, off, count);
        position += count;
        if (position == encoded.trailer().fileBytes() && (int) crc.getValue() != encoded.crc32c()) {
          throw SegmentException.of(file.toString(), "is not what was encoded: damaged since");
        }
      }
      return count;
    }
  }
}
