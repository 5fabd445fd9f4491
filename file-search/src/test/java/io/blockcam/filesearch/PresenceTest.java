package io.blockcam.filesearch;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Moment;
import io.blockcam.filesearch.Presence.End;
import io.blockcam.filesearch.Presence.Span;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class PresenceTest {
  private final BitSet probative = BitSet.valueOf(new long[] {0b1011});
  private final Presence file = new Presence(BitSet.valueOf(new long[] {0b1111}), 4, probative);

  @Test
  void isWholeFromItsLastSectorToItsFirstLoss() {
    file.comes(0, at(10));
    file.comes(1, at(11));
    file.comes(2, at(12));
    assertThat(file.whole()).isEmpty();
    file.comes(3, at(13));
    file.goes(2, at(20), End.DISCARDED);
    file.goes(0, at(21), End.OVERWRITTEN);
    file.goes(1, at(22), End.OVERWRITTEN);
    file.goes(3, at(23), End.LOST);
    assertThat(file.whole())
        .containsExactly(new Span(at(13), Optional.of(at(20)), 3, End.DISCARDED));
    assertThat(file.parts()).containsExactly(new Span(at(10), Optional.of(at(23)), 3, End.LOST));
  }

  /** As a file that is copied before it is removed. */
  @Test
  void isOneFileInTwoPlaces() {
    for (int sector = 0; sector < 4; sector++) {
      file.comes(sector, at(sector));
    }
    for (int sector = 0; sector < 4; sector++) {
      file.comes(sector, at(10 + sector));
      file.goes(sector, at(20 + sector), End.OVERWRITTEN);
    }
    assertThat(file.whole()).containsExactly(new Span(at(3), Optional.empty(), 3, End.STILL_THERE));
    assertThat(file.parts()).hasSize(1);
  }

  @Test
  void whatProvesNothingIsNoPartOfAFile() {
    file.comes(2, at(1));
    assertThat(file.parts()).isEmpty();
    file.comes(1, at(2));
    file.goes(1, at(3), End.OVERWRITTEN);
    assertThat(file.parts())
        .containsExactly(new Span(at(2), Optional.of(at(3)), 1, End.OVERWRITTEN));
  }

  /** The same as somebody says who counts at every moment. */
  @Test
  void agreesWithACountAtEveryMoment() {
    final SplittableRandom random = new SplittableRandom(5);
    final int[] places = new int[4];
    final List<Boolean> whole = new ArrayList<>();
    for (int moment = 0; moment < 2000; moment++) {
      final int sector = random.nextInt(4);
      if (places[sector] == 0 || random.nextBoolean()) {
        places[sector]++;
        file.comes(sector, at(moment));
      } else {
        places[sector]--;
        file.goes(sector, at(moment), End.OVERWRITTEN);
      }
      whole.add(places[0] > 0 && places[1] > 0 && places[2] > 0 && places[3] > 0);
    }
    for (int moment = 0; moment < whole.size(); moment++) {
      final long now = moment;
      assertThat(
              file.whole().stream()
                  .anyMatch(
                      span ->
                          span.first().sequence() <= now
                              && span.end().map(end -> end.sequence() > now).orElse(true)))
          .isEqualTo(whole.get(moment));
    }
  }

  private static Moment at(final long sequence) {
    return new Moment(0, sequence, 100 * sequence);
  }
}
