package io.blockcam.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is missing: from when to when, how much, why. */
final class GapTest {
  private static final int SECOND = 1_000_000_000;

  @TempDir private Path root;
  private TestRecording recording;

  @BeforeEach
  void make() throws IOException {
    recording = new TestRecording(root, 1 << 20);
  }

  private Instant write() throws IOException {
    recording.passTime(SECOND);
    recording.data(1, 0xff, 1, TestRecording.filled(7));
    return recording.now();
  }

  private Gap gap(final Instant from, final long block, final long blocks, final GapReason why)
      throws IOException {
    recording.passTime(SECOND);
    final long sequence = recording.nextSequence();
    recording.gap(block, blocks, why);
    return new Gap(sequence, Optional.of(from), recording.now(), blocks, Optional.of(why));
  }

  private List<Gap> found() throws IOException {
    recording.seal();
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      return Gap.all(reader, reader.find(), Progress.NONE);
    }
  }

  @Test
  void isFromTheRecordBeforeToItsOwn() throws IOException {
    write();
    final Gap expected = gap(write(), 3, 5, GapReason.NO_ROOM);
    write();
    assertThat(found()).containsExactly(expected);
  }

  @Test
  void isOneHoweverManyRunsOfBlocksItHas() throws IOException {
    final Instant before = write();
    final long sequence = recording.nextSequence();
    gap(before, 3, 5, GapReason.NO_ROOM);
    gap(before, 10, 2, GapReason.NO_ROOM);
    final Instant to = recording.now();
    assertThat(found())
        .containsExactly(
            new Gap(sequence, Optional.of(before), to, 7, Optional.of(GapReason.NO_ROOM)));
  }

  @Test
  void isAnotherForAnotherReasonAndAfterAWrite() throws IOException {
    final Instant before = write();
    final Gap first = gap(before, 3, 5, GapReason.NO_ROOM);
    final Gap second = gap(before, 3, 5, GapReason.SYNC_FAILED);
    final Gap third = gap(write(), 3, 5, GapReason.SYNC_FAILED);
    assertThat(found()).containsExactly(first, second, third);
  }

  @Test
  void atTheBeginningOfASegmentIsFromTheEndOfTheOneBefore() throws IOException {
    final Instant before = write();
    recording.seal();
    final Gap expected = gap(before, 3, 5, GapReason.NO_ROOM);
    assertThat(found()).containsExactly(expected);
  }

  /** What is missing is missing since before the recorder died, not since it started. */
  @Test
  void atTheBeginningOfAnEpochIsFromTheEndOfTheOneBefore() throws IOException {
    final Instant before = write();
    recording.nextEpoch();
    recording.passTime(60L * SECOND);
    recording.point(RecordKind.START);
    recording.clockBackBy(SECOND);
    final Gap expected = gap(before, 3, 5, GapReason.RECORDS_LOST);
    final Gap shown =
        new Gap(
            expected.sequence(),
            expected.from(),
            expected.to().minusNanos(SECOND), // by the clock, not by the timestamp
            expected.blocks(),
            expected.reason());
    assertThat(found()).containsExactly(shown);
  }

  @Test
  void isFromTheBeginningWhereNothingWasRecordedBefore() throws IOException {
    recording.point(RecordKind.START);
    final long sequence = recording.nextSequence();
    recording.gap(3, 5, GapReason.DISK_CHANGED);
    assertThat(found())
        .containsExactly(
            new Gap(
                sequence,
                Optional.empty(),
                recording.now(),
                5,
                Optional.of(GapReason.DISK_CHANGED)));
  }
}
