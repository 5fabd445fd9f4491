package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.capture.CaptureStatus;
import io.blockcam.capture.OnFull;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Stores;
import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.ublk.control.DeviceState;
import io.blockcam.uploader.UploaderStatus;
import io.blockcam.uploader.UploaderStatus.State;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StatusReportTest {
  private static final Instant NOW = Instant.parse("2026-11-26T10:00:00Z");
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  @TempDir private Path directory;

  // What the recorder is at; a test changes what it is about.
  private long spoolBytes = 300L << 20;
  private boolean spoolBlocked;
  private long blocksInDoubt;
  private CaptureStatus.Gaps gaps = new CaptureStatus.Gaps(OnFull.BLOCK, Optional.empty(), 0, 0);
  private String spoolFailure = "";
  private State uploading = State.SHIPPING;
  private String error = "";
  private String headError = "";
  private RateMeter.Rates rates = new RateMeter.Rates(3 << 20, 1 << 20, 10);

  private JsonNode status() throws IOException {
    final Recording recording =
        new Recording(new UUID(1, 2), "web1", 20L << 30, NOW, "host", "", Baseline.EMPTY);
    final CaptureStatus capture =
        new CaptureStatus(
            3,
            1 << 16,
            1 << 13,
            5000,
            4900,
            4800,
            spoolBytes,
            1L << 30,
            0,
            Optional.of(NOW.minusSeconds(95)),
            spoolBlocked,
            2,
            0,
            7,
            gaps,
            1,
            0,
            blocksInDoubt,
            spoolFailure.isEmpty() ? 0 : 4,
            spoolFailure);
    final UploaderStatus uploader =
        new UploaderStatus(
            uploading,
            12,
            1500L << 20,
            2,
            error.isEmpty() ? 0 : 9,
            error.isEmpty() ? Optional.empty() : Optional.of(NOW.minusSeconds(60)),
            error,
            headError);
    try (ObjectStore store = Stores.open("file://" + directory)) {
      return MAPPER.valueToTree(
          StatusReport.json(
              new StatusReport.Identity(
                  recording,
                  recording.diskBytes(),
                  new DeviceInfo(4, 1, 128, 1 << 19, DeviceState.LIVE, 99, 0, 0),
                  Path.of("/spool"),
                  NOW.minusSeconds(3600)),
              store,
              new StatusReport.Reading(capture, uploader, rates),
              NOW));
    }
  }

  private static List<String> lines(final Table table) {
    final StringWriter text = new StringWriter();
    table.print(new PrintWriter(text));
    return text.toString().lines().toList();
  }

  @Test
  void tellsAllOfItToPeople() throws IOException {
    assertThat(lines(StatusReport.facts(status())))
        .containsExactly(
            "recording  web1",
            "state      recording",
            "device     /dev/ublkb4, 20.0 GiB",
            "process    %d, epoch 3 since 2026-11-26T09:00:00Z"
                .formatted(ProcessHandle.current().pid()),
            "sequence   5000, durable 4800",
            "ring       32.0 MiB of 256.0 MiB (12 %)",
            "spool      300.0 MiB of 1.00 GiB (29 %), 2 segments sealed",
            "on full    block",
            "archive    file://" + directory,
            "published  12 segments, 1.46 GiB since the start",
            "backlog    300.0 MiB, 1m 35s",
            "rates      3.00 MiB/s in, 1.00 MiB/s out",
            "full in    6m 2s at this rate");
  }

  /** Nothing is lost by it, so it is no state. */
  @Test
  void tellsThatTheNewestSegmentsHaveNoHead() throws IOException {
    headError = "no more heads";
    assertThat(lines(StatusReport.facts(status())))
        .contains("state      recording", "no head    no more heads; readers are slower");
    assertThat(status().at("/archive/headError").asText()).isEqualTo("no more heads");
  }

  @Test
  void tellsThatWritesGoUnrecordedBeforeAnythingElse() throws IOException {
    gaps =
        new CaptureStatus.Gaps(
            OnFull.GAP, Optional.of(Instant.parse("2026-11-26T09:59:00Z")), 3, 70);
    spoolBlocked = true;
    error = "nobody answers";
    assertThat(lines(StatusReport.facts(status())))
        .contains(
            "state      gap: writes go unrecorded since 2026-11-26T09:59:00Z: the spool is full:"
                + " nobody answers",
            "on full    gap",
            "gaps       3 since the start, of 70 blocks");
    assertThat(status().at("/gaps/since").asText()).isEqualTo("2026-11-26T09:59:00Z");
  }

  @Test
  void isALineOfSeveral() throws IOException {
    error = "nobody answers";
    uploading = State.RETRYING;
    assertThat(lines(StatusReport.lines(List.of(status()))))
        .containsExactly(
            "NAME  DEVICE       STATE   RING  SPOOL  BACKLOG      IN/s     OUT/s",
            "web1  /dev/ublkb4  behind  12 %   29 %   1m 35s  3.00 MiB  1.00 MiB");
  }

  @Test
  void saysWhyAndSinceWhenNothingIsShipped() throws IOException {
    error = "cannot reach it";
    uploading = State.RETRYING;
    assertThat(lines(StatusReport.facts(status())))
        .contains(
            "state      behind: cannot reach it",
            "failing    since 2026-11-26T09:59:00Z, 9 attempts");
    uploading = State.SHIPPING; // it tries again just now
    assertThat(status().get("state").asText()).isEqualTo("behind");
    uploading = State.BLOCKED;
    assertThat(status().get("state").asText()).isEqualTo("stuck");
  }

  /** The worst of several. */
  @Test
  void namesWhatMattersMost() throws IOException {
    blocksInDoubt = 17;
    assertThat(status().get("state").asText()).isEqualTo("doubting");
    assertThat(status().get("reason").asText()).contains("17 blocks");
    error = "cannot reach it";
    uploading = State.RETRYING;
    assertThat(status().get("state").asText()).isEqualTo("behind");
    spoolBlocked = true;
    assertThat(status().get("state").asText()).isEqualTo("blocked");
    assertThat(status().get("reason").asText()).isEqualTo("the spool is full: cannot reach it");
    spoolFailure = "No space left on device";
    assertThat(status().get("state").asText()).isEqualTo("failing");
    assertThat(status().get("reason").asText()).contains("No space left on device");
  }

  @Test
  void saysNothingOfAnEndThatDoesNotCome() throws IOException {
    rates = new RateMeter.Rates(1 << 20, 1 << 20, 10);
    assertThat(status().at("/rates/secondsUntilFull").isNull()).isTrue();
    rates = new RateMeter.Rates(2 << 20, 1 << 20, 10);
    spoolBytes = 2L << 30; // a stop takes more than the limit
    assertThat(status().at("/rates/secondsUntilFull").asLong(-1)).isZero();
  }

  /** The recorder may be of a version that says less. */
  @Test
  void doesWithoutWhatIsNotSaid() throws IOException {
    final JsonNode little = MAPPER.readTree("{\"name\": \"old\"}");
    assertThat(lines(StatusReport.facts(little))).contains("recording  old");
    assertThat(lines(StatusReport.lines(List.of(little)))).hasSize(2);
  }
}
