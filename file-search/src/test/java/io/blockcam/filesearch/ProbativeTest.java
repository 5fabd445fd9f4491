package io.blockcam.filesearch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ProbativeTest {
  private final SplittableRandom random = new SplittableRandom(4);

  @Test
  void whatIsLikeNothingElseIs() {
    for (int i = 0; i < 10_000; i++) {
      final byte[] sector = new byte[512];
      random.nextBytes(sector);
      assertThat(Probative.is(sector, 0)).isTrue();
    }
  }

  @Test
  void textIs() {
    final String text =
        """
        A document of some length says what no other one does, line by line, and the words that it
        has in common with others stand in another order. Only where nothing is written, between
        two chapters for instance, a sector of it could be that of any other document as well.
        """;
    assertThat(Probative.is(text.repeat(2).getBytes(StandardCharsets.UTF_8), 3)).isTrue();
    assertThat(Probative.is(text.repeat(2).getBytes(StandardCharsets.UTF_16LE), 4)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 0xff, 'A'})
  void aFillingIsNot(final int filling) {
    final byte[] sector = new byte[600];
    Arrays.fill(sector, (byte) filling);
    assertThat(Probative.is(sector, 7)).isFalse();
  }

  @Test
  void aDrawingOfAFewValuesIsNot() {
    final byte[] sector = new byte[512];
    for (int i = 0; i < sector.length; i++) {
      sector[i] = (byte) (0x40 * random.nextInt(4) - 1);
    }
    assertThat(Probative.is(sector, 0)).isFalse();
  }

  @Test
  void whiteSpaceWithALittleTextIsNot() {
    final byte[] sector = " \t\n".repeat(200).getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < 100; i++) {
      sector[random.nextInt(512)] = (byte) random.nextInt('a', 'z');
    }
    assertThat(Probative.is(sector, 0)).isFalse();
  }

  /** Of allocation tables, indexes of media files, cross-references. */
  @Test
  void aTableOfNumbersThatGrowIsNot() {
    for (final ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
      for (final int step : new int[] {1, 512, -77}) {
        final ByteBuffer sector = ByteBuffer.allocate(512).order(order);
        int value = 0x40_0000;
        while (sector.hasRemaining()) {
          sector.putInt(value);
          value += step + (step == 1 ? 0 : random.nextInt(5));
        }
        assertThat(Probative.is(sector.array(), 0)).as("%s by %d", order, step).isFalse();
      }
    }
  }

  @Test
  void aWordThatFillsAQuarterIsTooMuch() {
    final byte[] sector = new byte[512];
    random.nextBytes(sector);
    final ByteBuffer words = ByteBuffer.wrap(sector);
    for (int i = 0; i < 33; i++) {
      words.putInt(12 * i, 0x80_80_80_00);
    }
    assertThat(Probative.is(sector, 0)).isFalse();
    words.putInt(0, 17);
    assertThat(Probative.is(sector, 0)).as("less than that").isTrue();
  }
}
