package io.blockcam.uploader;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingJson;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestPacks;
import io.blockcam.store.FaultyStore;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.StoreException;
import io.blockcam.store.StoreRefusedException;
import io.blockcam.store.StoreUnavailableException;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Most tests drive {@code doWork} by hand; those with the thread wait for it without a clock. */
@Timeout(120)
final class UploaderTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Backoff AT_ONCE = new Backoff(Duration.ofMillis(1), Duration.ofMillis(2));
  private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");
  private static final String SEGMENTS = "disk/segments/0000000";
  private static final String TEMPORARY =
      TestSpool.RECORDING.paths().temporary(TestSpool.RECORDING.id());

  @TempDir private Path dir;
  private Path archive;
  private FaultyStore store;
  private TestSpool spool;
  private Uploader uploader;

  @BeforeEach
  void open() throws IOException {
    archive = dir.resolve("archive");
    store = new FaultyStore(Stores.open(archive.toUri().toString()));
    spool = new TestSpool(dir.resolve("spool"));
    uploader = uploader(AT_ONCE);
  }

  @AfterEach
  void close() throws IOException {
    uploader.close();
    store.close();
  }

  // --- shipping ------------------------------------------------------------------------------

  @Test
  void shipsInOrderAndKeepsTheBytes() throws IOException {
    final byte[][] bytes = new byte[5][];
    for (int i = 0; i < 5; i++) {
      bytes[i] = spool.bytesOf(spool.seal(10 + i));
    }

    while (uploader.doWork()) {}

    assertThat(spool.published())
        .containsExactly(
            "0000000000.seg",
            "0000000001.seg",
            "0000000002.seg",
            "0000000003.seg",
            "0000000004.seg");
    for (int i = 0; i < 5; i++) {
      assertThat(archived(i)).hasBinaryContent(bytes[i]);
    }
    assertThat(uploader.status().publishedSegments()).isEqualTo(5);
    assertThat(uploader.status().publishedBytes())
        .isEqualTo(List.of(bytes).stream().mapToLong(b -> b.length).sum());
    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.IDLE);
    assertThat(store.list(TEMPORARY)).isEmpty();
  }

  @Test
  void publishesTheRecordingBeforeTheFirstSegment() throws IOException {
    assertThat(uploader.doWork()).isFalse();

    assertThat(archive.resolve("disk/recording.json"))
        .hasBinaryContent(RecordingJson.write(TestSpool.RECORDING));
  }

  /** Each call to the store fails once, before or after the store has done what was asked. */
  @Test
  void shipsEachSegmentExactlyOnceWhateverFails() throws IOException {
    final byte[] first = spool.bytesOf(spool.seal(3));
    final int calls = 24;
    for (int failing = 0; failing < calls; failing++) {
      for (final boolean afterwards : new boolean[] {false, true}) {
        final int number = failing;
        store.inject(
            (call, op, after) -> {
              if (call == number && after == afterwards) {
                throw new StoreUnavailableException("injected into " + op);
              }
            });
        workUntilEmpty();
        spool.seal(3);
      }
    }
    workUntilEmpty();

    assertThat(spool.published()).hasSize(calls * 2 + 1).isSorted().doesNotHaveDuplicates();
    assertThat(uploader.status().publishedSegments()).isEqualTo(calls * 2 + 1);
    assertThat(store.list(SEGMENTS))
        .extracting(ObjectStatus::name)
        .containsExactlyElementsOf(spool.published());
    assertThat(archived(0)).hasBinaryContent(first);
    for (int i = 0; i < calls * 2 + 1; i++) {
      try (FileBytes bytes = FileBytes.open(archived(i))) {
        SegmentReader.open(bytes).tables();
      }
    }
    assertThat(store.list(TEMPORARY)).isEmpty();
  }

  @Test
  void countsARenameWhoseAnswerWasLostOnce() throws IOException {
    uploader.doWork();
    spool.seal(3);
    store.inject(
        (call, op, after) -> {
          if (op.equals("rename") && after) {
            throw new StoreUnavailableException("answer lost");
          }
        });
    assertThatExceptionOfType(StoreUnavailableException.class).isThrownBy(() -> uploader.doWork());
    assertThat(spool.backlog()).isEqualTo(1);
    store.inject((call, op, after) -> {});

    assertThat(uploader.doWork()).isTrue();

    assertThat(store.calls()).as("the head").containsOnlyOnce("create");
    assertThat(uploader.status().publishedSegments()).isEqualTo(1);
  }

  @Test
  void takesASegmentThatIsThereAlreadyForShipped() throws IOException {
    final Path segment = spool.seal(3);
    store.create(SEGMENTS + "/0000000000.seg", ObjectSource.of("raw", spool.bytesOf(segment)));

    uploader.doWork();

    assertThat(spool.published()).containsExactly("0000000000.seg");
  }

  /** A spool that was brought back from a backup ships what was shipped long ago. */
  @Test
  void knowsWhatIsInAPack() throws IOException {
    for (int i = 0; i < 64; i++) {
      spool.seal(1);
    }
    workUntilEmpty();
    TestPacks.make(store, RecordingReader.open(store, "disk"), dir);
    assertThat(store.status("disk/packs/64/0000000/0000000000-0000000063.pack")).isPresent();
    uploader.close();

    spool = new TestSpool(dir.resolve("older"));
    uploader = uploader(AT_ONCE);
    spool.seal(1);
    final Path other = spool.seal(2);
    uploader.doWork();
    failOnce();

    assertThat(spool.published()).containsExactly("0000000000.seg");
    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
    assertThat(uploader.status().lastError())
        .contains("0000000063.pack holds another segment 1 than " + other);
    assertThat(store.list(SEGMENTS)).isEmpty();
  }

  // --- what needs somebody -------------------------------------------------------------------

  @Test
  void keepsTheSpoolWhenTheNameBelongsToAnotherRecording() throws IOException {
    final byte[] foreign =
        RecordingJson.write(
            new Recording(
                new UUID(7, 7),
                "disk",
                1L << 30,
                NOW,
                "elsewhere",
                "",
                TestSpool.RECORDING.baseline()));
    store.create("disk/recording.json", ObjectSource.of("foreign", foreign));
    store.create(TEMPORARY + "/0000000000.seg." + UUID.randomUUID(), ObjectSource.of(foreign()));
    final Path segment = spool.seal(3);

    failOnce();

    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
    assertThat(uploader.status().lastError()).contains("disk/recording.json exists and differs");
    assertThat(segment).exists();
    assertThat(archive.resolve("disk/recording.json")).hasBinaryContent(foreign);
    assertThat(store.list(TEMPORARY)).as("what is not ours").hasSize(1);
    assertThat(store.list(SEGMENTS)).isEmpty();
  }

  /** Two recorders began under one name while the archive was away; the other one was faster. */
  @Test
  void doesNotTouchWhatTheOtherRecordingOfThisNameSends() throws IOException {
    final String sending = "disk/_tmp/" + new UUID(7, 7) + "/recording.json." + UUID.randomUUID();
    store.create(sending, ObjectSource.of(foreign()));

    uploader.doWork();

    assertThat(store.status(sending)).isPresent();
  }

  @Test
  void publishesTheRecordingAsTheSpoolHoldsItByteForByte() throws IOException {
    final byte[] printedByAnEarlierVersion =
        (new String(RecordingJson.write(TestSpool.RECORDING), UTF_8) + "\n\n").getBytes(UTF_8);
    store.create(
        "disk/recording.json", ObjectSource.of("earlier version", printedByAnEarlierVersion));
    spool.recordingJson(printedByAnEarlierVersion);
    spool.seal(3);

    assertThat(uploader.doWork()).isTrue();
  }

  @Test
  void callsForSomebodyWhenTheStoreRefuses() throws IOException {
    spool.seal(3);
    store.inject(
        (call, op, after) -> {
          if (op.equals("create")) {
            throw new StoreRefusedException("the quota of 10 objects is used up");
          }
        });

    failOnce();

    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
    assertThat(uploader.status().lastError()).contains("quota");
  }

  @Test
  void keepsASegmentWhoseNameHoldsOtherBytes() throws IOException {
    final Path segment = spool.seal(3);
    store.create(SEGMENTS + "/0000000000.seg", ObjectSource.of("other", "other".getBytes(UTF_8)));

    failOnce();

    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
    assertThat(segment).exists();
    assertThat(archived(0)).hasContent("other");
  }

  @Test
  void goesOnOnceSomebodyHasDecided() throws IOException {
    spool.seal(3);
    store.create(SEGMENTS + "/0000000000.seg", ObjectSource.of("other", "other".getBytes(UTF_8)));
    failOnce();

    store.delete(SEGMENTS + "/0000000000.seg");

    assertThat(uploader.doWork()).isTrue();
    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.SHIPPING);
    assertThat(uploader.status().failures()).isZero();
    assertThat(uploader.status().failingSince()).isEmpty();
    assertThat(uploader.status().lastError()).isEmpty();
  }

  /** One bit anywhere in its log; the end mark has a CRC of its own. */
  @Test
  void doesNotPublishASegmentThatWasDamagedInTheSpool() throws IOException {
    uploader.doWork();
    final Path segment = spool.seal(40);
    final byte[] published = spool.bytesOf(segment);
    final byte[] good = Files.readAllBytes(segment);
    final Random random = new Random(5);
    for (int i = 0; i < 50; i++) {
      final byte[] bad = good.clone();
      final int position = i == 0 ? bad.length - 1 : 4096 + random.nextInt(bad.length - 4096);
      bad[position] ^= (byte) (1 << random.nextInt(8));
      Files.write(segment, bad);

      failOnce();

      assertThat(uploader.status().state())
          .as("byte %d", position)
          .isEqualTo(UploaderStatus.State.BLOCKED);
      assertThat(store.status(SEGMENTS + "/0000000000.seg")).isEmpty();
      assertThat(spool.backlog()).isEqualTo(1);
    }
    assertThat(uploader.status().lastError()).contains(segment.toString());
    Files.write(segment, good);

    assertThat(uploader.doWork()).isTrue();
    assertThat(archived(0)).hasBinaryContent(published);
  }

  private static void flip(final Path log, final int at) throws IOException {
    final byte[] bytes = Files.readAllBytes(log);
    bytes[at] ^= 1;
    Files.write(log, bytes);
  }

  /** One bit does not stop what is behind it. */
  @Test
  void shipsADamagedSegmentWithAGapAndWhatIsBehindIt() throws IOException {
    spool.mends();
    final Path first = spool.seal(40);
    spool.seal(3);
    spool.seal(3);
    flip(first, 4096 + 7 * 4224 + 128);

    while (uploader.doWork()) {}

    assertThat(spool.published())
        .containsExactly("0000000000.seg", "0000000001.seg", "0000000002.seg");
    try (FileBytes bytes = FileBytes.open(archived(0))) {
      final RecordTable records = SegmentReader.open(bytes).records();
      assertThat(records.count()).isEqualTo(40);
      for (int i = 0; i < 40; i++) {
        assertThat(records.kind(i)).isEqualTo(i == 7 ? RecordKind.GAP : RecordKind.DATA);
      }
    }
    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.IDLE);
  }

  /** The digests are made by then, also those of the segments behind it. */
  @Test
  void shipsASegmentThatIsDamagedWhileItIsSent() throws IOException {
    spool.mends();
    final Path first = spool.seal(40);
    spool.seal(3);
    final AtomicBoolean hit = new AtomicBoolean();
    store.inject(
        (call, op, after) -> {
          if (op.equals("create")
              && !after
              && recordingIsThere()
              && hit.compareAndSet(false, true)) {
            try {
              flip(first, 4096 + 7 * 4224 + 128);
            } catch (final IOException e) {
              throw new UncheckedIOException(e);
            }
          }
        });
    while (uploader.doWork()) {}
    assertThat(hit).isTrue();
    assertThat(spool.published()).containsExactly("0000000000.seg", "0000000001.seg");
  }

  private boolean recordingIsThere() {
    return Files.exists(archive.resolve("disk/recording.json"));
  }

  /** Killed between the rename and the removal: what the archive has, is shipped. */
  @Test
  void takesADamagedSegmentForShippedThatIsInTheArchive() throws IOException {
    final Path segment = spool.seal(40);
    final byte[] sound = spool.bytesOf(segment);
    store.create(SEGMENTS + "/0000000000.seg", ObjectSource.of("before", sound));
    flip(segment, 4096 + 7 * 4224 + 128);
    assertThat(uploader.doWork()).isTrue();
    assertThat(spool.published()).containsExactly("0000000000.seg");
    assertThat(archived(0)).hasBinaryContent(sound);
  }

  /** A disk that damages everything is not written to for ever. */
  @Test
  void doesNotMendTheSameSegmentAgainAndAgain() throws IOException {
    spool.mends();
    final Path segment = spool.seal(40);
    flip(segment, 4096 + 7 * 4224 + 128);
    assertThat(uploader.doWork()).isTrue();
    flip(segment, 4096 + 9 * 4224 + 128);
    failOnce();
    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
    while (uploader.doWork()) {}
    assertThat(spool.published()).containsExactly("0000000000.seg");
  }

  // --- retrying ------------------------------------------------------------------------------

  @Test
  void tellsSinceWhenAndWhyItFails() throws IOException {
    spool.seal(3);
    store.inject(
        (call, op, after) -> {
          throw new StoreUnavailableException("no answer for 60 s");
        });

    failOnce();
    failOnce();

    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.RETRYING);
    assertThat(uploader.status().failures()).isEqualTo(2);
    assertThat(uploader.status().failingSince()).contains(NOW);
    assertThat(uploader.status().lastError()).isEqualTo("no answer for 60 s");
    assertThat(uploader.status().backlog()).isEqualTo(1);
  }

  @Test
  void retriesUntilTheStoreComesBack() throws Exception {
    final AtomicInteger failures = new AtomicInteger();
    store.inject(
        (call, op, after) -> {
          if (failures.get() < 500) {
            failures.incrementAndGet();
            throw new StoreUnavailableException("away");
          }
        });
    for (int i = 0; i < 10; i++) {
      spool.seal(2);
    }
    uploader.start();

    assertThat(uploader.drain(LONG)).isTrue();

    assertThat(spool.published()).hasSize(10).isSorted();
    assertThat(failures).hasValue(500);
  }

  @Test
  void survivesErrorsAndExceptionsOfEveryKind() throws Exception {
    final List<Throwable> thrown =
        List.of(
            new OutOfMemoryError("injected"),
            new StackOverflowError("injected"),
            new AssertionError("injected"),
            new IllegalStateException("injected"),
            new NullPointerException());
    final AtomicInteger next = new AtomicInteger();
    store.inject(
        (call, op, after) -> {
          final int number = next.getAndIncrement();
          if (number < thrown.size()) {
            switch (thrown.get(number)) {
              case Error e -> throw e;
              case RuntimeException e -> throw e;
              default -> throw new AssertionError();
            }
          }
        });
    spool.seal(2);
    uploader.start();

    assertThat(uploader.drain(LONG)).isTrue();
    assertThat(next.get()).isGreaterThan(thrown.size());
  }

  @Test
  void reportsAnErrorInItsStatus() {
    uploader.onFailure(new NoClassDefFoundError("x/Y"));

    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.RETRYING);
    assertThat(uploader.status().lastError()).contains("NoClassDefFoundError").contains("x/Y");
  }

  @Test
  void retriesWhenTheSpoolCannotBeRead() throws IOException {
    final Path segment = spool.seal(3);
    final byte[] bytes = Files.readAllBytes(segment);
    Files.delete(segment);
    failOnce();
    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.RETRYING);
    Files.write(segment, bytes);

    assertThat(uploader.doWork()).isTrue();
  }

  @Test
  void bringsTheRecordingBackWhenTheArchiveWasEmptied() throws IOException {
    spool.seal(3);
    uploader.doWork();
    store.delete("disk/recording.json");
    spool.seal(3);
    store.inject(
        (call, op, after) -> {
          if (op.equals("create")) {
            throw new StoreUnavailableException("away");
          }
        });
    failOnce();
    store.inject((call, op, after) -> {});

    uploader.doWork();

    assertThat(archive.resolve("disk/recording.json")).exists();
  }

  // --- leftovers -----------------------------------------------------------------------------

  @Test
  void removesWhatAnEarlierRunLeftAndNothingElse() throws IOException {
    final String unfinished = TEMPORARY + "/0000000003.seg." + UUID.randomUUID();
    store.create(unfinished, ObjectSource.of(foreign()));
    store.create(TEMPORARY + "/somebody-elses", ObjectSource.of(foreign()));
    store.mkdirs(TEMPORARY + "/directory." + UUID.randomUUID());

    uploader.doWork();

    assertThat(store.status(unfinished)).isEmpty();
    assertThat(store.list(TEMPORARY)).hasSize(2);
  }

  @Test
  void shipsEvenIfALeftoverCannotBeRemoved() throws IOException {
    store.create(TEMPORARY + "/0000000003.seg." + UUID.randomUUID(), ObjectSource.of(foreign()));
    spool.seal(3);
    store.inject(
        (call, op, after) -> {
          if (op.equals("delete")) {
            throw new StoreRefusedException("not yours");
          }
        });

    assertThat(uploader.doWork()).isTrue();
  }

  // --- ending --------------------------------------------------------------------------------

  @Test
  void drainsWhatIsLeft() throws Exception {
    for (int i = 0; i < 5; i++) {
      spool.seal(2);
    }
    uploader.start();

    assertThat(uploader.drain(LONG)).isTrue();

    assertThat(spool.backlog()).isZero();
    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.IDLE);
  }

  @Test
  void doesNotDrainLongerThanAllowed() throws Exception {
    store.inject(
        (call, op, after) -> {
          throw new StoreUnavailableException("away");
        });
    final Path segment = spool.seal(2);
    uploader.start();

    assertThat(uploader.drain(Duration.ofMillis(50))).isFalse();

    assertThat(segment).exists();
  }

  @Test
  void doesNotSitOutALongBackoffWhileItIsDrained() throws Exception {
    final CountDownLatch failed = new CountDownLatch(1);
    uploader = uploader(new Backoff(Duration.ofHours(1), Duration.ofHours(1)));
    final AtomicInteger calls = new AtomicInteger();
    store.inject(
        (call, op, after) -> {
          if (calls.getAndIncrement() == 0) {
            failed.countDown();
            throw new StoreUnavailableException("away");
          }
        });
    spool.seal(2);
    uploader.start();
    failed.await();

    assertThat(uploader.drain(LONG)).isTrue();
  }

  /** A stop that does not wait for it leaves an archive that is slow to read. */
  @Test
  void isNotDrainedWhileAHeadIsStillCounted() throws Exception {
    for (int i = 0; i < 12; i++) {
      spool.seal(2);
    }
    while (uploader.doWork()) {}
    for (final ObjectStatus head : store.list("disk/heads")) {
      store.delete(head.path());
    }
    uploader.close();
    uploader = uploader(AT_ONCE);
    spool.seal(2);

    assertThat(uploader.doWork()).isTrue();
    assertThat(uploader.doWork()).as("and reads what is before the head").isTrue();
    assertThat(uploader.drain(Duration.ofMillis(1))).isFalse();
    while (uploader.doWork()) {}
    assertThat(uploader.drain(Duration.ofMillis(1))).isTrue();
    assertThat(store.list("disk/heads")).hasSize(1);
  }

  @Test
  void stopsAtOnceInALongBackoff() throws Exception {
    final CountDownLatch failed = new CountDownLatch(1);
    uploader = uploader(new Backoff(Duration.ofHours(1), Duration.ofHours(1)));
    store.inject(
        (call, op, after) -> {
          failed.countDown();
          throw new StoreUnavailableException("away");
        });
    final Path segment = spool.seal(2);
    uploader.start();
    failed.await();

    uploader.close();

    assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.CLOSED);
    assertThat(segment).exists();
  }

  @Test
  void stopsAtOnceInATransferThatStandsStill() throws Exception {
    final CountDownLatch sending = new CountDownLatch(1);
    store.inject(
        (call, op, after) -> {
          if (op.equals("create")) {
            sending.countDown();
            hang();
          }
        });
    final Path segment = spool.seal(2);
    uploader.start();
    sending.await();

    uploader.close();

    assertThat(segment).exists();
    assertThat(spool.published()).isEmpty();
  }

  @Test
  void stopsWhenThereIsNothingToDo() throws Exception {
    uploader.start();
    assertThat(uploader.drain(LONG)).isTrue();

    uploader.close();
    uploader.close();

    assertThat(uploader.drain(LONG)).as("once closed nothing is shipped").isFalse();
  }

  @Test
  void goesOnAfterAnInterruptThatWasNotMeant() throws Exception {
    final AtomicInteger calls = new AtomicInteger();
    store.inject(
        (call, op, after) -> {
          if (calls.getAndIncrement() < 3) {
            Thread.currentThread().interrupt();
          }
        });
    spool.seal(2);
    uploader.start();

    assertThat(uploader.drain(LONG)).isTrue();
  }

  // --- memory --------------------------------------------------------------------------------

  @Test
  void asksForNoMoreThanTheOldestSegment() throws IOException {
    final AtomicLong asked = new AtomicLong();
    final SegmentSource endless =
        new SegmentSource() {
          @Override
          public byte[] recordingJson() {
            return spool.recordingJson();
          }

          private int left = 2000;

          @Override
          public List<Path> oldestSealed(final int most) {
            assertThat(most).isEqualTo(1);
            asked.incrementAndGet();
            return left == 0 ? List.of() : spool.oldestSealed(most);
          }

          @Override
          public void published(final Path segment, final Sha256Digest digest) {
            left--;
          }

          @Override
          public Sha256Digest shippedDigest() {
            return spool.shippedDigest();
          }

          @Override
          public long shippedSegments() {
            return 0;
          }

          @Override
          public String repair(final Path segment) {
            throw new AssertionError(segment);
          }

          @Override
          public void awaitWork(final Duration limit) {}

          @Override
          public int backlog() {
            return left;
          }
        };
    spool.seal(1);
    final Uploader busy =
        new Uploader(
            store,
            TestSpool.RECORDING,
            endless,
            Sending.plain(dir.resolve("encoding")),
            new Pace(AT_ONCE, InstantSource.fixed(NOW), new Random(1)));

    while (busy.doWork()) {}

    assertThat(asked).hasValue(2001);
    assertThat(busy.status().publishedSegments()).isEqualTo(2000);
  }

  // --- help ----------------------------------------------------------------------------------

  private Uploader uploader(final Backoff backoff) {
    return new Uploader(
        store,
        TestSpool.RECORDING,
        spool,
        Sending.plain(dir.resolve("encoding")),
        new Pace(backoff, InstantSource.fixed(NOW), new Random(1)));
  }

  private Path archived(final int segment) {
    return archive.resolve(SEGMENTS).resolve(String.format("%010d.seg", segment));
  }

  private Path foreign() throws IOException {
    return Files.writeString(dir.resolve("foreign"), "foreign");
  }

  /** One failed attempt, as the thread makes it. */
  private void failOnce() {
    try {
      uploader.doWork();
    } catch (final IOException e) {
      uploader.onFailure(e);
      return;
    }
    throw new AssertionError("should have failed");
  }

  private void workUntilEmpty() {
    while (true) {
      try {
        if (!uploader.doWork()) {
          return;
        }
      } catch (final IOException e) {
        uploader.onFailure(e);
      }
    }
  }

  private static void hang() throws StoreException {
    try {
      new CountDownLatch(1).await();
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StoreUnavailableException("interrupted", e);
    }
  }
}
