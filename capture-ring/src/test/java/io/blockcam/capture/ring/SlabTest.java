package io.blockcam.capture.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.support.RingBench;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SlabTest {
  private static final byte DATA = RecordKind.DATA.code();
  private static final long BASE = RingBench.BASE;

  @TempDir Path directory;

  /** There may be room for one only. */
  @Test
  void usesTheMemoryOfTheOneBefore() throws IOException {
    final Path file = directory.resolve("ring");
    Slab.create(file, RingBench.header(8)).close();
    final Object before = Files.getAttribute(file, "unix:ino");
    try (Slab slab = Slab.create(file, RingBench.header(8))) {
      assertThat(Files.getAttribute(file, "unix:ino")).isEqualTo(before);
      assertThat(slab.isUnclean()).isTrue();
      assertThat(slab.isValid(slab.header().baseSequence())).isFalse();
    }
    Slab.create(file, RingBench.header(16)).close();
    assertThat(Files.size(file)).isEqualTo(SlabDescriptor.fileBytes(16));
  }

  /** Killed in the middle of that: it has held nothing yet. */
  @Test
  void takesOneThatWasNotFinishedForNone() throws IOException {
    final Path file = directory.resolve("ring");
    Slab.create(file, RingBench.header(8)).close();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, Slab.UNFINISHED),
          SlabDescriptor.MAGIC_OFFSET);
    }
    assertThat(Slab.openLeft(file)).isNull();
    Slab.create(file, RingBench.header(8)).close();
  }

  @Test
  void takesItsWholeSizeAtOnceForTheOwnerAlone() throws IOException {
    final Path file = directory.resolve("ring");
    try (Slab slab = Slab.create(file, RingBench.header(8))) {
      assertThat(Files.size(file)).isEqualTo(4096 + 4096 + 8 * 4096);
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
      assertThat((Long) Files.getAttribute(file, "unix:size")).isEqualTo(slab.memory().byteSize());
      assertThat(Files.exists(directory.resolve("ring.new"))).isFalse();
    }
  }

  @Test
  void findsAgainWhatWasStored() throws IOException {
    final Path file = directory.resolve("ring");
    try (Slab slab = Slab.create(file, RingBench.header(8))) {
      slab.putHeader(
          BASE + 1,
          11,
          12,
          RecordDescriptor.shape(13, DATA, 0x5a, 3),
          SlabDescriptor.place(1, 0),
          99);
      slab.putOutcome(BASE + 1, -5);
      slab.memory().set(ValueLayout.JAVA_BYTE, slab.payloadOffset(BASE + 1) + 4095, (byte) 77);
    }
    try (Slab slab = Objects.requireNonNull(Slab.openLeft(file))) {
      assertThat(slab.header()).isEqualTo(RingBench.header(8));
      assertThat(slab.isUnclean()).isTrue();
      assertThat(slab.isValid(BASE)).isFalse();
      assertThat(slab.isValid(BASE + 1)).isTrue();
      assertThat(slab.isValid(BASE + 1 + 8)).isFalse();
      final RecordView record = slab.record(BASE + 1, new RecordView());
      assertThat(record.timestampNs()).isEqualTo(11);
      assertThat(record.block()).isEqualTo(12);
      assertThat(record.runBlocks()).isEqualTo(13);
      assertThat(record.kindCode()).isEqualTo(DATA);
      assertThat(record.sectorMask()).isEqualTo(0x5a);
      assertThat(record.flags()).isEqualTo(3);
      assertThat(slab.count(BASE + 1)).isEqualTo(1);
      assertThat(slab.index(BASE + 1)).isZero();
      assertThat(record.aux()).isEqualTo(99);
      assertThat(slab.isComplete(BASE + 1)).isTrue();
      assertThat(slab.result(BASE + 1)).isEqualTo(-5);
      final long last = slab.payloadOffset(BASE + 1) + 4095;
      assertThat(slab.memory().get(ValueLayout.JAVA_BYTE, last)).isEqualTo((byte) 77);
      slab.markClean();
      assertThat(slab.isUnclean()).isFalse();
    }
  }

  @Test
  void doesNotKnowTheOutcomeOfAWriteInFlight() throws IOException {
    try (Slab slab = Slab.create(directory.resolve("ring"), RingBench.header(8))) {
      slab.putHeader(
          BASE, 1, 2, RecordDescriptor.shape(1, DATA, 0xff, 0), SlabDescriptor.place(1, 0), 0);
      assertThat(slab.isComplete(BASE)).isFalse();
      slab.putOutcome(BASE, 4096);
      assertThat(slab.isComplete(BASE)).isTrue();
      assertThat(slab.result(BASE)).isZero();
      // the next lap of the same slot
      slab.putHeader(
          BASE + 8, 1, 2, RecordDescriptor.shape(1, DATA, 0xff, 0), SlabDescriptor.place(1, 0), 0);
      assertThat(slab.isComplete(BASE + 8)).isFalse();
    }
  }

  @Test
  void refusesAHeaderOfWhichAnyBitIsOfAnotherTime() throws IOException {
    try (Slab slab = Slab.create(directory.resolve("ring"), RingBench.header(8))) {
      slab.putHeader(
          BASE, 1, 2, RecordDescriptor.shape(1, DATA, 0xff, 0), SlabDescriptor.place(3, 2), 9);
      for (int bit = 0; bit < SlabDescriptor.SLOT_OUTCOME_OFFSET * 8; bit++) {
        final long at = SlabDescriptor.slotHeaderOffset(0) + bit / 8;
        final byte before = slab.memory().get(ValueLayout.JAVA_BYTE, at);
        slab.memory().set(ValueLayout.JAVA_BYTE, at, (byte) (before ^ 1 << bit % 8));
        assertThat(slab.isValid(BASE)).as("bit %d", bit).isFalse();
        slab.memory().set(ValueLayout.JAVA_BYTE, at, before);
      }
      assertThat(slab.isValid(BASE)).isTrue();
    }
  }

  @Test
  void replacesTheSlabOfAnEarlierRun() throws IOException {
    final Path file = directory.resolve("ring");
    try (Slab old = Slab.create(file, RingBench.header(8))) {
      old.putHeader(
          BASE, 1, 2, RecordDescriptor.shape(1, DATA, 0xff, 0), SlabDescriptor.place(1, 0), 0);
    }
    try (Slab slab = Slab.create(file, RingBench.header(16))) {
      assertThat(slab.isValid(BASE)).isFalse();
      assertThat(Files.size(file)).isEqualTo(SlabDescriptor.fileBytes(16));
    }
  }

  @Test
  void refusesASlabThatIsInUse() throws IOException {
    final Path file = directory.resolve("ring");
    try (Slab slab = Slab.create(file, RingBench.header(8))) {
      assertThatThrownBy(() -> Slab.create(file, RingBench.header(8)))
          .isInstanceOf(SlabException.class)
          .hasMessage("ring file " + file + ": is in use by another recorder; stop it first");
      assertThatThrownBy(() -> Slab.openLeft(file)).hasMessageContaining("in use");
      assertThat(slab.isUnclean()).isTrue();
    }
  }

  @Test
  void findsNothingWhereNothingIs() throws IOException {
    assertThat(Slab.openLeft(directory.resolve("ring"))).isNull();
  }

  @Test
  void refusesWhatIsNoSlab() throws IOException {
    final Path file = directory.resolve("ring");
    Files.write(file, new byte[10_000]);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    final String message =
        "ring file "
            + file
            + ": is not a ring of this program; move it away or choose another place";
    assertThatThrownBy(() -> Slab.openLeft(file)).hasMessage(message);

    final Path link = directory.resolve("link");
    Slab.create(directory.resolve("other"), RingBench.header(8)).close();
    Files.createSymbolicLink(link, directory.resolve("other"));
    assertThatThrownBy(() -> Slab.openLeft(link)).hasMessageContaining("not a ring");
    assertThatThrownBy(() -> Slab.create(link, RingBench.header(8)))
        .hasMessageContaining("not a ring");
  }

  @Test
  void refusesASlabThatOthersCanWrite() throws IOException {
    final Path file = directory.resolve("ring");
    Slab.create(file, RingBench.header(8)).close();
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw----"));
    assertThatThrownBy(() -> Slab.openLeft(file)).hasMessageContaining("not a ring");
  }

  @Test
  void refusesASlabThatWasCutOrIsOfAnotherVersion() throws IOException {
    final Path file = directory.resolve("ring");
    Slab.create(file, RingBench.header(8)).close();
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(raw.length() - 4096);
    }
    assertThatThrownBy(() -> Slab.openLeft(file)).hasMessageContaining("do not hold a ring of 8");
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(SlabDescriptor.VERSION_OFFSET);
      raw.write(9);
    }
    assertThatThrownBy(() -> Slab.openLeft(file)).hasMessageContaining("not a ring");
  }

  @Test
  void saysWhatToDoWhenThereIsNoPlaceForIt() {
    final Path file = directory.resolve("missing").resolve("ring");
    assertThatThrownBy(() -> Slab.create(file, RingBench.header(8)))
        .isInstanceOf(SlabException.class)
        .hasMessage(
            "ring file %s: can not take 40960 bytes for it (NoSuchFileException);".formatted(file)
                + " choose a smaller ring or another place");
  }

  @Test
  void takesTheLargestPowerOfTwoThatFits() {
    assertThat(SlabHeader.slotsFor(256L << 20)).isEqualTo(1 << 16);
    assertThat(SlabHeader.slotsFor((256L << 20) - 1)).isEqualTo(1 << 15);
    assertThat(SlabHeader.slotsFor(1)).isEqualTo(SlabHeader.MIN_SLOTS);
    assertThat(SlabHeader.slotsFor(Long.MAX_VALUE)).isEqualTo(SlabHeader.MAX_SLOTS);
  }
}
