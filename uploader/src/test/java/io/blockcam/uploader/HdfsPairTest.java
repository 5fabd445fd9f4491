package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.store.HdfsForTests;
import io.blockcam.store.HdfsProcesses;
import io.blockcam.store.HdfsProcesses.Role;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreOptions;
import io.blockcam.store.StoreUri;
import io.blockcam.store.Stores;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A real HDFS with two NameNodes, of which the active one changes while segments are shipped. */
@ExtendWith(HdfsForTests.class)
@Timeout(300)
final class HdfsPairTest {

  private static final int FIRST_PORT = 36_000;

  /** A DataNode goes on asking a NameNode that is dead, for a minute. */
  private static final Duration ANSWER = Duration.ofSeconds(5);

  @TempDir private Path dir;

  @Test
  void isFollowedFromOneNameNodeToTheOther() throws Exception {
    final Shipping shipping = new Shipping(dir);
    try (HdfsProcesses hdfs = HdfsProcesses.start(FIRST_PORT, "--pair");
        ObjectStore store =
            Stores.open(
                StoreUri.parse(hdfs.uri() + "/pair"),
                StoreOptions.defaults(Map.of()).withTimeouts(Duration.ofSeconds(2), ANSWER));
        Uploader uploader = shipping.uploader(store)) {
      uploader.start();
      shipping.seal(20, 3);
      hdfs.activate(Role.STANDBY);
      shipping.seal(20, 3);
      Shipping.await(() -> shipping.spool().backlog() == 0);

      shipping.seal(20, 3);
      hdfs.kill(Role.STANDBY);
      shipping.seal(3, 3);
      Shipping.await(() -> uploader.status().failures() > 1);
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.RETRYING);
      assertThat(shipping.spool().backlog()).isPositive();
      hdfs.activate(Role.NAMENODE);
      shipping.isPublished(uploader, store);
    }
  }
}
