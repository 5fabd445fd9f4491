package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.SegmentName;
import io.blockcam.store.HdfsForTests;
import io.blockcam.store.HdfsProcesses;
import io.blockcam.store.HdfsProcesses.Role;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreOptions;
import io.blockcam.store.StoreUri;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
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

  /** Half a second and more on its way. */
  private static final int MANY_BLOCKS = 20_000;

  private HdfsProcesses hdfs;
  private int tests;

  @TempDir private Path dir;
  private Shipping shipping;
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
    shipping = new Shipping(dir.resolve(number));
  }

  @Test
  void outlivesSafeMode() throws Exception {
    shipping.seal(3, 100);
    hdfs.admin("-safemode", "enter");
    try (ObjectStore store = store("");
        Uploader uploader = shipping.uploader(store)) {
      uploader.start();
      Shipping.awaitReason(uploader, "safe mode");
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.RETRYING);
      assertThat(shipping.spool().backlog()).isEqualTo(3);
      hdfs.admin("-safemode", "leave");
      shipping.isPublished(uploader, store);
    }
  }

  @Test
  void outlivesADataNodeThatDiesInTheMiddleOfAPut() throws Exception {
    shipping.seal(1, 100);
    shipping.seal(Shipping.UPLOADS, MANY_BLOCKS);
    try (ObjectStore store = store("");
        Uploader uploader = shipping.uploader(store)) {
      uploader.start();
      Shipping.await(() -> isUnderWay(store));
      hdfs.suspend(Role.DATANODE);
      LockSupport.parkNanos(300_000_000);
      assertThat(shipping.spool().backlog()).isGreaterThanOrEqualTo(Shipping.UPLOADS);
      hdfs.kill(Role.DATANODE);
      Shipping.await(() -> uploader.status().failures() > 0);
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.RETRYING);
      hdfs.startAgain();
      shipping.isPublished(uploader, store);
    }
  }

  /** Many small ones, so that most of the time is that of the NameNode: of renames, too. */
  @Test
  void outlivesANameNodeThatDiesAgainAndAgain() throws Exception {
    final Random random = new Random(3);
    try (ObjectStore store = store("");
        Uploader uploader = shipping.uploader(store)) {
      uploader.start();
      for (int round = 0; round < 2; round++) {
        shipping.seal(20, 3);
        LockSupport.parkNanos(random.nextInt(50, 400) * 1_000_000L);
        hdfs.kill(Role.NAMENODE);
        Shipping.await(() -> uploader.status().failures() > 0 || shipping.spool().backlog() == 0);
        hdfs.startAgain();
      }
      shipping.isPublished(uploader, store);
    }
  }

  @Test
  void waitsForAQuota() throws Exception {
    shipping.seal(2, 2000);
    try (ObjectStore store = store("");
        Uploader uploader = shipping.uploader(store)) {
      store.mkdirs(place.substring(1));
      hdfs.admin("-setSpaceQuota", "1m", place);
      uploader.start();
      Shipping.awaitReason(uploader, "quota");
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
      assertThat(shipping.spool().backlog()).isEqualTo(2);
      hdfs.admin("-clrSpaceQuota", place);
      shipping.isPublished(uploader, store);
    }
  }

  @Test
  void waitsForAPermission() throws Exception {
    shipping.seal(2, 100);
    try (ObjectStore owner = store("");
        ObjectStore store = store("shipper");
        Uploader uploader = shipping.uploader(store)) {
      owner.mkdirs("disk");
      uploader.start();
      Shipping.awaitReason(uploader, "Permission denied");
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
      assertThat(shipping.spool().backlog()).isEqualTo(2);
      hdfs.permit(place, "777");
      hdfs.permit(place + "/disk", "777");
      shipping.isPublished(uploader, store);
    }
  }

  /** The whole of it gone, in safe mode, and with a quota when it is back. */
  @Test
  void outlivesThreeAtOnce() throws Exception {
    shipping.seal(2, 2000);
    try (ObjectStore store = store("");
        Uploader uploader = shipping.uploader(store)) {
      store.mkdirs(place.substring(1));
      hdfs.admin("-setSpaceQuota", "1m", place);
      hdfs.admin("-safemode", "enter");
      hdfs.kill(Role.DATANODE);
      uploader.start();
      Shipping.awaitReason(uploader, "safe mode");
      hdfs.kill(Role.NAMENODE);
      Shipping.awaitReason(uploader, "cannot connect");
      hdfs.startAgain();
      Shipping.awaitReason(uploader, "quota");
      assertThat(shipping.spool().backlog()).isEqualTo(2);
      hdfs.admin("-clrSpaceQuota", place);
      shipping.isPublished(uploader, store);
    }
  }

  private ObjectStore store(final String user) throws IOException {
    return Stores.open(
        StoreUri.parse(hdfs.uri() + place),
        StoreOptions.defaults(user.isEmpty() ? Map.of() : Map.of("HADOOP_USER_NAME", user)));
  }

  private static boolean isUnderWay(final ObjectStore store) {
    try {
      return store.list(TestSpool.RECORDING.paths().temporary(TestSpool.RECORDING.id())).stream()
          .anyMatch(object -> object.name().startsWith(SegmentName.sealed(1)));
    } catch (final IOException e) {
      throw new AssertionError(e);
    }
  }
}
