package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.head.HeadJson;
import io.blockcam.archive.head.RecordingHead;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.store.FaultyStore;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreRefusedException;
import io.blockcam.store.StoreUnavailableException;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The head behind each segment. */
final class HeadKeeperTest {
  private static final Backoff AT_ONCE = new Backoff(Duration.ofMillis(1), Duration.ofMillis(2));

  @TempDir private Path dir;
  private Path archive;
  private ObjectStore store;
  private TestSpool spool;
  private Uploader uploader;
  private int sealed;

  @BeforeEach
  void ships() throws IOException {
    archive = dir.resolve("archive");
    store = Stores.open(archive.toUri().toString());
    spool = new TestSpool(dir.resolve("spool"));
    uploader = newUploader();
    ship(5);
  }

  @AfterEach
  void close() throws IOException {
    uploader.close();
    store.close();
  }

  private Uploader newUploader() {
    return new Uploader(
        store,
        TestSpool.RECORDING,
        spool,
        Sending.plain(dir.resolve("encoding")),
        new Pace(AT_ONCE, InstantSource.system(), RandomGenerator.getDefault()));
  }

  /** As after a restart: nothing is remembered. */
  private void restart() {
    uploader.close();
    uploader = newUploader();
  }

  private void ship(final int segments) throws IOException {
    for (int i = 0; i < segments; i++) {
      spool.seal(3 + i);
      sealed++;
      assertThat(uploader.doWork()).isTrue();
    }
  }

  private List<String> heads() throws IOException {
    return store.list("disk/heads").stream().map(ObjectStatus::name).toList();
  }

  private RecordingHead newest() throws IOException {
    final Path file = archive.resolve("disk/heads").resolve(heads().getLast());
    return HeadJson.read(Files.readAllBytes(file), file.toString());
  }

  private Path segment(final int number) {
    return archive.resolve("disk/segments/0000000").resolve("%010d.seg".formatted(number));
  }

  /** Counted from the segments themselves. */
  private void assertNewestIs(final int number) throws IOException {
    RecordingSummary expected = RecordingSummary.EMPTY;
    for (int i = 0; i <= number; i++) {
      try (FileBytes bytes = FileBytes.open(segment(i))) {
        final SegmentReader reader = SegmentReader.open(bytes);
        expected = expected.plus(reader.trailer(), reader.records());
        if (i == number) {
          assertThat(newest().digest()).isEqualTo(reader.trailer().digest());
        }
      }
    }
    assertThat(newest().segmentNumber()).isEqualTo(number);
    assertThat(newest().recordingId()).isEqualTo(TestSpool.RECORDING.id());
    assertThat(newest().summary()).isEqualTo(expected);
  }

  @Test
  void namesTheNewestSegmentAndSumsUpAll() throws IOException {
    assertNewestIs(4);
    assertThat(newest().summary().segments()).isEqualTo(5);
    assertThat(newest().summary().count(RecordKind.DATA)).isEqualTo(3 + 4 + 5 + 6 + 7);
    assertThat(newest().summary().epochs()).hasSize(1);
  }

  @Test
  void keepsTheLastTwo() throws IOException {
    assertThat(heads()).containsExactly("0000000003.json", "0000000004.json");
    restart();
    ship(1);
    assertThat(heads()).containsExactly("0000000004.json", "0000000005.json");
    assertNewestIs(5);
  }

  /** The power went: the spool has again what it had forgotten, and the head is beyond that. */
  @Test
  void neverFallsBehindWhatItWas() throws IOException {
    spool = new TestSpool(dir.resolve("spool-again"));
    restart();
    for (int i = 0; i < 5; i++) {
      spool.seal(3 + i);
      assertThat(uploader.doWork()).isTrue();
      assertThat(heads()).containsExactly("0000000003.json", "0000000004.json");
    }
    ship(1);
    assertNewestIs(5);
  }

  @Test
  void countsAnewWhenAllHeadsAreGone() throws IOException {
    for (final String head : heads()) {
      store.delete("disk/heads/" + head);
    }
    restart();
    ship(1);
    assertThat(uploader.doWork()).as("nothing more to do").isFalse();
    assertNewestIs(5);
  }

