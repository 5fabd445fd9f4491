package io.blockcam.filesearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class TargetSetTest {
  private final SplittableRandom random = new SplittableRandom(6);
  private final TargetSet.Builder builder = new TargetSet.Builder();
  private final FileHasher hasher = new FileHasher();

  @Test
  void knowsWhoseASectorIs() throws IOException {
    final List<byte[]> contents = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      final byte[] content = new byte[1 + random.nextInt(20_000)];
      random.nextBytes(content);
      contents.add(content);
      add("file " + i, content);
    }
    final TargetSet set = builder.build();
    assertThat(set.targets()).hasSize(50);
    for (int i = 0; i < 50; i++) {
      final byte[] content = contents.get(i);
      final Target target = set.targets().get(i);
      assertThat(target.paths()).containsExactly("file " + i);
      assertThat(target.bytes()).isEqualTo(content.length);
      assertThat(target.digest()).isEqualTo(Sha256.of(content));
      assertThat(target.sectors()).isEqualTo(Math.ceilDiv(content.length, 512));
      for (int s = 0; s < content.length / 512; s++) {
        final List<Integer> found = new ArrayList<>();
        set.index().find(SectorHash.of(content, 512 * s), found::add);
        assertThat(found).containsExactly(target.place() + s);
        assertThat(set.targetAt(found.getFirst())).isEqualTo(i);
      }
    }
  }

  @Test
  void takesTheSameFileOnce() throws IOException {
    final byte[] content = new byte[5000];
    random.nextBytes(content);
    add("a", content);
    add("empty", new byte[0]);
    add("b", content);
    final TargetSet set = builder.build();
    assertThat(set.targets())
        .extracting(Target::paths)
        .containsExactly(List.of("a", "b"), List.of("empty"));
    assertThat(builder.sectors()).isEqualTo(10);
  }

  @Test
  void forgetsAFileThatCannotBeReadToItsEnd() throws IOException {
    final byte[] content = new byte[5000];
    random.nextBytes(content);
    assertThatThrownBy(
            () ->
                hasher.read(
                    "a",
                    new InputStream() {
                      private int left = 4096;

                      @Override
                      public int read() throws IOException {
                        if (left-- == 0) {
                          throw new IOException("gone");
                        }
                        return left & 0xff;
                      }
                    },
                    builder))
        .isInstanceOf(IOException.class);
    add("b", content);
    assertThat(builder.build().targets()).extracting(Target::place).containsExactly(0);
  }

  /** Ten copies of a logo prove that one of ten documents was there, eleven do not say which. */
  @Test
  void aSectorThatManyFilesHaveProvesNothing() throws IOException {
    final byte[] logo = new byte[512];
    random.nextBytes(logo);
    for (int i = 0; i < 11; i++) {
      final byte[] content = new byte[1024];
      random.nextBytes(content);
      System.arraycopy(logo, 0, content, 512, 512);
      add("file " + i, content);
    }
    final TargetSet set = builder.build();
    assertThat(set.probativeOf(0).get(0)).isTrue();
    assertThat(set.probativeOf(0).get(1)).isFalse();
    set.index().find(SectorHash.of(logo, 0), place -> assertThat(place).isNull());
  }

  private void add(final String path, final byte[] content) throws IOException {
    hasher.read(path, new ByteArrayInputStream(content), builder);
  }
}
