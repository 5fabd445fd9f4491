package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.history.SegmentPlaces;
import io.blockcam.store.FaultyStore;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.StoreException;
import io.blockcam.store.StoreUnavailableException;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several segments on their way at a time, published in their order all the same. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ParallelUploadsTest {
  private static final Duration LONG = Duration.ofSeconds(50);
  private static final int UPLOADS = 3;
  private static final String TEMPORARY =
      TestSpool.RECORDING.paths().temporary(TestSpool.RECORDING.id());

  @TempDir private Path dir;
  private Path segments;
  private FaultyStore store;
  private TestSpool spool;
  private Uploader uploader;
  private final List<List<String>> seen = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void open() throws IOException {
    segments = dir.resolve("archive/disk/segments/0000000");
    store = new FaultyStore(Stores.open(dir.resolve("archive").toUri().toString()));
    spool = new TestSpool(dir.resolve("spool"));
    uploader = uploader();
  }

  @AfterEach
  void close() throws IOException {
    uploader.close();
    store.close();
  }

  private Uploader uploader() {
    return new Uploader(
        store,
        TestSpool.RECORDING,
        spool,
        new Sending(UPLOADS, Compress.NEVER, dir.resolve("encoding")),
        Shipping.pace(Duration.ofMillis(1), Duration.ofMillis(2)));
  }

  private static boolean isLane() {
    return Thread.currentThread().getName().startsWith("blockcam-upload-");
  }

  /** What a reader sees at the moment. */
  private List<String> published() throws StoreException {
    try (Stream<Path> files = Files.list(segments)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    } catch (final IOException e) {
      throw new StoreException("cannot look", e);
    }
  }

  private static List<String> names(final int count) {
    return Stream.iterate(0, i -> i + 1)
        .limit(count)
        .map(i -> String.format("%010d.seg", i))
        .toList();
  }

  @Test
  void areOnTheirWayAtOnceAndArePublishedInTheirOrder() throws Exception {
    for (int i = 0; i < 2 * UPLOADS; i++) {
      spool.seal(2);
    }
    final CyclicBarrier together = new CyclicBarrier(UPLOADS);
    store.inject(
        (call, op, after) -> {
          if (op.equals("create") && isLane() && !after) {
            await(together);
          }
          if (op.equals("rename") && after) {
            seen.add(published());
          }
        });
    uploader.start();

    assertThat(uploader.drain(LONG)).isTrue();

    assertThat(seen.stream().distinct())
        .as("at each moment all up to the newest")
        .allSatisfy(list -> assertThat(list).isEqualTo(names(list.size())));
    assertThat(spool.published()).isEqualTo(names(2 * UPLOADS));
    assertThat(store.list(TEMPORARY)).isEmpty();
  }

  /** What has arrived while another got its name gets its own with it, and one head with it. */
  @Test
  void areNamedTogetherWhenTheyHaveArrived() throws Exception {
    for (int i = 0; i < 2 * UPLOADS; i++) {
      spool.seal(2);
    }
    final CountDownLatch brought = new CountDownLatch(2 * UPLOADS);
    final List<String> heads = Collections.synchronizedList(new ArrayList<>());
    store.inject(
        (call, op, after) -> {
          if (op.equals("matches") && after && isLane()) {
            brought.countDown();
          }
          if (op.equals("rename") && !after && Files.exists(segments) && published().isEmpty()) {
            await(brought);
          }
          if (op.equals("rename") && after && Files.exists(dir.resolve("archive/disk/heads"))) {
            heads.addAll(store.list("disk/heads").stream().map(ObjectStatus::name).toList());
          }
        });
    uploader.start();

    assertThat(uploader.drain(LONG)).isTrue();

    assertThat(heads.stream().distinct()).hasSizeLessThan(2 * UPLOADS).contains("0000000005.json");
    assertThat(published()).isEqualTo(names(2 * UPLOADS));
  }

  /** Other bytes under the name of the third: those before it are not held up by that. */
  @Test
  void areNotHeldUpByOneBehindThem() throws Exception {
    for (int i = 0; i < UPLOADS; i++) {
      spool.seal(2);
    }
    Files.createDirectories(segments);
    Files.writeString(segments.resolve(names(3).getLast()), "somebody else's");
    uploader.start();

    Shipping.awaitReason(uploader, "exists and differs");

    assertThat(spool.published()).isEqualTo(names(2));
    assertThat(store.list("disk/heads")).extracting(ObjectStatus::name).contains("0000000001.json");
  }

  /** One call in ten fails, before or after the store has done what was asked. */
  @Test
  void areEachPublishedOnceWhateverFails() throws Exception {
    final List<byte[]> sealed = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      sealed.add(spool.bytesOf(spool.seal(1 + i % 7)));
    }
    final Random random = new Random(20261126);
    store.inject(
        (call, op, after) -> {
          if (op.equals("rename") && after) {
            seen.add(published());
          }
          synchronized (random) {
            if (random.nextInt(20) == 0) {
              throw new StoreUnavailableException("injected into " + op);
            }
          }
        });
    uploader.start();

    assertThat(uploader.drain(LONG)).isTrue();

    store.inject((call, op, after) -> {});
    assertThat(seen.stream().distinct())
        .allSatisfy(list -> assertThat(list).isEqualTo(names(list.size())));
    assertThat(spool.published()).isEqualTo(names(60));
    assertThat(uploader.status().publishedSegments()).isEqualTo(60);
    for (int i = 0; i < 60; i++) {
      assertThat(segments.resolve(names(60).get(i))).hasBinaryContent(sealed.get(i));
    }
    assertThat(store.list(TEMPORARY))
        .as("of a lane, one at most")
        .hasSizeLessThanOrEqualTo(2 * UPLOADS);
    uploader.close();
    uploader = uploader();
    uploader.doWork();
    assertThat(store.list(TEMPORARY)).isEmpty();
  }

  @Test
  void areBroughtAgainWhenWhatWasBroughtIsGone() throws Exception {
    for (int i = 0; i < 5; i++) {
      spool.seal(2);
    }
    final AtomicBoolean gone = new AtomicBoolean();
    store.inject(
        (call, op, after) -> {
          if (op.equals("rename") && !after && Files.exists(segments) && !published().isEmpty()) {
            if (gone.compareAndSet(false, true)) {
              removeAll(dir.resolve("archive").resolve(TEMPORARY));
            }
          }
        });
    uploader.start();

    assertThat(uploader.drain(LONG)).isTrue();

    assertThat(gone).isTrue();
    assertThat(spool.published()).isEqualTo(names(5));
    assertThat(published()).isEqualTo(names(5));
  }

  @Test
  void endAtOnceInTransfersThatStandStill() throws Exception {
    for (int i = 0; i < UPLOADS; i++) {
      spool.seal(2);
    }
    final CountDownLatch sending = new CountDownLatch(UPLOADS);
    store.inject(
        (call, op, after) -> {
          if (op.equals("create") && isLane()) {
            sending.countDown();
            try {
              new CountDownLatch(1).await();
            } catch (final InterruptedException e) {
              throw new StoreUnavailableException("interrupted", e);
            }
          }
        });
    uploader.start();
    sending.await();

    uploader.close();

    // A pool is terminated when its last thread is about to end.
    Shipping.await(
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("blockcam-upload-")));
    assertThat(spool.published()).isEmpty();
  }

  /** A pool that has no thread to give, now and then. */
  @Test
  void areBegunAgainWhenThereWasNoThread() throws Exception {
    for (int i = 0; i < 6; i++) {
      spool.seal(1);
    }
    final AtomicInteger calls = new AtomicInteger();
    final SendRate rate = new SendRate();
    final List<Lane> lanes = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      final Path file = dir.resolve("encoded-" + i);
      lanes.add(
          new Lane(
              store,
              TestSpool.RECORDING,
              new SegmentPlaces(store, TestSpool.RECORDING),
              TEMPORARY,
              new SegmentEncoding(Compress.NEVER, rate, file),
              rate));
    }
    final Shipments shipments =
        new Shipments(
            TestSpool.RECORDING.id(),
            lanes,
            task -> {
              if (calls.incrementAndGet() % 2 == 1) {
                throw new OutOfMemoryError("unable to create native thread");
              }
              task.run();
            });
    for (int attempts = 0; spool.backlog() > 0; attempts++) {
      assertThat(attempts).isLessThan(30);
      try {
        final List<Path> oldest = spool.oldestSealed(shipments.most());
        shipments.send(oldest, spool.shippedDigest());
        for (final Lane.Published each : shipments.nameArrived()) {
          spool.published(each.segment().path(), each.segment().trailer().digest());
          shipments.removeFirst();
        }
      } catch (final OutOfMemoryError e) {
        // again
      }
    }
    assertThat(published()).isEqualTo(names(6));
  }

  /** What comes while others are under way goes along, once one of them has arrived. */
  @Test
  void comeAlsoOneByOne() throws Exception {
    uploader.start();
    for (int i = 0; i < 20; i++) {
      spool.seal(1);
      if (i % 4 == 0) {
        assertThat(uploader.drain(LONG)).isTrue();
      }
    }

    assertThat(uploader.drain(LONG)).isTrue();

    assertThat(published()).isEqualTo(names(20));
    assertThat(store.list("disk/heads")).extracting(ObjectStatus::name).contains("0000000019.json");
  }

  private static void await(final CountDownLatch latch) throws StoreException {
    try {
      latch.await();
    } catch (final InterruptedException e) {
      throw new StoreUnavailableException("interrupted", e);
    }
  }

  private static void await(final CyclicBarrier barrier) throws StoreException {
    try {
      barrier.await();
    } catch (final InterruptedException | BrokenBarrierException e) {
      throw new StoreUnavailableException("interrupted", e);
    }
  }

  private static void removeAll(final Path directory) throws StoreException {
    try (Stream<Path> files = Files.list(directory)) {
      for (final Path file : files.toList()) {
        Files.delete(file);
      }
    } catch (final IOException e) {
      throw new StoreException("cannot remove", e);
    }
  }
}
