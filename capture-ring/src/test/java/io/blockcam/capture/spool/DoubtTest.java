package io.blockcam.capture.spool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

final class DoubtTest {

  private static final Path FILE = Path.of("doubt.json");

  @Test
  void joinsRangesThatOverlapOrTouch() {
    final Doubt doubt =
        doubt(range(20, 5), range(0, 2)).plus(doubt(range(2, 3), range(22, 10), range(40, 1)));

    assertThat(doubt.ranges()).containsExactly(range(0, 5), range(20, 12), range(40, 1));
    assertThat(doubt.blocks()).isEqualTo(18);
  }

  @Test
  void readsBackWhatItWrote() throws IOException {
    final Doubt doubt = doubt(range(1L << 40, 1), range(7, 1L << 33));

    assertThat(Doubt.ofJson(doubt.toJson(), 1L << 41, FILE)).isEqualTo(doubt);
  }

  @Test
  void refusesWhatItCannotBe() {
    for (final String text :
        List.of(
            "",
            "{",
            "[]",
            "{\"formatVersion\":2,\"ranges\":[]}",
            "{\"formatVersion\":1}",
            "{\"formatVersion\":1,\"ranges\":[{\"block\":-1,\"blocks\":1}]}",
            "{\"formatVersion\":1,\"ranges\":[{\"block\":1}]}",
            "{\"formatVersion\":1,\"ranges\":[{\"block\":99,\"blocks\":2}]}")) {
      assertThatThrownBy(() -> Doubt.ofJson(text.getBytes(StandardCharsets.UTF_8), 100, FILE))
          .as(text)
          .isInstanceOf(SpoolException.class)
          .hasMessageContaining("doubt.json");
    }
  }

  private static Doubt doubt(final Doubt.Range... ranges) {
    return new Doubt(List.of(ranges));
  }

  private static Doubt.Range range(final long block, final long blocks) {
    return new Doubt.Range(block, blocks);
  }
}
