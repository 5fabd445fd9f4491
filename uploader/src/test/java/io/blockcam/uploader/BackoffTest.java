package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class BackoffTest {

  @Test
  void doublesUpToTheCap() {
    final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(2));
    final long[] longestMs = {100, 200, 400, 800, 1600, 2000, 2000};
    for (int failures = 1; failures <= longestMs.length; failures++) {
      for (int i = 0; i < 100; i++) {
        assertThat(backoff.after(failures, new Random(i)).toMillis())
            .isBetween(longestMs[failures - 1] / 2, longestMs[failures - 1]);
      }
    }
  }

  @Test
  void staysAtTheCapForEver() {
    assertThat(Backoff.DEFAULT.after(Integer.MAX_VALUE, new Random(1)))
        .isBetween(Duration.ofSeconds(15), Duration.ofSeconds(30));
  }

  @Test
  void spreadsRecordersOverTime() {
    final Set<Duration> waits = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      waits.add(Backoff.DEFAULT.after(20, new Random(i)));
    }
    assertThat(waits).hasSizeGreaterThan(50);
  }
}
