package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.segment.SegmentName;
import io.blockcam.store.HdfsForTests;
import io.blockcam.store.HdfsProcesses;
import io.blockcam.store.HdfsProcesses.Role;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import io.blockcam.store.StoreOptions;
import io.blockcam.store.StoreUri;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real HDFS, hurt on purpose while segments are shipped: each is published once and whole, stays
 * in the spool until then, and whoever asks is told why it has to.
 */
@ExtendWith(HdfsForTests.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(200)
final class HurtHdfsTest {

  private static final int FIRST_PORT = 30_000;
  private static final Duration LONG = Duration.ofSeconds(60);

  /** Half a second and more on its way. */
  private static final int MANY_BLOCKS = 20_000;

  private static final int UPLOADS = 2;

  private HdfsProcesses hdfs;
  private int tests;

  @TempDir private Path dir;
  private TestSpool spool;
  private Path copies;
  private String place;

  @BeforeAll
  void startHdfs() {
    hdfs = HdfsProcesses.start(FIRST_PORT);
  }

  @AfterAll
  void stopHdfs() throws IOException {
    hdfs.close();
  }

  @BeforeEach
  void makeSpool() throws IOException {
    hdfs.startAgain(); // if the test before has failed
    hdfs.admin("-safemode", "leave");
    final String number = Integer.toString(tests++);
    place = "/hurt-" + number;
    spool = new TestSpool(dir.resolve("spool-" + number));
    copies = Files.createDirectories(dir.resolve("copies-" + number));
  }

  @Test
  void outlivesSafeMode() throws Exception {
    seal(3, 100);
    hdfs.admin("-safemode", "enter");
    try (ObjectStore store = store("");
        Uploader uploader = uploader(store)) {
      uploader.start();
      awaitReason(uploader, "safe mode");
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.RETRYING);
      assertThat(spool.backlog()).isEqualTo(3);
      hdfs.admin("-safemode", "leave");
      isPublished(uploader, store);
    }
  }

  @Test
  void outlivesADataNodeThatDiesInTheMiddleOfAPut() throws Exception {
    seal(1, 100);
    try (ObjectStore store = store("");
        Uploader uploader = uploader(store)) {
      uploader.start();
      await(() -> spool.backlog() == 0);
      seal(UPLOADS, MANY_BLOCKS);
      await(() -> isUnderWay(store));
      hdfs.suspend(Role.DATANODE);
      LockSupport.parkNanos(300_000_000);
      assertThat(spool.backlog()).isEqualTo(UPLOADS);
      hdfs.kill(Role.DATANODE);
      await(() -> uploader.status().failures() > 0);
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.RETRYING);
      hdfs.startAgain();
      isPublished(uploader, store);
    }
  }

  /** Many small ones, so that most of the time is that of the NameNode: of renames, too. */
  @Test
  void outlivesANameNodeThatDiesAgainAndAgain() throws Exception {
    final Random random = new Random(3);
    try (ObjectStore store = store("");
        Uploader uploader = uploader(store)) {
      uploader.start();
      for (int round = 0; round < 2; round++) {
        seal(20, 3);
        LockSupport.parkNanos(random.nextInt(50, 400) * 1_000_000L);
        hdfs.kill(Role.NAMENODE);
        await(() -> uploader.status().failures() > 0 || spool.backlog() == 0);
        hdfs.startAgain();
      }
      isPublished(uploader, store);
    }
  }

  @Test
  void waitsForAQuota() throws Exception {
    seal(2, 2000);
    try (ObjectStore store = store("");
        Uploader uploader = uploader(store)) {
      store.mkdirs(place.substring(1));
      hdfs.admin("-setSpaceQuota", "1m", place);
      uploader.start();
      awaitReason(uploader, "quota");
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
      assertThat(spool.backlog()).isEqualTo(2);
      hdfs.admin("-clrSpaceQuota", place);
      isPublished(uploader, store);
    }
  }

  @Test
  void waitsForAPermission() throws Exception {
    seal(2, 100);
    try (ObjectStore owner = store("");
        ObjectStore store = store("shipper");
        Uploader uploader = uploader(store)) {
      owner.mkdirs("disk");
      uploader.start();
      awaitReason(uploader, "Permission denied");
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
      assertThat(spool.backlog()).isEqualTo(2);
      hdfs.permit(place, "777");
      hdfs.permit(place + "/disk", "777");
      isPublished(uploader, store);
    }
  }

  /** The whole of it gone, in safe mode, and with a quota when it is back. */
  @Test
  void outlivesThreeAtOnce() throws Exception {
    seal(2, 2000);
    try (ObjectStore store = store("");
        Uploader uploader = uploader(store)) {
      store.mkdirs(place.substring(1));
      hdfs.admin("-setSpaceQuota", "1m", place);
      hdfs.admin("-safemode", "enter");
      hdfs.kill(Role.DATANODE);
      uploader.start();
      awaitReason(uploader, "safe mode");
      hdfs.kill(Role.NAMENODE);
      awaitReason(uploader, "cannot connect");
      hdfs.startAgain();
      awaitReason(uploader, "quota");
      assertThat(spool.backlog()).isEqualTo(2);
      hdfs.admin("-clrSpaceQuota", place);
      isPublished(uploader, store);
    }
  }

  private void seal(final int segments, final int blocks) throws IOException {
    for (int i = 0; i < segments; i++) {
      final Path segment = spool.seal(blocks);
      Files.copy(segment, copies.resolve(String.valueOf(segment.getFileName())));
    }
  }

  private ObjectStore store(final String user) throws IOException {
    return Stores.open(
        StoreUri.parse(hdfs.uri() + place),
        StoreOptions.defaults(user.isEmpty() ? Map.of() : Map.of("HADOOP_USER_NAME", user)));
  }

  private Uploader uploader(final ObjectStore store) {
    final Uploader uploader =
        new Uploader(
            store,
            TestSpool.RECORDING,
            spool,
            new Backoff(Duration.ofMillis(20), Duration.ofMillis(500)),
            InstantSource.system(),
            new Random(1));
    uploader.send(new Sending(UPLOADS, Compress.NEVER, dir.resolve("encoding")));
    return uploader;
  }

  private static boolean isUnderWay(final ObjectStore store) {
    try {
      return store.list(TestSpool.RECORDING.paths().temporary(TestSpool.RECORDING.id())).stream()
          .anyMatch(object -> object.name().startsWith(SegmentName.sealed(1)));
    } catch (final IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void awaitReason(final Uploader uploader, final String words) {
    await(() -> uploader.status().lastError().contains(words));
  }

  private static void await(final BooleanSupplier condition) {
    final long deadlineNs = System.nanoTime() + LONG.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadlineNs).isNegative();
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** Once, whole, and nothing left over. */
  private void isPublished(final Uploader uploader, final ObjectStore store) throws Exception {
    assertThat(uploader.drain(LONG)).as(() -> uploader.status().toString()).isTrue();
    assertThat(uploader.status().lastError()).isEmpty();
    assertThat(store.list("disk/segments"))
        .extracting(ObjectStatus::name)
        .containsExactlyElementsOf(spool.published());
    for (final String name : spool.published()) {
      assertThat(store.matches("disk/segments/" + name, ObjectSource.of(copies.resolve(name))))
          .as(name)
          .isTrue();
    }
    uploader.close();
    assertThat(store.list(TestSpool.RECORDING.paths().temporary(TestSpool.RECORDING.id())))
        .as("of unfinished uploads at most the last of each way")
        .filteredOn(object -> Publisher.isTemporaryName(object.name()))
        .hasSizeLessThanOrEqualTo(UPLOADS);
  }
}
