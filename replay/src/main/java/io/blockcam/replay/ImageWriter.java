package io.blockcam.replay;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.Directories;
import io.blockcam.archive.segment.PayloadReader;
import io.blockcam.archive.segment.SegmentReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Set;

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
    final Path target = file.toAbsolutePath();
    if (Files.exists(target) && !Files.isRegularFile(target)) {
      // A device node would be replaced by the image, not written.
      throw new ImageFileException(
          ImageFileException.Kind.EXISTS,
          target
              + (Files.isDirectory(target) ? " is a directory" : " is no regular file")
              + ": name a file, and copy it from there");
    }
    if (!replace && Files.exists(target)) {
      throw exists(target);
    }
    final Path part =
        target.resolveSibling(target.getFileName() + ".part-" + ProcessHandle.current().pid());
    boolean done = false;
    final Thread interrupted = new Thread(() -> deleteQuietly(part), "image-remover");
    Runtime.getRuntime().addShutdownHook(interrupted); // Ctrl-C
    try {
      final String sha256 = writePart(part, target);
      if (replace) {
        Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
      } else {
        // link(2) fails if somebody made a file of that name meanwhile; rename(2) would replace it.
        link(target, part);
      }
      Directories.force(Objects.requireNonNull(target.toAbsolutePath().getParent()));
      done = true;
      return new Image(target, diskBytes, bytesWritten, sha256);
    } finally {
      if (!done || !replace) {
        Files.deleteIfExists(part);
      }
      try {
        Runtime.getRuntime().removeShutdownHook(interrupted);
      } catch (final IllegalStateException e) {
        // It runs.
      }
    }
  }

  private static void deleteQuietly(final Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (final IOException e) {
      // The process ends, and nobody could do more.
    }
  }

  private static void link(final Path target, final Path part) throws IOException {
    try {
      Files.createLink(target, part);
    } catch (final FileAlreadyExistsException e) {
      throw exists(target);
    } catch (final IOException | UnsupportedOperationException e) {
      // A file system without hard links.
      Files.move(part, target);
    }
  }

  private static ImageFileException exists(final Path target) {
    return new ImageFileException(
        ImageFileException.Kind.EXISTS, target + " exists: name another file or give --force");
  }

  private String writePart(final Path part, final Path target) throws IOException {
    try (FileChannel out =
        FileChannel.open(
            part,
            Set.of(
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.SPARSE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      try {
        setLength(out);
        for (int s = 0; s < segments.size(); s++) {
          writeSegment(out, s);
        }
        out.force(false);
        return hash(out);
      } catch (final StoreIsNotTheImage e) {
        throw new ImageFileException(
            ImageFileException.Kind.ENVIRONMENT,
            "cannot write " + target + ": " + e.reason() + "; nothing of it is left");
      }
    } catch (final NoSuchFileException e) {
      throw new ImageFileException(
          ImageFileException.Kind.ENVIRONMENT,
          "cannot write " + target + ": there is no directory " + target.getParent());
    } catch (final FileSystemException e) {
      throw new ImageFileException(
          ImageFileException.Kind.ENVIRONMENT,
          "cannot write " + target + ": " + (e.getReason() == null ? e : e.getReason()));
    }
  }

  /** Marks failures of the image's own file, as opposed to the archive's. */
  private static final class StoreIsNotTheImage extends IOException {
    private static final long serialVersionUID = 1L;

    StoreIsNotTheImage(final IOException cause) {
      super(cause);
    }

    String reason() {
      final Throwable cause = getCause();
      return cause == null ? "unknown" : String.valueOf(cause.getMessage());
    }
  }

  private void setLength(final FileChannel out) throws StoreIsNotTheImage {
    try {
      // The last byte gives the file its length; the rest is a hole.
      out.write(ByteBuffer.allocate(1), diskBytes - 1);
    } catch (final IOException e) {
      throw new StoreIsNotTheImage(e);
    }
  }

  private void writeSegment(final FileChannel out, final int s) throws IOException {
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

  private void writePiece(final FileChannel out, final int piece, final ByteBuffer payload)
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

  private void put(final FileChannel out, final ByteBuffer data, final long at) throws IOException {
    // The last block may reach beyond the end of a disk that is no whole number of blocks.
    final long room = diskBytes - at;
    if (room <= 0) {
      return;
    }
    if (data.remaining() > room) {
      data.limit(data.position() + (int) room);
    }
    bytesWritten += data.remaining();
    long position = at;
    try {
      while (data.hasRemaining()) {
        position += out.write(data, position);
      }
    } catch (final IOException e) {
      throw new StoreIsNotTheImage(e);
    }
  }

  private String hash(final FileChannel in) throws IOException {
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
