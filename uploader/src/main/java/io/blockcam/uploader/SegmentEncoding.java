package io.blockcam.uploader;

import io.blockcam.archive.OnceAMinute;
import io.blockcam.archive.log.DigestedBytes;
import io.blockcam.archive.log.DigestedSegment;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Encodes segments on their way from the spool to the archive, where that is worth it. The encoded
 * one stands beside the spool until it is sent; it can be made again at any time. A {@link Lane}'s
 * thread.
 */
final class SegmentEncoding {
  private static final Logger LOG = LoggerFactory.getLogger(SegmentEncoding.class);

  private final Compress compress;
  private final SendRate rate;
  private final Path file;
  private final OnceAMinute telling = new OnceAMinute();
  private @Nullable SegmentEncoder encoder;

  /**
   * @param compress when it is worth it
   * @param rate how fast segments are sent
   * @param file where one is kept until it is sent; the directory above it is made
   */
  SegmentEncoding(final Compress compress, final SendRate rate, final Path file) {
    this.compress = compress;
    this.rate = rate;
    this.file = file;
  }

  /**
   * What is to be sent for a segment.
   *
   * @param trailer of what is sent
   */
  record Parcel(ObjectSource source, SegmentTrailer trailer) {}

  /**
   * Makes what is to be sent for a segment: encoded, or as it is; also where it can not be encoded,
   * since a disk that is full becomes empty only by what is sent.
   *
   * @throws SegmentException when it is damaged in the spool
   */
  Parcel of(final DigestedSegment segment) throws IOException {
    final Parcel raw = new Parcel(new SegmentObjectSource(segment), segment.trailer());
    if (compress == Compress.NEVER) {
      return raw;
    }
    Optional<SegmentEncoder.Encoded> encoded = Optional.empty();
    try (DigestedBytes bytes = segment.open()) {
      encoded = encode(SegmentReader.open(bytes));
    } catch (final SegmentException e) {
      throw e;
    } catch (final IOException | LinkageError e) { // or there is no library that encodes
      if (telling.isDue(System.nanoTime())) {
        LOG.warn(
            "{} is sent as it is, it can not be encoded: {}{}",
            segment.path(),
            e.toString(),
            telling.andOmitted());
      }
    }
    if (encoded.isEmpty()) {
      forget();
      return raw;
    }
    return new Parcel(
        new EncodedSource(segment.path(), file, encoded.get()), encoded.get().trailer());
  }

  private Optional<SegmentEncoder.Encoded> encode(final SegmentReader segment) throws IOException {
    SegmentEncoder encodes = encoder;
    if (encodes == null) {
      encodes = new SegmentEncoder();
      encoder = encodes;
    }
    if (compress == Compress.FASTER && !rate.isFasterEncoded(encodes.sample(segment))) {
      return Optional.empty();
    }
    Files.createDirectories(file.toAbsolutePath().getParent());
    forget();
    try (FileChannel out =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      return encodes.encode(segment, out);
    }
  }

  /** What was encoded is sent, or will not be. What stays in spite of that holds nothing up. */
  void forget() {
    try {
      Files.deleteIfExists(file);
    } catch (final IOException e) {
      LOG.debug("an encoded segment stays: {}", e.toString()); // nor can another one be encoded
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
