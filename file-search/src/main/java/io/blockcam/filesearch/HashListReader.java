package io.blockcam.filesearch;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.luben.zstd.ZstdIOException;
import com.github.luben.zstd.ZstdInputStream;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;

/**
 * Reads a list of hashes. That it is whole is known at its end only: until then what it says may be
 * anything. One thread.
 */
public final class HashListReader {
  private final String file;
  private final InputStream in;
  private final Sha256 digest = new Sha256();
  private final ByteBuffer buffer =
      ByteBuffer.allocate(HashListDescriptor.MOST_PATH_BYTES).order(ByteOrder.LITTLE_ENDIAN);

  private HashListReader(final String file, final InputStream in) {
    this.file = file;
    this.in = in;
  }

  /** Whether a file begins like a list of hashes. */
  public static boolean isOne(final byte[] beginning) {
    return beginning.length >= Long.BYTES
        && ByteBuffer.wrap(beginning).order(ByteOrder.LITTLE_ENDIAN).getLong(0)
            == HashListDescriptor.MAGIC;
  }

  /**
   * Reads one to its end.
   *
   * @param file for errors
   * @param from stays the caller's
   * @param sink is told of all files
   * @return how many files are whole
   * @throws HashListException when it is no list, of another version, cut short, or was edited
   */
  public static long read(final String file, final InputStream from, final FileSink sink)
      throws IOException {
    final ByteBuffer header =
        ByteBuffer.wrap(from.readNBytes(HashListDescriptor.HEADER_BYTES))
            .order(ByteOrder.LITTLE_ENDIAN);
    if (header.remaining() < HashListDescriptor.HEADER_BYTES || !isOne(header.array())) {
      throw new HashListException(file, "is no list of hashes: its first bytes are not BLKCAMHL");
    }
    final int version = header.getInt(Long.BYTES);
    if (version != HashListDescriptor.VERSION) {
      throw new HashListException(
          file,
          "is a list of hashes of version %s, known is 1; was it made by a newer blockcam?"
              .formatted(Integer.toUnsignedString(version)));
    }
    try {
      return new HashListReader(file, new ZstdInputStream(from)).read(sink);
    } catch (final EOFException | ZstdIOException e) {
      throw new HashListException(file, "is cut short, or damaged");
    }
  }

  private long read(final FileSink sink) throws IOException {
    long files = 0;
    while (true) {
      final byte tag = (byte) in.read();
      switch (tag) {
        case HashListDescriptor.FILE -> {
          readFile(sink);
          files += readPieces(sink) ? 1 : 0;
        }
        case HashListDescriptor.END -> {
          final Sha256Digest before = digest.finish();
          final ByteBuffer end = next(tag, Long.BYTES + Sha256Digest.BYTES);
          if (end.getLong() != files || !digest(end).equals(before) || in.read() >= 0) {
            throw damaged();
          }
          return files;
        }
        case -1 -> throw new EOFException();
        default -> throw damaged();
      }
    }
  }

  private void readFile(final FileSink sink) throws IOException {
    final int bytes = Short.toUnsignedInt(next(HashListDescriptor.FILE, Short.BYTES).getShort());
    if (bytes > HashListDescriptor.MOST_PATH_BYTES) {
      throw damaged();
    }
    try {
      sink.begin(UTF_8.newDecoder().decode(next(bytes)).toString());
    } catch (final CharacterCodingException e) {
      throw damaged();
    }
  }

  /** Whether the file is whole. */
  private boolean readPieces(final FileSink sink) throws IOException {
    long bytes = 0;
    boolean last = false;
    while (true) {
      final byte tag = (byte) in.read();
      switch (tag) {
        case HashListDescriptor.PIECE -> {
          final Piece piece = readPiece();
          if (last) {
            throw damaged();
          }
          last = piece.bytes() < Piece.MOST_BYTES;
          bytes += piece.bytes();
          sink.piece(piece);
        }
        case HashListDescriptor.END_OF_FILE -> {
          final ByteBuffer end = next(tag, Long.BYTES + Sha256Digest.BYTES);
          if (end.getLong() != bytes) {
            throw damaged();
          }
          sink.end(bytes, digest(end));
          return true;
        }
        case HashListDescriptor.ABANDONED -> {
          next(tag, 0);
          sink.abandon();
          return false;
        }
        case -1 -> throw new EOFException();
        default -> throw damaged();
      }
    }
  }

  private Piece readPiece() throws IOException {
    final int bytes = Short.toUnsignedInt(next(HashListDescriptor.PIECE, Short.BYTES).getShort());
    if (bytes < 1 || bytes > Piece.MOST_BYTES) {
      throw damaged();
    }
    final long[] sectors = new long[Piece.sectors(bytes)];
    final ByteBuffer rest = next(Sha256Digest.BYTES + 1 + sectors.length * Long.BYTES);
    final Sha256Digest ofPiece = digest(rest);
    final int probative = Byte.toUnsignedInt(rest.get());
    if (probative >= 1 << sectors.length) {
      throw damaged();
    }
    rest.asLongBuffer().get(sectors);
    return new Piece(bytes, ofPiece, sectors, probative);
  }

  private static Sha256Digest digest(final ByteBuffer from) {
    final byte[] bytes = new byte[Sha256Digest.BYTES];
    from.get(bytes);
    return Sha256Digest.of(bytes);
  }

  /** A tag that was read, and what follows it. */
  private ByteBuffer next(final byte tag, final int bytes) throws IOException {
    digest.update(new byte[] {tag}, 0, 1);
    return next(bytes);
  }

  private ByteBuffer next(final int bytes) throws IOException {
    if (in.readNBytes(buffer.array(), 0, bytes) < bytes) {
      throw new EOFException();
    }
    digest.update(buffer.array(), 0, bytes);
    return buffer.clear().limit(bytes);
  }

  private HashListException damaged() {
    return new HashListException(file, "is damaged: it was edited, or it is no list of hashes");
  }
}
