package io.blockcam.archive.hash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class EntropyTest {
  private final Entropy entropy = new Entropy();

  @Test
  void isBetweenSameBytesAndAllAlike() {
    assertThat(entropy.of(ByteBuffer.allocate(4096), 0xff)).isZero();
    final byte[] all = new byte[4096];
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) i;
    }
    assertThat(entropy.of(ByteBuffer.wrap(all), 0xff)).isEqualTo(1, within(1e-9));
    for (int i = 0; i < all.length; i++) {
      all[i] = (byte) (i % 2);
    }
    assertThat(entropy.of(ByteBuffer.wrap(all), 0xff)).isEqualTo(1.0 / 8, within(1e-9));
    new Random(1).nextBytes(all);
    assertThat(entropy.of(ByteBuffer.wrap(all), 0xff)).isEqualTo(0.994, within(0.002));
  }

  @Test
  void looksAtTheSectorsThatWereWrittenOnly() {
    final byte[] block = new byte[4196];
    new Random(2).nextBytes(block);
    Arrays.fill(block, 100 + 3 * 512, 100 + 5 * 512, (byte) 9);
    assertThat(entropy.of(ByteBuffer.wrap(block).position(100), 0b11000)).isZero();
    assertThat(entropy.of(ByteBuffer.wrap(block).position(100), 0b1)).isGreaterThan(0.9);
  }
}
