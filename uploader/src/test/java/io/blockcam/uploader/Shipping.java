package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** A spool that is shipped while something goes wrong, and what has to come of it. */
final class Shipping {

  /** At a time: with more than one, more can go wrong. */
  static final int UPLOADS = 2;

  private static final Duration LONG = Duration.ofSeconds(60);

  private final Path directory;
  private final TestSpool spool;
  private final Path copies;

  /**
   * @param directory empty
   */
  Shipping(final Path directory) throws IOException {
    this.directory = directory;
    this.copies = Files.createDirectories(directory.resolve("copies"));
    this.spool = new TestSpool(directory.resolve("spool"));
  }

  TestSpool spool() {
    return spool;
  }

  /** Seals so many segments of so many blocks. */
  void seal(final int segments, final int blocks) throws IOException {
    for (int i = 0; i < segments; i++) {
      final Path segment = spool.seal(blocks);
      spool.digested(segment).writeTo(copies);
    }
  }

  /** Not started. */
  Uploader uploader(final ObjectStore store) {
    return new Uploader(
        store,
        TestSpool.RECORDING,
        spool,
        new Sending(UPLOADS, Compress.NEVER, directory.resolve("encoding")),
        pace(Duration.ofMillis(20), Duration.ofMillis(500)));
  }

  /** Waits so long, at most, after failures; draws the same numbers each time. */
  static Pace pace(final Duration first, final Duration cap) {
    return new Pace(new Backoff(first, cap), InstantSource.system(), new Random(1));
  }

  static void awaitReason(final Uploader uploader, final String words) {
    await(() -> uploader.status().lastError().contains(words));
  }

  static void await(final BooleanSupplier condition) {
    final long deadlineNs = System.nanoTime() + LONG.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime() - deadlineNs).isNegative();
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** Once, whole, and nothing left over. Closes the uploader. */
  void isPublished(final Uploader uploader, final ObjectStore store) throws Exception {
    assertThat(uploader.drain(LONG)).as(() -> uploader.status().toString()).isTrue();
    assertThat(uploader.status().lastError()).isEmpty();
    assertThat(store.list("disk/segments/0000000"))
        .extracting(ObjectStatus::name)
        .containsExactlyElementsOf(spool.published());
    for (final String name : spool.published()) {
      assertThat(
              store.matches("disk/segments/0000000/" + name, ObjectSource.of(copies.resolve(name))))
          .as(name)
          .isTrue();
    }
    uploader.close();
    assertThat(store.list(TestSpool.RECORDING.paths().temporary(TestSpool.RECORDING.id())))
        .as("of unfinished uploads at most the last of each way")
        .filteredOn(object -> Publisher.isTemporaryName(object.name()))
        .hasSizeLessThanOrEqualTo(2 * UPLOADS);
  }
}
