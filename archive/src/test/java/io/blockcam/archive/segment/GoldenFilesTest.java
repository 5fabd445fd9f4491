package io.blockcam.archive.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.LogWriter;
import io.blockcam.archive.log.Recovered;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was written once in format version 1 is written and read the same for ever. */
class GoldenFilesTest {
  private static final Sha256Digest SEGMENT_0 =
      Sha256Digest.ofHex("1ec7cb574f40108b4ff6ae84e46b2a61431d0e58e2b612fc5a2901c5f4aea722");
  private static final Sha256Digest SEGMENT_1 =
      Sha256Digest.ofHex("dfed5e2330d1af8069b8ec1f7cf82d2f7709e2da0298c13243162e22fde5969d");

  private static final Sha256Digest RECORDING_JSON =
      Sha256.of(RecordingJson.write(GoldenFiles.recording()));

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "recording.json",
        "0000000000.seg",
        "0000000001.seg",
        "0000000002.open",
        "base/0000000001.seg"
      })
  void writesTheSameBytes(final String file) throws IOException {
    GoldenFiles.write(directory);
    assertThat(Files.readAllBytes(directory.resolve(file))).isEqualTo(golden(file));
  }

  @Test
  void readsTheRecording() throws IOException {
    assertThat(RecordingJson.read(golden(Recording.FILE_NAME), "golden"))
        .isEqualTo(GoldenFiles.recording());
  }

  @Test
  void readsTheTrailerOfTheSealedSegment() throws IOException {
    final SegmentTrailer trailer = reader("0000000000.seg").trailer();
    assertThat(trailer.recordingId()).isEqualTo(GoldenFiles.ID);
    assertThat(trailer.epoch()).isZero();
    assertThat(trailer.segmentNumber()).isZero();
    assertThat(trailer.recovered()).isFalse();
    assertThat(trailer.recordCount()).isEqualTo(18);
    assertThat(trailer.payloadCount()).isEqualTo(7);
    assertThat(trailer.firstSequence()).isZero();
    assertThat(trailer.lastSequence()).isEqualTo(17);
    assertThat(trailer.firstTimestampNs()).isEqualTo(1_795_341_600_123_457_789L);
    assertThat(trailer.lastTimestampNs()).isEqualTo(1_795_341_600_123_474_789L);
    assertThat(trailer.diskBytes()).isEqualTo(1_049_088);
    assertThat(trailer.diskBlocks()).isEqualTo(257);
    assertThat(trailer.previousDigest()).isEqualTo(RECORDING_JSON);
    assertThat(trailer.digest()).isEqualTo(SEGMENT_0);
  }

  @Test
  void readsTheRecordsOfTheSealedSegment() throws IOException {
    final RecordTable table = reader("0000000000.seg").tables().records();
    final List<String> lines = new ArrayList<>();
    for (int i = 0; i < table.count(); i++) {
      lines.add(
          "%d %s %d+%d mask=%02x flags=%02x payload=%d aux=%d"
              .formatted(
                  table.sequence(i),
                  table.kind(i),
                  table.block(i),
                  table.runBlocks(i),
                  table.sectorMask(i),
                  table.flags(i),
                  table.payloadIndex(i),
                  table.aux(i)));
    }
    assertThat(lines)
        .containsExactly(
            "0 START 0+0 mask=00 flags=00 payload=-1 aux=0",
            "1 BASELINE 255+1 mask=ff flags=00 payload=0 aux=0",
            "2 DATA 3+1 mask=ff flags=03 payload=1 aux=0",
            "3 DATA 4+1 mask=ff flags=10 payload=1 aux=0",
            "4 DATA 5+1 mask=06 flags=01 payload=2 aux=0",
            "5 DATA 6+1 mask=ff flags=09 payload=-1 aux=0",
            "6 DATA 7+1 mask=ff flags=04 payload=3 aux=0",
            "7 ZEROES 16+32 mask=ff flags=01 payload=-1 aux=0",
            "8 DISCARD 0+257 mask=ff flags=01 payload=-1 aux=0",
            "9 FLUSH 0+0 mask=00 flags=00 payload=-1 aux=0",
            "10 MARK 0+0 mask=00 flags=00 payload=4 aux=0",
            "11 CLOCK_STEP 0+0 mask=00 flags=00 payload=-1 aux=1795345200123456789",
            "12 GAP 8+2 mask=ff flags=01 payload=-1 aux=1",
            "13 BASELINE_DONE 0+257 mask=ff flags=01 payload=-1 aux=0",
            "14 RESYNC_DONE 8+2 mask=ff flags=01 payload=-1 aux=0",
            "15 RESYNC 8+1 mask=ff flags=20 payload=5 aux=0",
            "16 DATA 256+1 mask=01 flags=01 payload=6 aux=0",
            "17 STOP 0+0 mask=00 flags=00 payload=-1 aux=0");
  }

  @Test
  void readsThePayloadsOfTheSealedSegment() throws IOException {
    final SegmentReader reader = reader("0000000000.seg");
    final byte[] payloads = new byte[7 * 4096];
    new FrameReader().read(reader, 0, 1, (frame, plain) -> plain.get(payloads));
    assertThat(new byte[] {payloads[0], payloads[4095], payloads[4096], payloads[3 * 4096 - 1]})
        .containsExactly(0x10, 0x17, 0x20, 0x00);
    assertThat(new String(payloads, 4 * 4096, 5, UTF_8)).isEqualTo("caf\u00e9");
  }

  @Test
  void readsTheRecoveredSegment() throws IOException {
    final SegmentReader reader = reader("0000000001.seg");
    assertThat(reader.trailer().recovered()).isTrue();
    assertThat(reader.trailer().epoch()).isEqualTo(1);
    assertThat(reader.trailer().firstSequence()).isEqualTo(18);
    assertThat(reader.trailer().previousDigest()).isEqualTo(SEGMENT_0);
    assertThat(reader.trailer().digest()).isEqualTo(SEGMENT_1);
    assertThat(reader.records().kind(1)).isEqualTo(RecordKind.DATA);
  }

  @Test
  void recoversTheOpenSegment() throws IOException {
    Files.write(directory.resolve("0000000002.open"), golden("0000000002.open"));
    final Recovered recovered = LogWriter.recover(directory, GoldenFiles.chain(2, 20, SEGMENT_1));
    assertThat(recovered.cutReason()).isEmpty();
    assertThat(recovered.log().orElseThrow().recordCount()).isEqualTo(3);
    assertThat(recovered.log().orElseThrow().payloadCount()).isEqualTo(1);
  }

  @Test
  void readsTheSameFromTheEncodedSegment() throws IOException {
    final SegmentReader raw = reader("0000000000.seg");
    final SegmentReader encoded = reader("encoded/0000000000.seg");
    assertThat(encoded.trailer().storage().encoding()).isEqualTo(PayloadEncoding.ZSTD);
    assertThat(encoded.trailer().storage().isSigned()).isTrue();
    assertThat(encoded.trailer().digest()).isEqualTo(SEGMENT_0);
    final SegmentTables tables = encoded.tables();
    for (final int record : List.of(1, 2, 3, 4, 6, 10, 15, 16)) {
      assertThat(encoded.readPayload(tables, record))
          .isEqualTo(raw.readPayload(raw.tables(), record));
    }
  }

  /** A base, and what it stands for: the next segment follows either. */
  @Test
  void chainsWithAndWithoutTheBeginningOfTheHistory() throws IOException {
    final SegmentChain beginning = SegmentChain.beginning(GoldenFiles.recording(), RECORDING_JSON);
    final SegmentChain whole =
        beginning
            .next("0", 0, reader("0000000000.seg").trailer())
            .next("1", 1, reader("0000000001.seg").trailer());
    final SegmentChain folded = beginning.next("1", 1, reader("base/0000000001.seg").trailer());
    assertThat(folded.digest()).isEqualTo(whole.digest());
    assertThat(folded.sequence()).isEqualTo(whole.sequence());
    assertThat(folded.number()).isEqualTo(whole.number());
    assertThatThrownBy(() -> whole.next("1", 1, reader("base/0000000001.seg").trailer()))
        .isInstanceOf(SegmentException.class)
        .hasMessageContaining("only the beginning of a recording can be folded");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0000000000.seg",
        "0000000001.seg",
        "base/0000000001.seg",
        "encoded/0000000000.seg"
      })
  void findsNothingWrong(final String file) throws IOException {
    final List<String> findings = new ArrayList<>();
    final byte[] bytes = golden(file);
    SegmentCheck.run(
        new ArrayBytes(bytes, bytes.length), finding -> findings.add(finding.getMessage()));
    assertThat(findings).isEmpty();
  }

  private static SegmentReader reader(final String file) throws IOException {
    final byte[] bytes = golden(file);
    return SegmentReader.open(new ArrayBytes(bytes, bytes.length));
  }

  private static byte[] golden(final String file) throws IOException {
    final String resource = "/" + GoldenFiles.DIRECTORY + "/" + file;
    try (InputStream in =
        Objects.requireNonNull(GoldenFilesTest.class.getResourceAsStream(resource), resource)) {
      return in.readAllBytes();
    }
  }
}
