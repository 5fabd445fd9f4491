package io.blockcam.filesearch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SectorIndexTest {
  private final SplittableRandom random = new SplittableRandom(8);

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 100, 5000})
  void findsWhatIsThereAndNothingElse(final int count) {
    final long[] hashes = random.longs(count).toArray();
    for (int i = 0; i + 7 < count; i += 50) {
      hashes[i + 7] = hashes[i]; // the same sector in two places
    }
    final BitSet wanted = new BitSet();
    IntStream.range(0, count).filter(i -> i % 10 != 3).forEach(wanted::set);
    final SectorIndex index = new SectorIndex(hashes, wanted, 4);
    for (int place = 0; place < count; place++) {
      final long hash = hashes[place];
      assertThat(found(index, hash))
          .isEqualTo(
              IntStream.range(0, count)
                  .filter(i -> hashes[i] == hash && i % 10 != 3)
                  .boxed()
                  .toList());
    }
    for (int i = 0; i < 1000; i++) {
      assertThat(found(index, random.nextLong())).isEmpty();
    }
  }

  @Test
  void comparesAllBitsOfAHash() {
    final SectorIndex index = index(0xffff_ffff_0000_0001L);
    assertThat(found(index, 0xffff_ffff_0000_0000L)).isEmpty();
    assertThat(found(index, 0xffff_ffff_0000_0001L)).containsExactly(0);
  }

  @Test
  void letsFewForeignHashesPassTheFilter() {
    final SectorIndex index = index(random.longs(10_000).toArray());
    final long passed =
        IntStream.range(0, 100_000).filter(i -> index.mayHave(random.nextLong())).count();
    assertThat(passed).isLessThan(5000);
  }

  @Test
  void doesNotLookForWhatTooManyShare() {
    final long[] hashes = {1L << 40, 7L << 40, 7L << 40, 7L << 40, 7L << 40, 7L << 40, 9L << 40};
    final BitSet wanted = new BitSet();
    wanted.set(0, hashes.length);
    final SectorIndex index = new SectorIndex(hashes, wanted, 4);
    assertThat(found(index, 7L << 40)).isEmpty();
    assertThat(found(index, 9L << 40)).containsExactly(6);
    assertThat(wanted.stream()).containsExactly(0, 6);
  }

  private static SectorIndex index(final long... hashes) {
    final BitSet wanted = new BitSet();
    wanted.set(0, hashes.length);
    return new SectorIndex(hashes, wanted, 4);
  }

  private static List<Integer> found(final SectorIndex index, final long hash) {
    final List<Integer> found = new ArrayList<>();
    if (index.mayHave(hash)) {
      index.find(hash, found::add);
    }
    return found;
  }
}
