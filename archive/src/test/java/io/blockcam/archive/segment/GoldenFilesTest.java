package io.blockcam.archive.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
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
      Sha256Digest.ofHex("9798960ddb7da539b63995ada74ec165e3de8558affc90e0b97bb4bfb18f2536");
  private static final Sha256Digest SEGMENT_1 =
      Sha256Digest.ofHex("cf45d9ed3738bdb7188439ade52ef5705e4ab1ccc96bdadc4b1091d14087af2a");

  @TempDir private Path directory;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "recording.json",
        "0000000000.seg",
        "0000000001.seg",
        "0000000002.open",
        "0000000002.journal"
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
    assertThat(trailer.recordCount()).isEqualTo(16);
    assertThat(trailer.payloadCount()).isEqualTo(7);
    assertThat(trailer.firstSequence()).isZero();
    assertThat(trailer.lastSequence()).isEqualTo(15);
    assertThat(trailer.firstTimestampNs()).isEqualTo(1_795_341_600_123_457_789L);
    assertThat(trailer.lastTimestampNs()).isEqualTo(1_795_341_600_123_472_789L);
    assertThat(trailer.diskBytes()).isEqualTo(1_049_088);
    assertThat(trailer.diskBlocks()).isEqualTo(257);
    assertThat(trailer.previousDigest()).isEqualTo(Sha256Digest.NONE);
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
            "13 RESYNC 8+1 mask=ff flags=20 payload=5 aux=0",
            "14 DATA 256+1 mask=01 flags=01 payload=6 aux=0",
            "15 STOP 0+0 mask=00 flags=00 payload=-1 aux=0");
  }

  @Test
  void readsThePayloadsOfTheSealedSegment() throws IOException {
    final SegmentReader reader = reader("0000000000.seg");
    final byte[] payloads = new byte[7 * 4096];
    reader.readPayloads(0, ByteBuffer.wrap(payloads));
    assertThat(new byte[] {payloads[0], payloads[4095], payloads[4096], payloads[3 * 4096 - 1]})
        .containsExactly(0x10, 0x17, 0x20, 0x00);
    assertThat(new String(payloads, 4 * 4096, 5, UTF_8)).isEqualTo("caf\u00e9");
  }

  @Test
  void readsTheRecoveredSegment() throws IOException {
    final SegmentReader reader = reader("0000000001.seg");
    assertThat(reader.trailer().recovered()).isTrue();
    assertThat(reader.trailer().epoch()).isEqualTo(1);
    assertThat(reader.trailer().firstSequence()).isEqualTo(16);
    assertThat(reader.trailer().previousDigest()).isEqualTo(SEGMENT_0);
    assertThat(reader.trailer().digest()).isEqualTo(SEGMENT_1);
    assertThat(reader.records().kind(1)).isEqualTo(RecordKind.DATA);
  }

  @Test
  void recoversTheOpenSegment() throws IOException {
    for (final String file : List.of("0000000002.open", "0000000002.journal")) {
      Files.write(directory.resolve(file), golden(file));
    }
    final Recovered recovered =
        SegmentWriter.recover(directory, GoldenFiles.chain(2, 18, SEGMENT_1));
    assertThat(recovered.cutReason()).isEmpty();
    assertThat(recovered.segment().orElseThrow().trailer().recordCount()).isEqualTo(3);
    assertThat(recovered.segment().orElseThrow().trailer().payloadCount()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0000000000.seg", "0000000001.seg"})
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
