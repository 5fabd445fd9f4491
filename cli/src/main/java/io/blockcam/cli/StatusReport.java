package io.blockcam.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.blockcam.archive.Recording;
import io.blockcam.capture.CaptureStatus;
import io.blockcam.store.ObjectStore;
import io.blockcam.ublk.control.DeviceInfo;
import io.blockcam.uploader.UploaderStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What a recorder does: as JSON where it runs, and as a table where somebody asks. */
final class StatusReport {
  private static final int BLOCK_BYTES = 4096;
  private static final int PERCENT = 100;

  private StatusReport() {}

  /** What does not change while it runs. */
  record Identity(
      Recording recording, long diskBytes, DeviceInfo device, Path spool, Instant since) {}

  /** What it does now. */
  record Reading(CaptureStatus capture, UploaderStatus uploader, RateMeter.Rates rates) {}

  /**
   * Of one whose disk is not there yet.
   *
   * @param doing what it does, in a line
   */
  static Map<String, Object> beginning(
      final Recording recording, final long diskBytes, final Instant since, final String doing) {
    final Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", recording.name());
    json.put("id", recording.id().toString());
    json.put("pid", ProcessHandle.current().pid());
    json.put("diskBytes", diskBytes);
    json.put("since", since.toString());
    json.put("state", "starting");
    json.put("reason", doing);
    return json;
  }

  static Map<String, Object> json(
      final Identity who, final ObjectStore store, final Reading now, final Instant instant) {
    final CaptureStatus capture = now.capture();
    final UploaderStatus uploader = now.uploader();
    final RecorderState state = RecorderState.of(capture, uploader);
    final Map<String, Object> json = new LinkedHashMap<>();
    json.put("name", who.recording().name());
    json.put("id", who.recording().id().toString());
    json.put("pid", ProcessHandle.current().pid());
    json.put("device", who.device().blockDevicePath());
    json.put("diskBytes", who.diskBytes());
    json.put("epoch", capture.epoch());
    json.put("since", who.since().toString());
    json.put("state", Words.of(state.word()));
    json.put("reason", state.reason());
    json.put("sequence", capture.lastSequence());
    json.put("durableSequence", capture.durableSequence());
    json.put("blocksInDoubt", capture.blocksInDoubt());
    final Map<String, Object> ring = new LinkedHashMap<>();
    ring.put("bytes", (long) capture.ringSlots() * BLOCK_BYTES);
    ring.put("usedBytes", capture.ringUsedSlots() * BLOCK_BYTES);
    ring.put("watermarkCrossings", capture.ringWatermarks());
    ring.put("writesThatWaited", capture.refusedOffers());
    json.put("ring", ring);
    final Map<String, Object> spool = new LinkedHashMap<>();
    spool.put("directory", who.spool().toString());
    spool.put("limitBytes", capture.spoolLimitBytes());
    spool.put("usedBytes", capture.spoolBytes());
    spool.put("sealedSegments", capture.sealedSegments());
    spool.put("watermarkCrossings", capture.spoolWatermarks());
    json.put("spool", spool);
    spool.put("onFull", Words.option(capture.gaps().onFull()));
    final Map<String, Object> gaps = new LinkedHashMap<>();
    gaps.put("since", capture.gaps().since().map(Instant::toString).orElse(null));
    gaps.put("count", capture.gaps().count());
    gaps.put("blocks", capture.gaps().blocks());
    json.put("gaps", gaps);
    final Map<String, Object> archive = new LinkedHashMap<>();
    archive.put("uri", store.describe());
    archive.put("publishedSegments", uploader.publishedSegments());
    archive.put("publishedBytes", uploader.publishedBytes());
    archive.put("failures", uploader.failures());
    archive.put("failingSince", uploader.failingSince().map(Instant::toString).orElse(null));
    archive.put("lastError", uploader.lastError());
    archive.put("headError", uploader.headError());
    json.put("archive", archive);
    final Map<String, Object> backlog = new LinkedHashMap<>();
    backlog.put("bytes", capture.spoolBytes());
    backlog.put(
        "seconds",
        capture
            .waitingSince()
            .map(since -> Math.max(0, Duration.between(since, instant).toSeconds()))
            .orElse(0L));
    json.put("backlog", backlog);
    final RateMeter.Rates rates = now.rates();
    final Map<String, Object> flow = new LinkedHashMap<>();
    flow.put("inBytesPerSecond", Math.round(rates.inPerSecond()));
    flow.put("outBytesPerSecond", Math.round(rates.outPerSecond()));
    flow.put("overSeconds", Math.round(rates.seconds()));
    flow.put("secondsUntilFull", untilFull(capture, rates).orElse(null));
    json.put("rates", flow);
    return json;
  }

