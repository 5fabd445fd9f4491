package io.blockcam.archive.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.log.Segments;
import io.blockcam.archive.record.RecordKind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A segment whose payloads are encoded is the same segment. */
class EncodedSegmentTest {
  private static final int BLOCKS = 75;

  @TempDir private Path directory;
  private Path raw;
  private Path encoded;

  @BeforeEach
  void encodes() throws IOException {
    final SplittableRandom random = new SplittableRandom(5);
    final List<Segments.Entry> entries = new ArrayList<>();
    for (int i = 0; i < BLOCKS; i++) {
      final byte[] payload = Segments.filled(1 + i);
      if (i >= 32 && i < 64) {
        random.nextBytes(payload); // a frame that stays raw
      }
      entries.add(Segments.data(100 + i, i, payload));
    }
    raw = Segments.write(directory, 1, entries).path();
    encoded = directory.resolve("encoded");
    assertThat(encode(raw, encoded)).isTrue();
  }

  private static boolean encode(final Path from, final Path to) throws IOException {
    try (FileBytes bytes = FileBytes.open(from);
        FileChannel out =
            FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      return new SegmentEncoder().encode(SegmentReader.open(bytes), out).isPresent();
    }
  }

  @Test
  void hasTheSameDigestRecordsAndPayloads() throws IOException {
    try (FileBytes rawBytes = FileBytes.open(raw);
        FileBytes encodedBytes = FileBytes.open(encoded)) {
      final SegmentReader before = SegmentReader.open(rawBytes);
      final SegmentReader after = SegmentReader.open(encodedBytes);
      assertThat(after.trailer().digest()).isEqualTo(before.trailer().digest());
      assertThat(after.header()).isEqualTo(before.header());
      assertThat(after.trailer().storage().encoding()).isEqualTo(PayloadEncoding.ZSTD);
      assertThat(after.trailer().fileBytes()).isEqualTo(Files.size(encoded));
      final SegmentTables tables = after.tables();
      for (int i = 0; i < BLOCKS; i++) {
        assertThat(tables.records().kind(i)).isEqualTo(RecordKind.DATA);
        assertThat(after.readPayload(tables, i)).isEqualTo(before.readPayload(tables, i));
      }
    }
    assertThat(Files.size(encoded)).isLessThan(Files.size(raw) * 6 / 10);
    assertThat(findings(Files.readAllBytes(encoded))).isEmpty();
  }

  /** Three frames, few enough that the sample is all of them. */
  @Test
  void isForeseenByASample() throws IOException {
    try (FileBytes rawBytes = FileBytes.open(raw);
        FileBytes encodedBytes = FileBytes.open(encoded)) {
      final SegmentEncoder.Sample sample =
          new SegmentEncoder().sample(SegmentReader.open(rawBytes));
      assertThat(sample.plainBytes()).isEqualTo(BLOCKS * 4096L);
      assertThat(sample.encodedBytes())
          .isEqualTo(SegmentReader.open(encodedBytes).trailer().storage().payloadBytes());
      assertThat(sample.isWorthIt()).isTrue();
    }
  }

  @Test
  void isNotWrittenWhereItSavesNothing() throws IOException {
    final SplittableRandom random = new SplittableRandom(6);
    final List<Segments.Entry> entries = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      final byte[] payload = new byte[4096];
      random.nextBytes(payload);
      entries.add(Segments.data(100 + i, i, payload));
    }
    final Path noise = Segments.write(directory, 2, entries).path();
    assertThat(encode(noise, directory.resolve("noise"))).isFalse();
  }

  /**
   * Every byte: payloads, tables, lengths of frames, trailer. A few bits of an encoded frame mean
   * nothing (RFC 8878, unused bit of the frame header); with those it says the same.
   */
  @Test
  void showsEveryFlippedBitThatChangesAnything() throws IOException {
    final byte[] whole = Files.readAllBytes(encoded);
    final int tables = whole.length - 512 - 3 * 4 - BLOCKS * 128 - 3 * 32;
    for (final int at :
        IntStream.range(0, whole.length)
            .filter(n -> n < 4300 || n % 97 == 0 || (n >= tables && n % 7 == 0))
            .toArray()) {
      final byte[] damaged = whole.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      if (findings(damaged).isEmpty()) {
        assertThat(at).as("a byte of a frame").isBetween(4096, tables);
        assertThat(payloads(damaged)).as("bit flipped in byte %d", at).isEqualTo(payloads(whole));
      }
    }
  }

  private static List<ByteBuffer> payloads(final byte[] bytes) throws IOException {
    final SegmentReader reader = SegmentReader.open(new ArrayBytes(bytes, bytes.length));
    final List<ByteBuffer> payloads = new ArrayList<>();
    for (int i = 0; i < BLOCKS; i++) {
      payloads.add(reader.readPayload(reader.tables(), i));
    }
    return payloads;
  }

  /** One frame that can not be decoded says nothing of the others. */
  @Test
  void checksTheFramesBehindADamagedOne() throws IOException {
    final byte[] damaged = Files.readAllBytes(encoded);
    damaged[4096] ^= 1; // magic of the first zstd frame
    damaged[4096 + 4096] ^= 1; // within the second frame, which is raw
    assertThat(findings(damaged))
        .anyMatch(finding -> finding.contains("frame 0 is not encoded as it should be"))
        .anyMatch(finding -> finding.contains("frame 1, payloads 32 and on, has another SHA-256"));
  }

  @Test
  void keepsItsDigestWhenItIsSigned() throws IOException {
    final byte[] whole = Files.readAllBytes(encoded);
    final byte[] signed = Trailers.signed(whole, 9, new byte[SegmentLimits.MAX_SIGNATURE_BYTES]);
    final SegmentTrailer trailer = trailer(signed);
    assertThat(trailer.storage().isSigned()).isTrue();
    assertThat(trailer.digest()).isEqualTo(trailer(whole).digest());
    assertThat(findings(signed)).isEmpty();
    assertThatThrownBy(
            () ->
                trailer(Trailers.signed(whole, 9, new byte[SegmentLimits.MAX_SIGNATURE_BYTES + 1])))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("a signature of kind 9 with 65537 bytes, it may have 65536");
  }

  private static SegmentTrailer trailer(final byte[] bytes) throws IOException {
    return SegmentReader.open(new ArrayBytes(bytes, bytes.length)).trailer();
  }

  private static List<String> findings(final byte[] bytes) throws IOException {
    final List<String> findings = new ArrayList<>();
    SegmentCheck.run(
        new ArrayBytes(bytes, bytes.length), finding -> findings.add(finding.getMessage()));
    return findings;
  }
}
