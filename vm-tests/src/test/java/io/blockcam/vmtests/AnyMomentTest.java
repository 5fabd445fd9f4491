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

  private static final int DISK_BYTES = 32 << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final int SECTOR_BYTES = 512;
  private static final int REQUESTS = 1500;
  private static final int MOMENTS = 20;
  private static final long SEED = 20261122;

  @TempDir private Path scratch;

  @Test
  void replayAtTwentyRandomSequencesEqualsAModelThatSawTheSameWrites() throws IOException {
    final Random random = new Random(SEED);
    final Recording recording = Recording.inDirectory(scratch, "moments", "32M");
    final ModelDisk model;
    try (LiveDisk disk = recording.record()) {
      try (BlockDevice device = new BlockDevice(disk.device())) {
        model = new ModelDisk(device, DISK_BYTES);
        for (int i = 0; i < REQUESTS; i++) {
          request(model, random);
        }
      }
      disk.shouldStopCleanly();
    }
    final List<Event> events =
        recording.published().events().stream().filter(AnyMomentTest::isRequest).toList();
    assertThat(events.stream().map(Event::what).toList())
        .as("what was recorded")
        .isEqualTo(model.expectedRecords());
    final long first = recording.published().events().getFirst().sequence();
    final long last = recording.published().events().getLast().sequence();
    for (int i = 0; i < MOMENTS; i++) {
      final long sequence = random.nextLong(first, last + 1);
      final int applied = (int) events.stream().filter(e -> e.sequence() <= sequence).count();
      final Path image = recording.replay("seq:" + sequence);
      Recording.shouldHold(image, model.diskAfter(applied));
      Files.delete(image);
    }
    recording.latestShouldEqualTheDisk();
  }

  /** One request: mostly writes of all sizes and alignments; rewritten often, in a small place. */
  private static void request(final ModelDisk model, final Random random) {
    final int place = random.nextInt(4) == 0 ? DISK_BYTES : DISK_BYTES / 16;
    switch (random.nextInt(20)) {
      case 0 -> model.flush();
      case 1 -> model.discard(blocks(random, place - (1 << 20)), length(random, 64));
      case 2 -> model.zeroOut(blocks(random, place - (1 << 20)), length(random, 16));
      case 3 -> model.writeDurably(blocks(random, place - (1 << 20)), data(random, BLOCK_BYTES));
      case 4 -> model.write(blocks(random, place - (1 << 20)), new byte[length(random, 8)]);
      case 5, 6, 7, 8 ->
          model.write(
              (long) random.nextInt((place >> 1) / SECTOR_BYTES) * SECTOR_BYTES,
              data(random, (1 + random.nextInt(40)) * SECTOR_BYTES));
      default -> model.write(blocks(random, place - (1 << 20)), data(random, length(random, 32)));
    }
  }

  private static long blocks(final Random random, final int bound) {
    return (long) random.nextInt(bound / BLOCK_BYTES) * BLOCK_BYTES;
  }

  private static int length(final Random random, final int mostBlocks) {
    return (1 + random.nextInt(mostBlocks)) * BLOCK_BYTES;
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
