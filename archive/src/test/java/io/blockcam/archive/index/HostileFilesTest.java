package io.blockcam.archive.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.pack.PackDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Whoever may write to a store may write anything: what reads it says so, and does nothing else.
 */
final class HostileFilesTest {
  private static final Path KEPT =
      Path.of(
          "src/test/resources/io/blockcam/archive/index/HostileFilesFuzzInputs/areDamagedAndNothingElse");

  /** Those that {@link HostileFilesFuzz} began with, and has found. */
  @Test
  void readsTheInputsThatAreKept() throws IOException {
    try (Stream<Path> files = Files.list(KEPT)) {
      final List<Path> inputs = files.toList();
      assertThat(inputs).hasSizeGreaterThan(5);
      for (final Path input : inputs) {
        HostileFiles.read(Files.readAllBytes(input));
      }
    }
  }

  /** Or nothing behind the checksums would be reached. */
  @Test
  void haveTheChecksumsOfSoundFilesWhereNothingIsChanged() throws IOException {
    assertThat(HostileFiles.sealed(HostileFiles.RAW, new byte[0])).isEqualTo(HostileFiles.RAW);
    assertThat(HostileFiles.summed(HostileFiles.RUN, new byte[0])).isEqualTo(HostileFiles.RUN);
    assertThat(HostileFiles.catalogSummed(HostileFiles.CATALOG, new byte[0]))
        .isEqualTo(HostileFiles.CATALOG);
    final byte[] pack = HostileFiles.packSummed(new byte[0]);
    assertThat(
            PackDirectory.decode(pack, HostileFiles.PACK_ID, HostileFiles.PACK_FIRST, "").encode())
        .isEqualTo(pack);
  }

  @Test
  void readsFilesThatAreChangedAtRandom() throws IOException {
    final SplittableRandom random = new SplittableRandom(9);
    for (int i = 0; i < 3000; i++) {
      final byte[] input = new byte[1 + 3 * random.nextInt(1, 6)];
      random.nextBytes(input);
      HostileFiles.read(input);
    }
  }
}
