package io.blockcam.capture;

import static io.blockcam.capture.support.RingBench.BASE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.ring.SlabDescriptor;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.support.CollectingSink;
import io.blockcam.capture.support.RingBench;
import io.blockcam.capture.support.TestRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The ring's file as a killed process leaves it: the bench is left as it stands and a copy of its
 * file is taken up.
 */
final class RingRecoveryTest {
  private static final int SLOTS = 16;

  @TempDir Path directory;
  private RingBench bench;

  @BeforeEach
  void open() throws IOException {
    bench = new RingBench(directory.resolve("ring"), SLOTS, 48);
  }

  @AfterEach
  void close() throws IOException {
    bench.close();
  }

  @Test
  void bringsBackEveryAcknowledgedWriteAsItWas() throws IOException {
    final byte[] data = random(1, 3 * 4096 - 512);
    bench.write(9, data);
    final long failed = bench.offer(80, random(2, 4096));
    bench.queue.complete(failed, -5);
    bench.queue.offerFlush();
    final CollectingSink sink = new CollectingSink();
    final Doubt doubt = recover(sink, BASE);
    bench.drain(); // what the consumer would have written

    assertThat(doubt.ranges()).as("the failed one").containsExactly(new Doubt.Range(10, 1));
    assertThat(sink.records()).hasSize(5);
    assertThat(contents(sink)).isEqualTo(contents(bench.sink));
    assertThat(sink.records())
        .extracting(TestRecord::sequence)
        .containsExactly(BASE, BASE + 1, BASE + 2, BASE + 3, BASE + 4);
    assertThat(sink.calls()).endsWith("seal");
  }

  @Test
  void marksWritesInFlightAndNamesThem() throws IOException {
    bench.write(0, random(1, 4096));
    bench.offer(80, random(2, 2 * 4096));
    bench.write(160, random(3, 4096));
    bench.queue.offerZeroes(240, 80, true, false);
    final CollectingSink sink = new CollectingSink();
    final Doubt doubt = recover(sink, BASE);
    assertThat(sink.records())
        .extracting(record -> record.has(RecordFlags.UNKNOWN_OUTCOME))
        .containsExactly(false, true, true, false, true);
    assertThat(doubt.ranges()).containsExactly(new Doubt.Range(10, 2), new Doubt.Range(30, 10));
  }

  @Test
  void findsNothingInARingThatIsSpooled() throws IOException {
    for (int i = 0; i < 40; i++) {
      bench.write(8L * i, random(i, 2 * 4096));
      bench.drain();
    }
    final CollectingSink sink = new CollectingSink();
    assertThat(recover(sink, BASE + 80)).isEqualTo(Doubt.NONE);
    assertThat(sink.records()).isEmpty();
    assertThat(sink.records()).isEmpty();
  }

  @Test
  void goesOnInTheMiddleOfAWriteOfWhichTheSpoolHasAPart() throws IOException {
    final byte[] data = random(1, 4 * 4096);
    final long ticket = bench.offer(80, data);
    bench.queue.complete(ticket, -28);
    final CollectingSink sink = new CollectingSink();
    recover(sink, BASE + 3);
    assertThat(sink.records())
        .singleElement()
        .satisfies(
            record -> {
              assertThat(record.block()).isEqualTo(13);
              assertThat(record.has(RecordFlags.FAILED)).isTrue();
              assertThat(record.has(RecordFlags.FIRST)).isFalse();
            });
  }

  @Test
  void leavesNoHoleWhereAQueueDiedBeforeItHadTakenTheWrite() throws IOException {
    bench.write(0, random(1, 4096));
    bench.offer(80, random(2, 2 * 4096)); // taken back below: as if it was only claimed
    bench.write(160, random(3, 4096));
    bench.offer(240, random(4, 3 * 4096)); // the same, but nothing stands behind it
    final Path copy = copy();
    wipeHeader(copy, 1);
    wipeHeader(copy, 4);
    final CollectingSink sink = new CollectingSink();
    final Doubt doubt = recover(copy, sink, BASE);
    assertThat(sink.records()).extracting(TestRecord::sequence).endsWith(BASE + 3).hasSize(4);
    assertThat(sink.records().subList(1, 3))
        .allSatisfy(
            record -> {
              assertThat(record.kind()).isEqualTo(RecordKind.ZEROES);
              assertThat(record.has(RecordFlags.FAILED)).isTrue();
            });
    assertThat(doubt).isEqualTo(Doubt.NONE);
  }

