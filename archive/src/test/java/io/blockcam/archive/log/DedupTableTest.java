package io.blockcam.archive.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DedupTableTest {
  @Test
  void findsEveryPayloadOfATagAndNoOther() {
    final SplittableRandom random = new SplittableRandom(7);
    final DedupTable table = new DedupTable();
    final Map<Integer, List<Integer>> model = new HashMap<>();
    for (int index = 0; index < 20_000; index++) {
      // Few enough tags that many are equal, and neighbours in the table.
      final int tag = random.nextInt(4000) * (random.nextBoolean() ? 1 : 1 << 16);
      table.add(tag, index);
      model.computeIfAbsent(tag, t -> new ArrayList<>()).add(index);
    }
    model.forEach((tag, expected) -> assertThat(all(table, tag)).hasSameElementsAs(expected));
    assertThat(all(table, -1)).isEmpty();
  }

  @Test
  void tellsPermutedSectorsApart() {
    assertThat(DedupTable.tag(new long[] {1, 2, 3, 4, 5, 6, 7, 8}))
        .isNotEqualTo(DedupTable.tag(new long[] {2, 1, 3, 4, 5, 6, 7, 8}));
  }

  private static List<Integer> all(final DedupTable table, final int tag) {
    final List<Integer> found = new ArrayList<>();
    for (int i = table.first(tag); i != DedupTable.NONE; i = table.next(tag)) {
      found.add(i);
    }
    return found;
  }
}
