package io.blockcam.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.store.HdfsChecksum.Algorithm;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HdfsChecksumTest {

  /** Answers of a NameNode of Hadoop 3.5.0 for files of that many bytes 0, 1, 2 ... modulo 251. */
  @ParameterizedTest
  @CsvSource({
    "1,MD5-of-0MD5-of-512CRC32C,dc236201841049096ad31b6213203a90",
    "512,MD5-of-0MD5-of-512CRC32C,e6e61fbd4c76a34aad61c16d8e9352dd",
    "513,MD5-of-0MD5-of-512CRC32C,ab994f19a9734efcd16576cfd7a9cfec",
    "100000,MD5-of-0MD5-of-512CRC32C,29617a31410a8b60b5a093a3bbdeefca",
    "2048,MD5-of-2MD5-of-512CRC32C,a806b1b8e1dada6c7ded416b54ae9885",
    "5000,MD5-of-2MD5-of-512CRC32C,2dda31ce8ffbb69839e22b05b8643617",
    "9217,MD5-of-2MD5-of-512CRC32C,21f8d2b3e23d26d921c72bca1a1cf951",
    "20000,MD5-of-1MD5-of-512CRC32C,b4c94acee957af49736ba7f6ed0470a4"
  })
  void givesWhatHdfsGave(final int lengthBytes, final String algorithm, final String md5) {
    final byte[] content = new byte[lengthBytes];
    for (int i = 0; i < lengthBytes; i++) {
      content[i] = (byte) (i % 251);
    }
    final HdfsChecksum checksum = new HdfsChecksum(Algorithm.parse(algorithm).orElseThrow());

    checksum.update(content, 0, lengthBytes);

    assertThat(HexFormat.of().formatHex(checksum.digest())).isEqualTo(md5);
  }

  @Test
  void doesNotDependOnHowTheBytesArrive() {
    final byte[] content = ObjectStoreContract.bytes(300_000);
    final Algorithm algorithm = new Algorithm(128, 512, true);
    final HdfsChecksum atOnce = new HdfsChecksum(algorithm);
    atOnce.update(content, 0, content.length);
    final byte[] expected = atOnce.digest();
    final Random random = new Random(7);
    for (int round = 0; round < 20; round++) {
      final HdfsChecksum pieces = new HdfsChecksum(algorithm);
      for (int at = 0; at < content.length; ) {
        final int length = Math.min(content.length - at, random.nextInt(3000));
        final byte[] shifted = Arrays.copyOfRange(content, at - Math.min(at, 3), at + length);
        pieces.update(shifted, Math.min(at, 3), length);
        at += length;
      }
      assertThat(pieces.digest()).isEqualTo(expected);
    }
  }

  @Test
  void readsTheNameOfTheAlgorithm() {
    assertThat(Algorithm.parse("MD5-of-0MD5-of-512CRC32C"))
        .contains(new Algorithm(0, 512, true))
        .contains(Algorithm.usual(128 << 20, 128 << 20));
    assertThat(Algorithm.parse("MD5-of-262144MD5-of-512CRC32C"))
        .contains(Algorithm.usual((128 << 20) + 1, 128 << 20));
    assertThat(Algorithm.parse("MD5-of-2MD5-of-1024CRC32")).contains(new Algorithm(2, 1024, false));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "COMPOSITE-CRC32C",
        "MD5-of-0MD5-of-0CRC32",
        "MD5-of-0MD5-of-512CRC32D",
        "MD5-of--1MD5-of-512CRC32C",
        "MD5-of-999999999999999999MD5-of-999999999CRC32C",
        "MD5-of-99999999999999999999MD5-of-512CRC32C"
      })
  void doesNotKnowOtherAlgorithms(final String name) {
    assertThat(Algorithm.parse(name)).isEmpty();
  }
}