  private static Optional<Long> untilFull(
      final CaptureStatus capture, final RateMeter.Rates rates) {
    final double growth = rates.inPerSecond() - rates.outPerSecond();
    final long room = Math.max(0, capture.spoolLimitBytes() - capture.spoolBytes());
    return growth < 1 ? Optional.empty() : Optional.of(Math.round(room / growth));
  }

  /** All of it, for people. */
  static Table facts(final JsonNode json) {
    final Table table = new Table(Table.Align.LEFT, Table.Align.LEFT);
    table.row("recording", text(json, "/name"));
    final String reason = text(json, "/reason");
    table.row("state", text(json, "/state") + (reason.isEmpty() ? "" : ": " + reason));
    if (!json.has("device")) {
      table.row("process", text(json, "/pid") + ", since " + text(json, "/since"));
      return table;
    }
    table.row("device", text(json, "/device") + ", " + size(json, "/diskBytes"));
    table.row(
        "process",
        "%s, epoch %s since %s"
            .formatted(text(json, "/pid"), text(json, "/epoch"), text(json, "/since")));
    table.row("sequence", text(json, "/sequence") + ", durable " + text(json, "/durableSequence"));
    table.row("ring", used(json, "/ring/usedBytes", "/ring/bytes"));
    table.row(
        "spool",
        "%s, %s segments sealed"
            .formatted(
                used(json, "/spool/usedBytes", "/spool/limitBytes"),
                text(json, "/spool/sealedSegments")));
    table.row("on full", text(json, "/spool/onFull"));
    if (json.at("/gaps/count").asLong() > 0) {
      table.row(
          "gaps",
          "%s since the start, of %s blocks"
              .formatted(text(json, "/gaps/count"), text(json, "/gaps/blocks")));
    }
    table.row("archive", text(json, "/archive/uri"));
    table.row(
        "published",
        "%s segments, %s since the start"
            .formatted(
                text(json, "/archive/publishedSegments"), size(json, "/archive/publishedBytes")));
    if (!text(json, "/archive/failingSince").isEmpty()) {
      table.row(
          "failing",
          "since %s, %s attempts"
              .formatted(text(json, "/archive/failingSince"), text(json, "/archive/failures")));
    }
    if (!text(json, "/archive/headError").isEmpty()) {
      table.row("no head", text(json, "/archive/headError") + "; readers are slower");
    }
    table.row("backlog", size(json, "/backlog/bytes") + ", " + time(json, "/backlog/seconds"));
    table.row(
        "rates",
        "%s/s in, %s/s out"
            .formatted(
                size(json, "/rates/inBytesPerSecond"), size(json, "/rates/outBytesPerSecond")));
    if (json.at("/rates/secondsUntilFull").isNumber()) {
      table.row("full in", time(json, "/rates/secondsUntilFull") + " at this rate");
    }
    return table;
  }

  /** A line for each of several recorders. */
  static Table lines(final Iterable<JsonNode> recorders) {
    final Table table =
        new Table(
            Table.Align.LEFT,
            Table.Align.LEFT,
            Table.Align.LEFT,
            Table.Align.RIGHT,
            Table.Align.RIGHT,
            Table.Align.RIGHT,
            Table.Align.RIGHT,
            Table.Align.RIGHT);
    table.row("NAME", "DEVICE", "STATE", "RING", "SPOOL", "BACKLOG", "IN/s", "OUT/s");
    for (final JsonNode json : recorders) {
      table.row(
          text(json, "/name"),
          text(json, "/device"),
          text(json, "/state"),
          percent(json, "/ring/usedBytes", "/ring/bytes"),
          percent(json, "/spool/usedBytes", "/spool/limitBytes"),
          time(json, "/backlog/seconds"),
          size(json, "/rates/inBytesPerSecond"),
          size(json, "/rates/outBytesPerSecond"));
    }
    return table;
  }

  /** Empty when it is not there: the recorder may be of another version. */
  private static String text(final JsonNode json, final String pointer) {
    return json.at(pointer).asText("");
  }

  private static String size(final JsonNode json, final String pointer) {
    final JsonNode bytes = json.at(pointer);
    return bytes.isNumber() ? Size.format(bytes.asLong()) : "-";
  }

  private static String time(final JsonNode json, final String pointer) {
    final JsonNode seconds = json.at(pointer);
    return seconds.isNumber() ? HumanDuration.format(Duration.ofSeconds(seconds.asLong())) : "-";
  }

  private static String used(final JsonNode json, final String used, final String of) {
    return "%s of %s (%s)".formatted(size(json, used), size(json, of), percent(json, used, of));
  }

  private static String percent(final JsonNode json, final String used, final String of) {
    final long all = json.at(of).asLong();
    return all <= 0 ? "-" : json.at(used).asLong() * PERCENT / all + " %";
  }
}
