package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.history.Progress;
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The test vectors are those of docs/replay.md: the program there has made them. */
final class ImageHashTest {
  private static final int MIB = 1 << 20;

  @Test
  void isThatOfTheDocumentForAnImageOfOneSector() throws IOException {
    final byte[] image = new byte[512];
    Arrays.fill(image, (byte) 'a');
    assertThat(hash(image, 512).tree())
        .isEqualTo("2644a16171f632c308215e91b35f7f44defb4ef74d0a769ad21b9d8525897d02");
  }

  @Test
  void isThatOfTheDocumentForOneThatIsMostlyEmpty() throws IOException {
    final byte[] image = new byte[3 * MIB + 512];
    image[5000] = 'x';
    image[image.length - 1] = 'y';
    final String expected = "acdbeb655ee289bc3effaab6950b8c7f8e6279203d8a15ebec64d27f559c2211";
    assertThat(hash(image, image.length).tree()).isEqualTo(expected);
    assertThat(hash(image, 512).tree()).as("holes left out").isEqualTo(expected);
  }

  @Test
  void takesNoTimeForATebibyteOfNothing() throws IOException {
    assertThat(empty(MIB))
        .isEqualTo("6cef535a6fd2fc2dedc828ac288b7678dcc19c9ca35032890aeaaf8683180c8c");
    assertThat(empty(1L << 40))
        .isEqualTo("a541bef6a2b4fba11561618823bb5487b38bde2de1327915f6092b970d4da6e1");
    assertThat(empty(1L << 50)).isNotEqualTo(empty(1L << 51));
  }

  private static String empty(final long bytes) throws IOException {
    try (ImageHash hash = new ImageHash(bytes, Set.of())) {
      return hash.finish(Progress.NONE).tree();
    }
  }

  /** Given in pieces of any size, with or without the zeroes between them. */
  @Test
  void isTheSameHoweverTheImageIsGiven() throws IOException {
    final SplittableRandom random = new SplittableRandom(34);
    for (int round = 0; round < 20; round++) {
      final byte[] image = new byte[512 * (1 + random.nextInt(12 * MIB / 512))];
      for (int i = 0; i < 40; i++) {
        final int at = random.nextInt(image.length);
        image[at] = (byte) (1 + random.nextInt(100));
      }
      final ImageHash.Digests sparse = hash(image, 512);
      final ImageHash.Digests dense = hash(image, 512 * (1 + random.nextInt(5000)));
      assertThat(dense).isEqualTo(sparse);
      assertThat(sparse.flat().get(FlatHash.SHA256)).isEqualTo(Sha256.of(image).toString());
      image[random.nextInt(image.length)]++;
      assertThat(hash(image, 512).tree()).isNotEqualTo(sparse.tree());
    }
  }

  @Test
  void takesFlatHashesOfAllBytes() throws IOException {
    final byte[] image = new byte[2 * MIB];
    image[MIB + 3] = 3;
    // what md5sum, sha1sum say
    assertThat(hash(image, 4096).flat())
        .containsEntry(FlatHash.MD5, "237fcbcb9954d31e3b5aa2080cd79081")
        .containsEntry(FlatHash.SHA1, "7d027e573eb3b7e8c1f5afeaabe961bdb0d18e78");
  }

  /** Stretches that are zero are left out. */
  private static ImageHash.Digests hash(final byte[] image, final int stretch) throws IOException {
    try (ImageHash hash = new ImageHash(image.length, EnumSet.allOf(FlatHash.class))) {
      for (int at = 0; at < image.length; at += stretch) {
        final int length = Math.min(stretch, image.length - at);
        boolean isZero = true;
        for (int i = at; i < at + length; i++) {
          isZero &= image[i] == 0;
        }
        if (!isZero) {
          hash.add(
              at,
              length,
              (offset, into, place, count) ->
                  System.arraycopy(image, (int) offset, into, place, count));
        }
      }
      return hash.finish(Progress.NONE);
    }
  }
}
