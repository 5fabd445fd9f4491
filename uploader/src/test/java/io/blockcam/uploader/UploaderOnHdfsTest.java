package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.TestPacks;
import io.blockcam.store.FaultyStore;
import io.blockcam.store.HdfsForTests;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.StoreOptions;
import io.blockcam.store.StoreUnavailableException;
import io.blockcam.store.StoreUri;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The uploader with a real NameNode and DataNode, over a bad line. */
@ExtendWith(HdfsForTests.class)
final class UploaderOnHdfsTest {
  @TempDir private Path dir;

  @Test
  void shipsASpoolOverALineThatFailsEveryFewCalls(final StoreUri.WebHdfs uri) throws Exception {
    final TestSpool spool = new TestSpool(dir.resolve("spool"));
    final Path copies = Files.createDirectories(dir.resolve("copies"));
    for (int i = 0; i < 6; i++) {
      final Path segment = spool.seal(200);
      spool.digested(segment).writeTo(copies);
    }
    final Random random = new Random(11);
    try (FaultyStore store = new FaultyStore(Stores.open(uri, StoreOptions.defaults(Map.of())))) {
      store.inject(
          (call, op, after) -> {
            if (random.nextInt(12) == 0) {
              throw new StoreUnavailableException("bad line in " + op);
            }
          });
      try (Uploader uploader =
          new Uploader(
              store,
              TestSpool.RECORDING,
              spool,
              Sending.plain(dir.resolve("encoding")),
              Shipping.pace(Duration.ofMillis(1), Duration.ofMillis(5)))) {
        uploader.start();

        assertThat(uploader.drain(Duration.ofSeconds(100))).isTrue();
      }
      store.inject((call, op, after) -> {});
      assertThat(store.list("disk/segments/0000000"))
          .extracting(ObjectStatus::name)
          .containsExactlyElementsOf(spool.published());
      for (final String name : spool.published()) {
        assertThat(
                store.matches(
                    "disk/segments/0000000/" + name, ObjectSource.of(copies.resolve(name))))
            .isTrue();
      }
      assertThat(store.list(TestSpool.RECORDING.paths().temporary(TestSpool.RECORDING.id())))
          .isEmpty();
    }
  }

  /** Whatever fails on the way, each segment is in its object or in the pack. */
  @Test
  void putsSmallSegmentsTogetherOverALineThatFailsNowAndThen(final StoreUri.WebHdfs uri)
      throws Exception {
    final TestSpool spool = new TestSpool(dir.resolve("spool"));
    for (int i = 0; i < 66; i++) {
      spool.seal(1);
    }
    final Random random = new Random(12);
    try (FaultyStore store = new FaultyStore(Stores.open(uri, StoreOptions.defaults(Map.of())));
        Uploader uploader =
            new Uploader(
                store,
                TestSpool.RECORDING,
                spool,
                Sending.plain(dir.resolve("encoding")),
                Shipping.pace(Duration.ofMillis(1), Duration.ofMillis(5)))) {
      uploader.start();
      assertThat(uploader.drain(Duration.ofSeconds(100))).isTrue();
      final List<Sha256Digest> before = digests(store);
      store.inject(
          (call, op, after) -> {
            if (random.nextInt(60) == 0) {
              throw new StoreUnavailableException("bad line in " + op);
            }
          });
      for (boolean done = false; !done; ) {
        try {
          TestPacks.make(store, RecordingReader.open(store, "disk"), dir);
          done = true;
        } catch (final StoreUnavailableException e) {
          assertThat(e).hasMessageStartingWith("bad line");
        }
      }
      store.inject((call, op, after) -> {});
      assertThat(digests(store)).isEqualTo(before).hasSize(66);
      assertThat(store.list("disk/packs/64/0000000")).hasSize(1);
      assertThat(store.list("disk/segments/0000000")).hasSize(2);
    }
  }

  private static List<Sha256Digest> digests(final FaultyStore store) throws IOException {
    return RecordingReader.open(store, "disk").segments().stream()
        .map(segment -> segment.trailer().digest())
        .toList();
  }
}
