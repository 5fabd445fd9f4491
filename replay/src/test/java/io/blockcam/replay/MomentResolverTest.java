package io.blockcam.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.Moment;
import io.blockcam.archive.Nanos;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.history.ClockStep;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestRecording;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MomentResolverTest {
  private static final Instant CREATED = TestRecording.CREATED;
  private static final Instant NOW = CREATED.plusSeconds(1000);

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private TestRecording recording;

  /** Records at +10 (START), +20, +20, +30 ns | segment, epoch 1: +40, +50 ns. */
  @BeforeEach
  void record() throws IOException {
    recording = new TestRecording(directory, 1 << 20);
    recording.passTime(10);
    recording.point(RecordKind.START);
    recording.passTime(10);
    recording.data(1, 0xff, 0, TestRecording.filled(1));
    recording.data(2, 0xff, 0, TestRecording.filled(1));
    recording.passTime(10);
    recording.data(3, 0xff, 0, TestRecording.filled(1));
    recording.nextEpoch();
    recording.passTime(10);
    recording.point(RecordKind.START);
    recording.passTime(10);
    recording.data(4, 0xff, 0, TestRecording.filled(1));
    recording.seal();
  }

  @Test
  void takesTheLastOfRecordsWithTheSameTimestamp() throws IOException {
    assertThat(at(20)).isEqualTo(moment(0, 2, 20));
  }

  @Test
  void includesExactlyWhatHappenedUpToANanosecond() throws IOException {
    assertThat(at(19)).isEqualTo(moment(0, 0, 10));
    assertThat(at(29)).isEqualTo(moment(0, 2, 20));
    assertThat(at(30)).isEqualTo(moment(0, 3, 30));
    assertThat(at(39)).isEqualTo(moment(0, 3, 30));
    assertThat(at(40)).isEqualTo(moment(1, 4, 40));
    assertThat(at(50)).isEqualTo(moment(1, 5, 50));
  }

  @Test
  void resolvesATimeAfterTheLastRecordToTheLastRecord() throws IOException {
    assertThat(resolve(new When.At(NOW))).isEqualTo(moment(1, 5, 50));
    assertThat(resolve(new When.Latest())).isEqualTo(moment(1, 5, 50));
  }

  @Test
  void resolvesATimeBeforeTheFirstRecordToTheEmptyDisk() throws IOException {
    assertThat(at(0)).isEqualTo(moment(0, -1, 0));
    assertThat(at(9)).isEqualTo(moment(0, -1, 0));
  }

  @Test
  void refusesATimeBeforeTheRecordingBegan() {
    assertThatThrownBy(() -> at(-1))
        .isInstanceOf(MomentException.class)
        .hasMessageContaining("before the recording began");
  }

  /** C6: such a time was twice, and only a sequence can name the second. */
  @Test
  void tellsOfAClockThatWasSetBackOverATime() throws IOException {
    recording.passTime(50); // +100
    recording.clockBackBy(40);
    recording.data(5, 0xff, 0, TestRecording.filled(1));
    recording.seal();

    assertThat(doubtfulStep(59)).isEmpty();
    final Optional<ClockStep> step =
        Optional.of(new ClockStep(6, CREATED.plusNanos(100), CREATED.plusNanos(60)));
    assertThat(doubtfulStep(60)).isEqualTo(step);
    assertThat(doubtfulStep(100)).isEqualTo(step);
    assertThat(doubtfulStep(101)).isEmpty();
    assertThat(at(99)).isEqualTo(moment(1, 5, 50));
  }

  /** A segment that was damaged in the spool begins with a gap, and no epoch with it. */
  @Test
  void keepsTheLeadOfTheClockBehindAGapWithinAnEpoch() throws IOException {
    recording.passTime(50); // +100
    recording.clockBackBy(40); // seq 6: +60
    recording.seal();
    recording.gap(0, 4, GapReason.RECORDS_LOST); // seq 7
    recording.passTime(5);
    recording.data(5, 0xff, 0, TestRecording.filled(1)); // seq 8, shown at +65
    recording.seal();
    assertThat(resolve(new When.Latest()).instant()).isEqualTo(CREATED.plusNanos(65));
  }

  /** Set ahead, and back while nothing ran: no step tells of the second, but the start does. */
  @Test
  void findsATimeBehindAClockThatWasSetAheadForAMoment() throws IOException {
    recording.passTime(10); // +60
    recording.clockBackBy(-1000); // seq 6: it shows +1060 after it
    recording.nextEpoch();
    recording.passTime(5);
    recording.point(RecordKind.START); // seq 7, +65
    recording.seal();
    assertThat(at(59).sequence()).isEqualTo(5);
    assertThat(at(65).sequence()).isEqualTo(7);
    assertThat(at(500).sequence()).isEqualTo(7);
  }

  /**
   * B5: years ahead at +60 for 10 ns, and set right; then writes at +75 and, in a new epoch, +90.
   */
  @Test
  void findsEveryTimeBehindAGlitchOfTheClock() throws IOException {
    final long years = 400_000_000_000_000_000L;
    recording.passTime(10); // +60
    recording.clockAheadBy(years);
    recording.passTime(5);
    recording.data(5, 0xff, 0, TestRecording.filled(1)); // seq 7, in the glitch
    recording.passTime(5);
    recording.clockBackBy(years); // +70 again
    recording.passTime(5);
    recording.data(6, 0xff, 0, TestRecording.filled(1)); // seq 9
    recording.seal();
    recording.passTime(5);
    recording.data(7, 0xff, 0, TestRecording.filled(1)); // seq 10, +80
    recording.nextEpoch();
    recording.point(RecordKind.START); // seq 11
    recording.clockBackBy(years - 10); // seq 12, +90: ten passed while no timestamp did
    recording.passTime(5);
    recording.data(8, 0xff, 0, TestRecording.filled(1)); // seq 13
    recording.seal();

    assertThat(at(59)).isEqualTo(moment(1, 5, 50));
    assertThat(at(75)).isEqualTo(moment(1, 9, 75));
    assertThat(at(79)).isEqualTo(moment(1, 9, 75));
    assertThat(at(80)).isEqualTo(moment(1, 10, 80));
    assertThat(at(89)).as("while nothing ran").isEqualTo(moment(1, 10, 80));
    assertThat(at(90)).isEqualTo(moment(2, 12, 90));
    assertThat(at(95)).isEqualTo(moment(2, 13, 95));
    assertThat(resolve(new When.Latest())).isEqualTo(moment(2, 13, 95));
    assertThat(at(years + 65)).isEqualTo(moment(1, 7, years + 65));
    assertThat(resolve(new When.Sequence(7))).isEqualTo(moment(1, 7, years + 65));
    assertThat(at(65)).as("in the glitch, by a right clock").isEqualTo(moment(1, 5, 50));
    assertThat(doubtfulStep(65))
        .contains(new ClockStep(6, CREATED.plusNanos(60), CREATED.plusNanos(60 + years)));
    assertThat(doubtfulStep(80)).isEmpty();
    assertThat(resolve(new When.At(Instant.parse("9999-12-31T23:59:59Z"))))
        .isEqualTo(moment(2, 13, 95));
  }

  @Test
  void findsTimesBeforeTheBeginningThatTheClockShowedLater() throws IOException {
    recording.clockBackBy(1000); // at +50: seq 6
    recording.passTime(10);
    recording.data(5, 0xff, 0, TestRecording.filled(1)); // seq 7
    recording.seal();

    assertThat(at(-940)).isEqualTo(moment(1, 7, -940));
    assertThat(resolve(new When.Latest())).isEqualTo(moment(1, 7, -940));
    assertThat(doubtfulStep(-940)).isEmpty();
    assertThatThrownBy(() -> at(-1000)).isInstanceOf(MomentException.class);
  }

  @Test
  void findsTimesOnceTheClockHasCaughtUp() throws IOException {
    recording.clockBackBy(30); // at +50: +20 once more
    recording.passTime(10);
    recording.data(5, 0xff, 0, TestRecording.filled(1)); // seq 7, +30
    recording.nextEpoch();
    recording.passTime(100);
    recording.point(RecordKind.START); // seq 8, +160: the clock is past the last record
    recording.seal();

    assertThat(resolve(new When.Sequence(7))).isEqualTo(moment(1, 7, 30));
    assertThat(at(120)).isEqualTo(moment(1, 7, 30));
    assertThat(at(160)).isEqualTo(moment(2, 8, 160));
    assertThat(at(30)).as("the first of two").isEqualTo(moment(0, 3, 30));
    assertThat(doubtfulStep(120)).isEmpty();
  }

  private Optional<ClockStep> doubtfulStep(final long nsAfterCreated) throws IOException {
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      return new MomentResolver(reader, reader.find(), true)
          .doubtfulStep(CREATED.plusNanos(nsAfterCreated));
    }
  }

  @Test
  void findsMarksByTheirTextTheNewestFirst() throws IOException {
    mark("one");
    recording.passTime(5);
    mark("two");
    recording.passTime(5);
    mark("one");
    recording.data(5, 0xff, 0, TestRecording.filled(1));
    recording.seal();

    final long first = recording.nextSequence() - 4;
    assertThat(resolve(new When.Mark("one")).sequence()).isEqualTo(first + 2);
    assertThat(resolve(new When.Mark("two")).sequence()).isEqualTo(first + 1);
    assertThatThrownBy(() -> resolve(new When.Mark("three")))
        .isInstanceOf(MomentException.class)
        .hasMessageContaining("no mark 'three'");
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final MomentResolver moments = new MomentResolver(reader, reader.find(), true);
      final Moment between = moments.resolve(new When.Sequence(first + 1));
      assertThat(moments.markBefore(between)).isEqualTo(between);
      assertThatThrownBy(() -> moments.markBefore(moments.resolve(new When.Sequence(first - 1))))
          .isInstanceOf(MomentException.class);
    }
  }

  private void mark(final String text) throws IOException {
    recording.append(
        0, 0, RecordKind.MARK, 0, 0, Arrays.copyOf(text.getBytes(StandardCharsets.UTF_8), 4096));
  }

  @Test
  void resolvesSequences() throws IOException {
    assertThat(resolve(new When.Sequence(0))).isEqualTo(moment(0, 0, 10));
    assertThat(resolve(new When.Sequence(3))).isEqualTo(moment(0, 3, 30));
    assertThat(resolve(new When.Sequence(4))).isEqualTo(moment(1, 4, 40));
  }

  @Test
  void refusesASequenceThatIsNotRecorded() {
    assertThatThrownBy(() -> resolve(new When.Sequence(6)))
        .isInstanceOf(MomentException.class)
        .hasMessageContaining("seq:0 to seq:5");
    assertThatThrownBy(() -> resolve(new When.Sequence(-1))).isInstanceOf(MomentException.class);
  }

  /** Three segments: to +30, +40 to +50, one at +60. */
  @Test
  void passesOverWhatIsLostWhereThatIsTolerated() throws IOException {
    recording.passTime(10);
    recording.data(5, 0xff, 0, TestRecording.filled(1));
    recording.point(RecordKind.FLUSH);
    recording.seal();
    final Moment newest = moment(1, 7, 60);
    assertThat(ofWhatIsLeft(new When.Latest())).isEqualTo(newest);

    lose(1);
    assertThat(ofWhatIsLeft(new When.Latest())).isEqualTo(newest);
    final When.At inLost = new When.At(CREATED.plusNanos(45));
    assertThat(ofWhatIsLeft(inLost)).isEqualTo(moment(0, 3, 30));
    assertThatThrownBy(() -> resolve(inLost)).isInstanceOf(SegmentException.class);

    lose(2);
    final Moment left = moment(0, 3, 30);
    assertThat(ofWhatIsLeft(new When.Latest())).isEqualTo(left);
    assertThat(ofWhatIsLeft(new When.At(NOW))).isEqualTo(left);
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      final MomentResolver moments = new MomentResolver(reader, reader.findWhatIsLeft(), false);
      assertThat(moments.gapsBehind(left).isEmpty()).isTrue();
      assertThatThrownBy(() -> moments.flushBefore(left)).isInstanceOf(MomentException.class);
      assertThatThrownBy(() -> moments.resolve(new When.Mark("x")))
          .isInstanceOf(MomentException.class);
    }

    lose(0);
    assertThat(ofWhatIsLeft(new When.Latest())).isEqualTo(moment(0, -1, 0));
  }

  private void lose(final int number) throws IOException {
    final Path file = recording.segments().resolve("%010d.seg".formatted(number));
    final byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 20] ^= 1; // in the trailer
    Files.write(file, bytes);
  }

  private Moment ofWhatIsLeft(final When when) throws IOException {
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      return new MomentResolver(reader, reader.findWhatIsLeft(), true).resolve(when);
    }
  }

  private Moment at(final long nsAfterCreated) throws IOException {
    return resolve(new When.At(CREATED.plusNanos(nsAfterCreated)));
  }

  private Moment resolve(final When when) throws IOException {
    try (ObjectStore store = recording.store()) {
      final RecordingReader reader = RecordingReader.open(store, TestRecording.NAME);
      return new MomentResolver(reader, reader.find(), true).resolve(when);
    }
  }

  private static Moment moment(final long epoch, final long sequence, final long nsAfterCreated) {
    return new Moment(epoch, sequence, Nanos.of(CREATED.plusNanos(nsAfterCreated)));
  }
}
