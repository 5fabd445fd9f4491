package io.blockcam.archive.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentLimits;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is shipped of a log: always the same bytes, and never damaged ones. */
final class DigestedSegmentTest {
  private static final int RECORDS = 300;

  @TempDir private Path directory;
  private Path log = Path.of("unset");
  private byte[] logBytes = new byte[0];

  @BeforeEach
  void sealALog() throws IOException {
    try (LogWriter writer =
        Segments.log(directory, Segments.random(new SplittableRandom(1), RECORDS))) {
      log = writer.seal().path();
    }
    logBytes = Files.readAllBytes(log);
  }

  private DigestedSegment digested() throws IOException {
    return DigestedSegment.of(log, Segments.RECORDING, Segments.PREVIOUS);
  }

  @Test
  void readsTheSameBytesAnywhere() throws IOException {
    final DigestedSegment segment = digested();
    final byte[] whole = Files.readAllBytes(segment.writeTo(directory).path());
    assertThat(whole).hasSize(Math.toIntExact(segment.trailer().fileBytes()));
    final SplittableRandom random = new SplittableRandom(2);
    try (DigestedBytes bytes = segment.open()) {
      assertThat(bytes.length()).isEqualTo(whole.length);
      for (int i = 0; i < 500; i++) {
        final int from = random.nextInt(whole.length + 1);
        final int to = random.nextInt(from, whole.length + 1);
        final ByteBuffer part = ByteBuffer.allocate(to - from);
        bytes.read(from, part);
        assertThat(part.array()).isEqualTo(Arrays.copyOfRange(whole, from, to));
      }
      assertThatThrownBy(() -> bytes.read(whole.length - 3, ByteBuffer.allocate(4)))
          .isInstanceOf(EOFException.class);
    }
    try (InputStream in = segment.newInputStream()) {
      for (final byte expected : whole) {
        assertThat((byte) in.read()).isEqualTo(expected);
      }
      assertThat(in.read()).isEqualTo(-1);
    }
  }

  @Test
  void refusesALogThatIsDamagedAnywhere() throws IOException {
    final SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 400; i++) {
      damage(random.nextInt(4096, logBytes.length));
      assertThatIOException().isThrownBy(this::digested).isInstanceOf(SegmentException.class);
    }
    Files.write(log, Arrays.copyOf(logBytes, logBytes.length - 64));
    assertThatIOException().isThrownBy(this::digested).withMessageContaining("no end mark");
  }

  /** Between the digests and the sending of it. */
  @Test
  void givesNothingThatWasDamagedSince() throws IOException {
    final DigestedSegment segment = digested();
    final byte[] whole = segment.newInputStream().readAllBytes();
    final SplittableRandom random = new SplittableRandom(4);
    for (int i = 0; i < 400; i++) {
      damage(random.nextInt(logBytes.length));
      byte[] sent = whole;
      try (InputStream in = segment.newInputStream()) {
        sent = in.readAllBytes();
      } catch (final SegmentException e) {
        assertThat(e.file()).isEqualTo(log.toString());
      }
      assertThat(sent).isEqualTo(whole);
    }
  }

  private void damage(final int at) throws IOException {
    final byte[] damaged = logBytes.clone();
    damaged[at] ^= 0x10;
    Files.write(log, damaged);
  }

  /** However many are sent at a time: a third of these would take the tables of all over 48 MiB. */
  @Test
  @Timeout(60)
  void waitsWhileOthersHaveTooMuchInMemory() throws Exception {
    final Path large = Files.createDirectory(directory.resolve("large"));
    final SealedLog sealed;
    try (LogWriter writer = Segments.log(large, List.of())) {
      for (long i = 0; i < SegmentLimits.MAX_RECORDS; i++) {
        writer.append(
            RecordView.allocate().put(writer.nextSequence(), 0, 0, RecordKind.FLUSH, 0, 0),
            0,
            0,
            null,
            0);
      }
      sealed = writer.seal();
    }
    final DigestedSegment segment = Segments.digested(sealed);
    assertThat(segment.summary().totalRecords()).isEqualTo(SegmentLimits.MAX_RECORDS);
    final AtomicInteger done = new AtomicInteger();
    final Thread sending =
        new Thread(
            () -> {
              try (DigestedBytes bytes = segment.open()) {
                done.incrementAndGet();
              } catch (final IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    final Thread digesting =
        new Thread(
            () -> {
              try {
                Segments.digested(sealed);
                done.incrementAndGet();
              } catch (final IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    try (DigestedBytes first = segment.open();
        DigestedBytes second = segment.open()) {
      sending.start();
      digesting.start();
      assertThat(sending.join(Duration.ofMillis(300))).isFalse();
      assertThat(digesting.join(Duration.ofMillis(300))).isFalse();
      assertThat(done).hasValue(0);
    }
    sending.join();
    digesting.join();
    assertThat(done).hasValue(2);
  }

  @Test
  void belongsToItsRecordingItsNumberAndItsPredecessor() throws IOException {
    final UUID other = new UUID(1, 2);
    assertThatThrownBy(() -> DigestedSegment.of(log, other, Segments.PREVIOUS))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("belongs to recording");
    final Path renamed = Files.copy(log, directory.resolve(LogName.sealed(7)));
    assertThatThrownBy(() -> DigestedSegment.of(renamed, Segments.RECORDING, Segments.PREVIOUS))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("is segment 1, renamed");
    assertThatThrownBy(() -> DigestedSegment.of(log, Segments.RECORDING, Sha256Digest.NONE))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(digested().trailer().previousDigest()).isEqualTo(Segments.PREVIOUS);
  }
}
