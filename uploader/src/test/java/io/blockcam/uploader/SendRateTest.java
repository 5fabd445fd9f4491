package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.segment.SegmentEncoder;
import org.junit.jupiter.api.Test;

/** 100 MB/s of encoding, to a half, saves time on whatever is slower than 50 MB/s. */
final class SendRateTest {
  private static final long MB = 1_000_000;
  private static final long SECOND = 1_000_000_000;
  private static final SegmentEncoder.Sample HALVED =
      new SegmentEncoder.Sample(2 * MB, MB, SECOND / 50);
  private static final SegmentEncoder.Sample NOISE =
      new SegmentEncoder.Sample(2 * MB, 2 * MB, SECOND / 50);

  private final SendRate rate = new SendRate();

  @Test
  void encodesBeforeAnythingIsKnownOfTheNetwork() {
    assertThat(rate.isFasterEncoded(HALVED)).isTrue();
    assertThat(rate.isFasterEncoded(NOISE)).isFalse();
  }

  @Test
  void encodesForASlowNetworkOnly() {
    rate.add(40 * MB, SECOND);
    assertThat(rate.isFasterEncoded(HALVED)).isTrue();

    final SendRate fast = new SendRate();
    fast.add(60 * MB, SECOND);
    assertThat(fast.isFasterEncoded(HALVED)).isFalse();
  }

  @Test
  void neverEncodesNoise() {
    rate.add(2 * MB, 100 * SECOND);
    assertThat(rate.isFasterEncoded(NOISE)).isFalse();
    assertThat(rate.isFasterEncoded(new SegmentEncoder.Sample(0, 0, 1))).isFalse();
  }

  @Test
  void followsANetworkThatBecomesSlower() {
    rate.add(500 * MB, SECOND);
    assertThat(rate.isFasterEncoded(HALVED)).isFalse();

    for (int i = 0; i < 10; i++) {
      rate.add(10 * MB, SECOND);
    }

    assertThat(rate.isFasterEncoded(HALVED)).isTrue();
  }

  /** The time that a small one takes is that of questions and answers. */
  @Test
  void doesNotJudgeByWhatIsSmall() {
    rate.add(500 * MB, SECOND);
    for (int i = 0; i < 10; i++) {
      rate.add(5000, SECOND);
    }
    assertThat(rate.isFasterEncoded(HALVED)).isFalse();
  }
}
