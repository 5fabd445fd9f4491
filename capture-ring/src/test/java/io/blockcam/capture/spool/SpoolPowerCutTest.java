package io.blockcam.capture.spool;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.faults.FaultyDisk;
import io.blockcam.archive.faults.Seeds;
import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.log.SealedLog;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.ring.WallClock;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A spool lives through one power cut after another: what it said was forced is there, as one chain
 * of segments, until the uploader has taken it; and it always opens again.
 */
final class SpoolPowerCutTest {

  private static final int LIVES = 8;
  private static final int STEPS = 30;
  private static final SegmentLimits SMALL = new SegmentLimits(64 << 10, 12);
  private static final Recording DISK =
      new Recording(new UUID(1, 2), "disk", 1 << 30, Instant.EPOCH, "host", "", Baseline.EMPTY);

  @Test
  void keepsWhatWasForcedWheneverThePowerGoes() {
    Seeds.forEach(random -> new History(random).live());
  }

  /** One spool and what is known of it. */
  private static final class History {
    private final RandomGenerator random;

    /** What a sealer has not begun yet. */
    private final Queue<Runnable> seals = new ArrayDeque<>();

    /** The sequence before which all is durable. */
    private long forced;

    /** The sequence before which all was taken by the uploader. */
    private long shipped;

    private long removed;

    History(final RandomGenerator random) {
      this.random = random;
    }

    void live() throws IOException {
      try (FaultyDisk disk = new FaultyDisk(random)) {
        disk.setShortWrites(random.nextBoolean());
        for (int life = 0; life < LIVES; life++) {
          final Spool spool = Spool.open(disk.root().resolve("spool"), DISK, 1L << 30);
          check(spool);
          use(spool);
          disk.cutPower();
        }
      }
    }

    /** Until the power goes. Nothing is closed: the process goes with it. */
    private void use(final Spool spool) throws IOException {
      int steps = random.nextInt(STEPS);
      if (steps == 0) {
        return;
      }
      seals.clear();
      final SpoolWriter writer =
          new SpoolWriter(
              spool,
              spool.beginEpoch(),
              new SealRules(SMALL, Duration.ofSeconds(60), 1, seals::add),
              new WallClock(WallClock.Source.system()),
              spool::addDoubt);
      long next = spool.state().nextSequence();
      while (steps-- > 0) {
        switch (random.nextInt(9)) {
          case 0 -> writer.write();
          case 1 -> {
            writer.force();
            forced = next;
          }
          case 2 -> {
            writer.seal();
            forced = next;
          }
          case 3 -> removeOldest(spool);
          case 4 -> Objects.requireNonNullElse(seals.poll(), () -> {}).run();
          default -> next = append(writer, next);
        }
      }
    }

    private long append(final SpoolWriter writer, final long from) throws IOException {
      final int blocks = random.nextInt(1, 5);
      assertThat(writer.admit(blocks)).isTrue();
      for (int i = 0; i < blocks; i++) {
        final byte[] payload = new byte[4096];
        random.nextBytes(payload);
        writer.append(
            RecordView.allocate().put(from + i, random.nextInt(1000), 1, RecordKind.DATA, 0xff, 0),
            2_000,
            i == 0 ? RecordFlags.FIRST : 0,
            MemorySegment.ofArray(payload),
            0);
      }
      return from + blocks;
    }

    private void removeOldest(final Spool spool) throws IOException {
      final @Nullable Path oldest = spool.sealed().stream().findFirst().orElse(null);
      if (oldest != null) {
        final SealedLog log = SealedLog.open(oldest);
        final Sha256Digest digest = digest(log.header().segmentNumber());
        spool.remove(oldest, digest);
        removed = log.lastSequence() + 1;
        shipped = log.header().segmentNumber() + 1;
      }
    }

    private void check(final Spool spool) throws IOException {
      final long next = spool.state().nextSequence();
      assertThat(next).as("next sequence").isGreaterThanOrEqualTo(forced);
      long from = next;
      for (final Path segment : spool.sealed().reversed()) {
        final SealedLog log = SealedLog.open(segment);
        assertThat(log.lastSequence() + 1).isEqualTo(from);
        from = log.header().firstSequence();
      }
      final Shipped known = spool.shipped();
      assertThat(known.segments()).as("shipped").isGreaterThanOrEqualTo(shipped);
      if (known.segments() > 0) {
        assertThat(known.digest()).isEqualTo(digest(known.segments() - 1));
      }
      assertThat(from).as("the oldest record").isLessThanOrEqualTo(Math.max(removed, 0));
      forced = next; // what is there now, is durable
    }

    private static Sha256Digest digest(final long number) {
      return Sha256.of(new byte[] {(byte) number, (byte) (number >> 8)});
    }
  }
}
