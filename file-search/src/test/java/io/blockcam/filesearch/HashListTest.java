package io.blockcam.filesearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What a file is known by, written and read again. */
final class HashListTest {
  private final byte[] content = content();

  private static byte[] content() {
    final byte[] content = new byte[2 * Piece.MOST_BYTES + 700];
    new SplittableRandom(2).nextBytes(content);
    Arrays.fill(content, 512, 1024, (byte) 0);
    return content;
  }

  @Test
  void knowsAFileByItsPieces() throws IOException {
    final Told told = new Told();
    new FileHasher().read("a", new ByteArrayInputStream(content), told);

    assertThat(told.pieces).hasSize(3);
    final Piece first = told.pieces.getFirst();
    assertThat(first.bytes()).isEqualTo(4096);
    assertThat(first.digest()).isEqualTo(Sha256.of(Arrays.copyOf(content, 4096)));
    assertThat(first.sectorHash(0)).isEqualTo(SectorHash.of(content, 0));
    assertThat(first.sectorHash(1)).isEqualTo(SectorHash.ZERO_SECTOR);
    assertThat(first.isProbative(0)).isTrue();
    assertThat(first.isProbative(1)).isFalse();
    final Piece last = told.pieces.getLast();
    final byte[] tail = Arrays.copyOfRange(content, 2 * 4096, content.length);
    assertThat(last.sectors()).isEqualTo(2);
    assertThat(last.digest()).isEqualTo(Sha256.of(tail));
    assertThat(last.sectorHash(1))
        .as("filled with zeroes")
        .isEqualTo(SectorHash.of(Arrays.copyOf(tail, 1024), 512));
    assertThat(told.lines).containsExactly("begin a", "end 8892 " + Sha256.of(content));
  }

  @Test
  void readsWhatItHasWritten() throws IOException {
    final Told told = new Told();
    final byte[] list = list(told);
    final Told read = new Told();
    assertThat(HashListReader.read("list", new ByteArrayInputStream(list), read)).isEqualTo(2);
    assertThat(read.lines).isEqualTo(told.lines).contains("abandon");
    assertThat(read.pieces).isEqualTo(told.pieces);
    assertThat(HashListReader.isOne(list)).isTrue();
  }

  @Test
  void isNoListWithoutItsEnd() throws IOException {
    final byte[] list = list(new Told());
    for (int bytes = 0; bytes < list.length; bytes += 37) {
      final byte[] cut = Arrays.copyOf(list, bytes);
      assertThatThrownBy(() -> read(cut))
          .isInstanceOf(HashListException.class)
          .hasMessageStartingWith("list: ");
    }
  }

  @Test
  void noticesAnyChange() throws IOException {
    final byte[] list = list(new Told());
    final SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 300; i++) {
      final byte[] edited = list.clone();
      final int at = random.nextInt(list.length);
      if (at < 12 || at >= 16) { // what is reserved is not looked at
        edited[at] ^= (byte) (1 << random.nextInt(8));
        assertThatThrownBy(() -> read(edited)).isInstanceOf(HashListException.class);
      }
    }
  }

  @Test
  void refusesAListOfAnotherVersion() throws IOException {
    final byte[] list = list(new Told());
    list[8] = 2;
    assertThatThrownBy(() -> read(list)).hasMessageContaining("version 2");
  }

  private static void read(final byte[] list) throws IOException {
    HashListReader.read("list", new ByteArrayInputStream(list), new Told());
  }

  /** Of a file, an empty one, and one that breaks off. */
  private byte[] list(final Told told) throws IOException {
    final ByteArrayOutputStream out = new ByteArrayOutputStream();
    final FileHasher hasher = new FileHasher();
    try (HashListWriter writer = new HashListWriter(out)) {
      final FileSink both = new Both(told, writer);
      hasher.read("dir/a b", new ByteArrayInputStream(content), both);
      hasher.read("empty", InputStream.nullInputStream(), both);
      assertThatThrownBy(() -> hasher.read("gone", broken(content), both))
          .isInstanceOf(IOException.class);
      writer.finish();
    }
    return out.toByteArray();
  }

  private static final class Told implements FileSink {
    private final List<String> lines = new ArrayList<>();
    private final List<Piece> pieces = new ArrayList<>();

    @Override
    public void begin(final String path) {
      lines.add("begin " + path);
    }

    @Override
    public void piece(final Piece piece) {
      pieces.add(piece);
    }

    @Override
    public void end(final long bytes, final Sha256Digest digest) {
      lines.add("end " + bytes + " " + digest);
    }

    @Override
    public void abandon() {
      lines.add("abandon");
    }
  }

  private record Both(FileSink one, FileSink other) implements FileSink {
    @Override
    public void begin(final String path) throws IOException {
      one.begin(path);
      other.begin(path);
    }

    @Override
    public void piece(final Piece piece) throws IOException {
      one.piece(piece);
      other.piece(piece);
    }

    @Override
    public void end(final long bytes, final Sha256Digest digest) throws IOException {
      one.end(bytes, digest);
      other.end(bytes, digest);
    }

    @Override
    public void abandon() throws IOException {
      one.abandon();
      other.abandon();
    }
  }

  /** Ends with an error. */
  private static InputStream broken(final byte[] content) {
    return new SequenceInputStream(
        new ByteArrayInputStream(content),
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("the disk is gone");
          }
        });
  }
}
