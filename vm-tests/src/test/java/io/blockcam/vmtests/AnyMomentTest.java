package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.BlockDevice;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Scenario;
import io.blockcam.vmtests.record.Event;
import io.blockcam.vmtests.record.ModelDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The disk can be brought back as it was after any record. */
@Scenario
@Tag("test-host")
class AnyMomentTest {

  private static final int DISK_BYTES = 8 << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final int SECTOR_BYTES = 512;
  private static final int REQUESTS = 600;
  private static final int MOMENTS = 20;
  private static final long SEED = 20261122;

  @TempDir private Path scratch;

  @Test
  void replayAtTwentyRandomSequencesEqualsAModelThatSawTheSameWrites() throws IOException {
    final Random random = new Random(SEED);
    final Recording recording = Recording.inDirectory(scratch, "moments", "8M");
    final ModelDisk model;
    try (LiveDisk disk = recording.record()) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        model = new ModelDisk(device);
        for (int i = 0; i < REQUESTS; i++) {
          request(model, random);
        }
      }
      disk.stopsCleanly();
    }
    final List<Event> events =
        recording.published().events().stream().filter(AnyMomentTest::isRequest).toList();
    assertSame(events.stream().map(Event::what).toList(), model.expectedRecords());
    final long first = recording.published().events().getFirst().sequence();
    final long last = recording.published().events().getLast().sequence();
    final byte[] disk = new byte[DISK_BYTES];
    int applied = 0;
    for (final long sequence :
        random.longs(first, last + 1).distinct().limit(MOMENTS).sorted().toArray()) {
      final int upTo = (int) events.stream().filter(e -> e.sequence() <= sequence).count();
      model.apply(disk, applied, upTo);
      applied = upTo;
      final Path image = recording.replayHere("seq:" + sequence);
      Recording.holds(image, disk);
      Files.delete(image);
    }
    recording.latestShouldEqualTheDisk();
  }

  /** One request, mostly writes of all sizes and alignments; half of them in a small place. */
  private static void request(final ModelDisk model, final Random random) {
    final int place = random.nextBoolean() ? DISK_BYTES : DISK_BYTES / 16;
    final int length = (1 + random.nextInt(32)) * BLOCK_BYTES;
    final long block = (long) random.nextInt((place - length) / BLOCK_BYTES) * BLOCK_BYTES;
    switch (random.nextInt(20)) {
      case 0 -> model.flush();
      case 1 -> model.discard(block, length);
      case 2 -> model.zeroOut(block, length);
      case 3 -> model.writeDurably(block, data(random, BLOCK_BYTES));
      case 4 -> model.write(block, new byte[length]);
      case 5, 6, 7, 8 ->
          model.write(
              block + random.nextInt(BLOCK_BYTES / SECTOR_BYTES) * SECTOR_BYTES,
              data(random, (1 + random.nextInt(length / SECTOR_BYTES)) * SECTOR_BYTES));
      default -> model.write(block, data(random, length));
    }
  }

  /** Tells where two long lists differ first, not everything that is in them. */
  private static void assertSame(final List<String> recorded, final List<String> expected) {
    for (int i = 0; i < Math.min(recorded.size(), expected.size()); i++) {
      assertThat(recorded.get(i)).as("record %d", i).isEqualTo(expected.get(i));
    }
    assertThat(recorded.size()).isGreaterThanOrEqualTo(expected.size());
    assertThat(recorded.subList(expected.size(), recorded.size()))
        .as("what the stop of the device added")
        .allMatch(r -> r.startsWith("kind " + Event.FLUSH));
  }

  private static byte[] data(final Random random, final int length) {
    final byte[] data = new byte[length];
    random.nextBytes(data);
    return data;
  }

  private static boolean isRequest(final Event event) {
    return event.kind() <= Event.FLUSH;
  }
}