  @Test
  void neverLetsTimestampsDecrease() throws IOException {
    bench.write(0, random(1, 4096));
    bench.clock.advance(1000);
    bench.write(0, random(1, 4096));
    final long lastNs = bench.clock.realtimeNs() - 500;
    final CollectingSink sink = new CollectingSink();
    try (Slab left = Objects.requireNonNull(Slab.openLeft(copy()))) {
      new RingRecovery(left, sink, lastNs).recover(BASE);
    }
    assertThat(sink.records())
        .extracting(TestRecord::timestampNs)
        .containsExactly(lastNs, lastNs + 500);
  }

  @Test
  void mayBeInterruptedAnywhereAndRepeated() throws IOException {
    bench.write(0, random(1, 3 * 4096));
    bench.offer(80, random(2, 2 * 4096));
    bench.write(160, random(3, 4 * 4096 - 1024));
    final Path copy = copy();
    final CollectingSink whole = new CollectingSink();
    recover(copy, whole, BASE);
    for (int cut = 0; cut < whole.records().size(); cut++) {
      final CollectingSink sink = new CollectingSink();
      final AtomicInteger left = new AtomicInteger(cut);
      sink.failOn(call -> call.equals("append") && left.getAndDecrement() == 0);
      assertThatThrownBy(() -> recover(copy, sink, BASE)).isInstanceOf(IOException.class);
      recover(copy, sink, BASE + cut);
      assertThat(contents(sink)).as("cut at %d", cut).isEqualTo(contents(whole));
    }
  }

  @Test
  void bringsBackAnyStateOfTheRing() throws IOException {
    for (long seed = 0; seed < 50; seed++) {
      final Path file = directory.resolve("ring-" + seed);
      try (RingBench other = new RingBench(file, SLOTS, 24)) {
        final Random random = new Random(seed);
        for (int i = random.nextInt(60); i >= 0; i--) {
          other.write(random.nextInt(1000), random(i, 512 * (1 + random.nextInt(24))));
          if (random.nextInt(4) == 0) {
            other.consumer.doWork();
          }
        }
        final List<TestRecord> spooled = other.sink.records();
        final CollectingSink sink = new CollectingSink();
        final Path copy = directory.resolve("copy");
        Files.copy(
            file, copy, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
        recover(copy, sink, BASE + spooled.size());
        other.drain();
        final List<TestRecord> all = other.sink.records();
        assertThat(sink.records().stream().map(TestRecord::content))
            .as("seed %d", seed)
            .containsExactlyElementsOf(
                all.subList(spooled.size(), all.size()).stream().map(TestRecord::content).toList());
      }
    }
  }

  private Doubt recover(final CollectingSink sink, final long next) throws IOException {
    return recover(copy(), sink, next);
  }

  private static Doubt recover(final Path file, final CollectingSink sink, final long next)
      throws IOException {
    try (Slab left = Objects.requireNonNull(Slab.openLeft(file))) {
      final RingRecovery recovery = new RingRecovery(left, sink, 0);
      final Doubt doubt = recovery.doubt(next);
      recovery.recover(next);
      return doubt;
    }
  }

  private Path copy() throws IOException {
    final Path copy = directory.resolve("copy");
    Files.copy(
        directory.resolve("ring"),
        copy,
        StandardCopyOption.REPLACE_EXISTING,
        StandardCopyOption.COPY_ATTRIBUTES);
    return copy;
  }

  private static void wipeHeader(final Path file, final int slot) throws IOException {
    final byte[] bytes = Files.readAllBytes(file);
    final int at = (int) SlabDescriptor.slotHeaderOffset(slot);
    Arrays.fill(bytes, at, at + SlabDescriptor.SLOT_HEADER_BYTES, (byte) 0);
    Files.write(file, bytes);
  }

  private static List<String> contents(final CollectingSink sink) {
    return sink.records().stream().map(TestRecord::content).toList();
  }

  private static byte[] random(final long seed, final int bytes) {
    final byte[] data = new byte[bytes];
    new Random(seed).nextBytes(data);
    return data;
  }
}
