package io.blockcam.capture.disk;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.capture.spool.DiskFingerprint;
import io.blockcam.nativebindings.Posix;
import io.blockcam.ublk.target.FileTarget;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A recording goes on only with its disk, as it was left. */
final class DiskFingerprinterTest {

  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-11-25T10:00:00Z"));

  private static final int BLOCKS = 100;

  /** Every second block, the last one with it: the disk ends in its middle. */
  private static final long[] WRITTEN =
      LongStream.rangeClosed(0, BLOCKS).filter(block -> block % 2 == 0).toArray();

  @TempDir Path dir;
  private Path file = Path.of("");

  @BeforeEach
  void fill() throws IOException {
    file = dir.resolve("disk");
    final byte[] content = new byte[BLOCKS * 4096 + 2048];
    new Random(1).nextBytes(content);
    Files.write(file, content);
  }

  @Test
  void takesTheDiskAsItWasLeft() throws IOException {
    assertThat(mismatch(taken(true))).isEmpty();
    assertThat(mismatch(taken(false))).isEmpty();
  }

  @Test
  void isReadBackAsItWasWritten() throws IOException {
    final DiskFingerprint fingerprint = taken(true);

    assertThat(fingerprint.samples()).hasSize(WRITTEN.length);
    assertThat(DiskFingerprint.ofJson(fingerprint.toJson(), file)).isEqualTo(fingerprint);
  }

  @Test
  void refusesACopyOfTheDisk() throws IOException {
    final DiskFingerprint before = taken(false);
    Files.copy(file, dir.resolve("copy"));
    Files.move(dir.resolve("copy"), file, StandardCopyOption.REPLACE_EXISTING);

    assertThat(mismatch(before)).get().asString().contains("another file", "51 of 51");
  }

  @Test
  void refusesADiskThatWasWrittenToAfterTheStop() throws IOException {
    final DiskFingerprint before = taken(true);
    write(4, 1); // 4 was sampled

    assertThat(mismatch(before)).get().asString().contains("50 of 51");
  }

  /** Not in a sampled block; but no write leaves the change time as it is. */
  @Test
  void refusesADiskWhoseOtherBlocksWereWrittenToAfterTheStop() throws Exception {
    final DiskFingerprint before = taken(true);
    Thread.sleep(20); // the clock of change times is coarse: one tick of the kernel
    write(5, 1);

    assertThat(mismatch(before)).get().asString().contains("changed at", "51 of 51");
  }

  @Test
  void takesADiskThatWasWrittenToBeforeTheRecorderWasKilled() throws Exception {
    final DiskFingerprint before = taken(false);
    Thread.sleep(20);
    write(0, 90);

    assertThat(mismatch(before)).isEmpty();
  }

  /** Its last block was cut short, and sampled. */
  @Test
  void takesADiskThatHasGrownAndIsElseAsItWas() throws Exception {
    final DiskFingerprint before = taken(true);
    final long bytesBefore = Files.size(file);
    Thread.sleep(20);
    Files.write(file, new byte[4 * 4096], StandardOpenOption.APPEND);
    assertThat(mismatch(before, bytesBefore)).isEmpty();

    write(4, 1);
    assertThat(mismatch(before, bytesBefore)).get().asString().contains("50 of 51");
  }

  @Test
  void refusesADiskOfWhichNothingIsAsItWas() throws IOException {
    final DiskFingerprint before = taken(false);
    write(0, BLOCKS + 1);

    assertThat(mismatch(before)).get().asString().contains("0 of 51");
  }

  /** A tenth of the blocks is new: some of the old ones are remembered, too. */
  @Test
  void remembersBlocksOfEarlierRuns() throws IOException {
    try (FileTarget disk = open()) {
      final DiskFingerprinter fingerprinter = new DiskFingerprinter(disk, CLOCK);
      final DiskFingerprint first = fingerprinter.take(WRITTEN, null, true);

      final DiskFingerprint second = fingerprinter.take(new long[] {1, 3}, first, true);

      assertThat(second.samples()).hasSize(WRITTEN.length + 2);
    }
  }

  private DiskFingerprint taken(final boolean clean) throws IOException {
    try (FileTarget disk = open()) {
      return new DiskFingerprinter(disk, CLOCK).take(WRITTEN, null, clean);
    }
  }

  private Optional<String> mismatch(final DiskFingerprint before) throws IOException {
    return mismatch(before, Files.size(file));
  }

  private Optional<String> mismatch(final DiskFingerprint before, final long bytesBefore)
      throws IOException {
    try (FileTarget disk = open()) {
      return new DiskFingerprinter(disk, CLOCK).mismatch(before, bytesBefore);
    }
  }

  private FileTarget open() throws IOException {
    return FileTarget.open(Posix.linux(), file.toString(), 0);
  }

  /** Overwrites blocks with others, in place, up to the end of the disk. */
  private void write(final int block, final int count) throws IOException {
    final long from = block * 4096L;
    final byte[] other = new byte[(int) Math.min(count * 4096L, Files.size(file) - from)];
    new Random(2).nextBytes(other);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(other), from);
    }
  }
}
