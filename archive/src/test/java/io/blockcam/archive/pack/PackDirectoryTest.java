package io.blockcam.archive.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Where segments lie in a pack. */
final class PackDirectoryTest {
  private static final UUID ID = UUID.fromString("0190f0e0-7b1c-7c3d-8e4f-102030405060");
  private static final long FIRST = 1024;
  private static final PackDirectory DIRECTORY =
      PackDirectory.of(ID, FIRST, List.of(5000L, 6000L, 7000L));

  /** What was written once in format version 1 is written and read the same for ever. */
  private static final String GOLDEN =
      "424c4b43414d504b01000000030000000190f0e07b1c7c3d8e4f102030405060"
          + "0004000000000000f046000000000000d813000000000000482b000000000000a046000000000000"
          + "00000000";

  @Test
  void isWrittenTheSameForEver() throws PackException {
    final byte[] bytes = DIRECTORY.encode();
    assertThat(HexFormat.of().formatHex(bytes)).startsWith(GOLDEN).hasSize(GOLDEN.length() + 8);
    assertThat(PackDirectory.decode(bytes, ID, FIRST, "pack").encode()).isEqualTo(bytes);
  }

  @Test
  void tellsWhereSegmentsLie() {
    final int bytes = PackDirectory.bytes(3);
    assertThat(DIRECTORY.encode()).hasSize(bytes);
    assertThat(DIRECTORY.end()).isEqualTo(1027);
    assertThat(DIRECTORY.offset(1024)).isEqualTo(bytes);
    assertThat(DIRECTORY.offset(1026)).isEqualTo(bytes + 11_000);
    assertThat(DIRECTORY.length(1026)).isEqualTo(7000);
    assertThat(DIRECTORY.packBytes()).isEqualTo(2 * bytes + 18_000);
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> DIRECTORY.offset(1023));
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> DIRECTORY.offset(1027));
  }

  @Test
  void noticesEveryChange() {
    final byte[] bytes = DIRECTORY.encode();
    for (int at = 0; at < bytes.length; at++) {
      final byte[] changed = bytes.clone();
      changed[at] ^= 4;
      assertThatThrownBy(() -> PackDirectory.decode(changed, ID, FIRST, "the pack"))
          .as("byte %d", at)
          .isInstanceOf(PackException.class)
          .hasMessageStartingWith("the pack: ");
    }
  }

  @Test
  void isOfItsPackAlone() {
    final byte[] bytes = DIRECTORY.encode();
    assertThatThrownBy(() -> PackDirectory.decode(bytes, new UUID(1, 2), FIRST, "pack"))
        .hasMessageContaining("was copied or renamed");
    assertThatThrownBy(() -> PackDirectory.decode(bytes, ID, 0, "pack"))
        .hasMessageContaining("is a pack of 3 segments from 1024 of recording " + ID);
    final byte[] longer = Arrays.copyOf(bytes, bytes.length + 8);
    assertThatThrownBy(() -> PackDirectory.decode(longer, ID, FIRST, "pack"))
        .hasMessageContaining("damaged directory");
  }

  @Test
  void saysThatANewerVersionIsOne() {
    final byte[] bytes = DIRECTORY.encode();
    bytes[8] = 2;
    assertThatThrownBy(() -> PackDirectory.decode(bytes, ID, FIRST, "pack"))
        .hasMessageContaining("made by a newer blockcam");
  }
}
