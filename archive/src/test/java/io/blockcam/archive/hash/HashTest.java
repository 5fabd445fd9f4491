package io.blockcam.archive.hash;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class HashTest {
  @Test
  void agreesWithTheVectorsOfRfc3720() {
    final Crc32c crc = new Crc32c();
    final byte[] ones = new byte[32];
    Arrays.fill(ones, (byte) 0xff);
    assertThat(crc.of(new byte[32], 0, 32)).isEqualTo(0x8a9136aa);
    assertThat(crc.of(ones, 0, 32)).isEqualTo(0x62a8ab43);
    assertThat(crc.of("123456789".getBytes(US_ASCII), 0, 9)).isEqualTo(0xe3069283);
  }

  @Test
  void knowsTheCrcOfAZeroBlock() {
    assertThat(new Crc32c().of(new byte[4096], 0, 4096)).isEqualTo(Crc32c.ZERO_BLOCK);
  }

  @Test
  void givesTheSameCrcForArrayBufferAndMemory() {
    final Crc32c crc = new Crc32c();
    final byte[] bytes = pattern(10_000);
    for (final int length : new int[] {0, 60, 4096, 4097, 9000}) {
      final int expected = crc.of(bytes, 7, length);
      assertThat(crc.of(ByteBuffer.wrap(bytes).position(3), 7, length)).isEqualTo(expected);
      assertThat(crc.of(ByteBuffer.allocateDirect(bytes.length).put(0, bytes), 7, length))
          .isEqualTo(expected);
      assertThat(crc.of(ByteBuffer.wrap(bytes, 7, length))).isEqualTo(expected);
    }
  }

  /** The expected values are those of {@code xxhsum -H3} 0.8.1. */
  @Test
  void agreesWithXxhsum() {
    assertThat(SectorHash.of(new byte[512], 0)).isEqualTo(SectorHash.ZERO_SECTOR);
    assertThat(SectorHash.of(pattern(3 + 512), 3)).isEqualTo(0xefc2_e52d_1c2f_fbaaL);
  }

  private static byte[] pattern(final int length) {
    final byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) ((i - 3) * 31 + 7);
    }
    return bytes;
  }

  @Test
  void takesBytesPieceByPiece() {
    final byte[] abc = "abc".getBytes(US_ASCII);
    final Sha256 sha = new Sha256();
    sha.update(abc, 0, 1);
    sha.update(abc, 1, 2);
    assertThat(sha.finish())
        .hasToString("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        .isEqualTo(Sha256.of(abc));
  }
}
