package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.store.Certificates;
import io.blockcam.store.HdfsForTests;
import io.blockcam.store.HdfsProcesses;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreOptions;
import io.blockcam.store.StoreUri;
import io.blockcam.store.Stores;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A real HDFS behind TLS, with a CA of its own, whose certificate has expired at first. */
@ExtendWith(HdfsForTests.class)
@Timeout(300)
final class HdfsTlsTest {

  private static final int FIRST_PORT = 42_000;
  private static final String THIS_HOST = "san=ip:127.0.0.1";

  @TempDir private Path dir;

  @Test
  void isTrustedOnceItsCertificateIsValid() throws Exception {
    Certificates.make(dir, "ca", "bc:c");
    Certificates.makeSigned(dir, "ca", "expired", THIS_HOST, "-startdate", "-5d");
    Certificates.makeSigned(dir, "ca", "valid", THIS_HOST);
    final Path key = Files.copy(dir.resolve("expired.p12"), dir.resolve("server.p12"));
    final Shipping shipping = new Shipping(dir.resolve("shipping"));
    shipping.seal(3, 1000);
    try (HdfsProcesses hdfs = HdfsProcesses.start(FIRST_PORT, "--tls", key.toString());
        ObjectStore store =
            Stores.open(
                StoreUri.parse(hdfs.uri() + "/tls"),
                StoreOptions.defaults(Map.of()).withTrustedCertificates(dir.resolve("ca.pem")));
        Uploader uploader = shipping.uploader(store)) {
      assertThat(hdfs.uri()).startsWith("swebhdfs://");
      uploader.start();
      Shipping.awaitReason(uploader, "no trust in the TLS certificate of 127.0.0.1");
      assertThat(uploader.status().lastError()).contains("expired");
      assertThat(uploader.status().state()).isEqualTo(UploaderStatus.State.BLOCKED);
      assertThat(shipping.spool().backlog()).isEqualTo(3);

      hdfs.stop();
      Files.delete(key);
      Files.copy(dir.resolve("valid.p12"), key);
      hdfs.startAgain();
      shipping.isPublished(uploader, store);
    }
  }
}