  @Test
  void takesAnOlderOneWhenTheNewestIsDamaged() throws IOException {
    Files.writeString(archive.resolve("disk/heads/0000000004.json"), "{}");
    restart();
    ship(1);
    assertNewestIs(5);
  }

  @Test
  void doesNotBelieveOneThatDoesNotFitTheSegments() throws IOException {
    final Path three = archive.resolve("disk/heads/0000000003.json");
    Files.writeString(
        archive.resolve("disk/heads/0000000004.json"),
        Files.readString(three).replace("\"segment\": 3", "\"segment\": 4"));
    restart();
    ship(1);
    assertNewestIs(5);
  }

  /** Years of segments are read for it: shipping goes on meanwhile. */
  @Test
  void shipsOnWhileItCountsAnew() throws IOException {
    ship(10);
    for (final String head : heads()) {
      store.delete("disk/heads/" + head);
    }
    restart();
    for (int i = 0; i < 2; i++) {
      ship(1);
      assertThat(spool.backlog()).isZero();
      assertThat(heads()).as("after %d", i).isEmpty();
    }
    while (uploader.doWork()) {
      assertThat(heads()).isEmpty();
    }
    assertNewestIs(16);
    ship(1);
    assertNewestIs(17);
  }

  /** A quota or a permission of the heads alone, say. */
  @Test
  void isNotInTheWayOfShipping() throws IOException {
    final FaultyStore faulty = new FaultyStore(store);
    store = faulty;
    restart();
    ship(1);
    faulty.inject(
        (call, op, after) -> {
          if (op.equals("rename") && !after && Files.exists(segment(sealed - 1))) {
            throw new StoreRefusedException("no more heads");
          }
        });
    ship(9);
    assertThat(spool.backlog()).isZero();
    assertThat(uploader.doWork()).isFalse();
    assertThat(faulty.calls()).as("nothing is counted again and again").doesNotContain("read");
    assertThat(heads().getLast()).isEqualTo("0000000005.json");
    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.IDLE);
    assertThat(uploader.status().headError()).contains("no more heads");

    faulty.inject((call, op, after) -> {});
    assertThat(uploader.doWork()).isFalse();
    assertNewestIs(14);
    assertThat(uploader.status().headError()).isEmpty();
  }

  /** Of a head that fails for a while: nobody comes back to publish it. */
  @Test
  void endsADrainBehindTheHead() throws Exception {
    final FaultyStore faulty = new FaultyStore(store);
    store = faulty;
    restart();
    ship(1);
    final AtomicInteger failures = new AtomicInteger();
    faulty.inject(
        (call, op, after) -> {
          if (op.equals("rename")
              && !after
              && Files.exists(segment(sealed - 1))
              && failures.getAndIncrement() < 2) {
            throw new StoreUnavailableException("bad line");
          }
        });
    spool.seal(3);
    sealed++;
    uploader.start();
    assertThat(uploader.drain(Duration.ofSeconds(60))).isTrue();
    assertNewestIs(6);
    assertThat(failures).hasValue(3);
  }

  /** It would wait for an administrator. */
  @Test
  void endsADrainWithoutAHeadThatIsRefused() throws Exception {
    final FaultyStore faulty = new FaultyStore(store);
    store = faulty;
    restart();
    ship(1);
    faulty.inject(
        (call, op, after) -> {
          if (op.equals("rename") && !after && Files.exists(segment(sealed - 1))) {
            throw new StoreRefusedException("no more heads");
          }
        });
    spool.seal(3);
    sealed++;
    uploader.start();
    assertThat(uploader.drain(Duration.ofSeconds(60))).isTrue();
    assertThat(heads().getLast()).isEqualTo("0000000005.json");
  }

  /** Shipping is what matters: whoever reads the recording will find out. */
  @Test
  void shipsOnWithoutAHeadWhenASegmentIsMissing() throws IOException {
    for (final String head : heads()) {
      store.delete("disk/heads/" + head);
    }
    Files.delete(segment(2));
    restart();
    ship(2);
    assertThat(heads()).isEmpty();
    assertThat(segment(6)).exists();
  }
}
