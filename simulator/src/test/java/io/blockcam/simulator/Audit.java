package io.blockcam.simulator;

import io.blockcam.archive.Moment;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import io.blockcam.history.Progress;
import io.blockcam.history.RecordingReader;
import io.blockcam.history.Segment;
import io.blockcam.history.Segments;
import io.blockcam.replay.ImageWriter;
import io.blockcam.replay.MomentResolver;
import io.blockcam.replay.PastDisk;
import io.blockcam.replay.Verifier;
import io.blockcam.replay.When;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Holds an archive against what is true of the disk. */
final class Audit {

  private static final int SECTOR_BYTES = 512;
  private static final int BLOCK_SECTORS = 8;

  private final ObjectStore store;
  private final String name;
  private final Path image;

  /**
   * @param image where one may be made
   */
  Audit(final ObjectStore store, final String name, final Path image) {
    this.store = store;
    this.name = name;
    this.image = image;
  }

  /** Published means whole: at any instant, whatever is there. */
  void checkPublished() throws IOException {
    if (RecordingReader.read(store, name).isPresent()) {
      final List<String> findings = new ArrayList<>();
      new Verifier(RecordingReader.open(store, name)).run(findings::add, (done, total) -> {});
      if (!findings.isEmpty()) {
        throw new AssertionError("published is whole: " + findings);
      }
    }
  }

  /** All rules, once everything is published and nothing in flight. */
  void check(final BackingDisk disk, final List<GuestWrite> writes, final Losses losses)
      throws IOException {
    checkPublished();
    final RecordingReader recording = RecordingReader.open(store, name);
    final List<Segment> segments = recording.segments();
    checkReplay(disk, recording);
    final List<List<Long>> recorded = recorded(disk.sectors(), segments);
    final BitSet gaps = gaps(disk.sectors(), segments);
    checkAcknowledged(writes, recorded, losses.hasRotted() ? gaps : new BitSet());
    checkMissed(writes, gaps);
    checkOrder(disk, recorded);
    checkGapsAreJustified(disk, losses, segments);
  }

  /** No gap without a loss: who reads the record must be able to believe it. */
  private static void checkGapsAreJustified(
      final BackingDisk disk, final Losses losses, final List<Segment> segments)
      throws IOException {
    for (final Segment segment : segments) {
      final RecordTable records = segment.reader().records();
      for (int r = 0; r < records.count(); r++) {
        if (records.kind(r) == RecordKind.GAP) {
          final GapReason why = GapReason.ofCode(records.aux(r)).orElseThrow();
          final boolean justified =
              switch (why) {
                case RECORDS_LOST ->
                    losses.isBefore(segment.trailer().epoch()) || losses.hasRotted();
                case PAYLOAD_LOST -> losses.hasRotted();
                case SYNC_FAILED -> disk.hasFailedToSync();
                case NO_ROOM -> losses.mayHaveGaps();
                case DISK_GROWN -> disk.hasGrown();
                case DISK_CHANGED -> false;
              };
          if (!justified) {
            throw new AssertionError(
                "a gap is a loss: nothing was \"%s\" before epoch %d"
                    .formatted(why.words(), segment.trailer().epoch()));
          }
        }
      }
    }
  }

  private void checkReplay(final BackingDisk disk, final RecordingReader recording)
      throws IOException {
    final Segments found = recording.find();
    final MomentResolver moments = new MomentResolver(recording, found, true);
    final Moment latest = moments.resolve(new When.Latest());
    checkTimes(moments, latest);
    try (PastDisk past = PastDisk.open(recording, found, latest, true, Progress.NONE)) {
      new ImageWriter(past, 0, Set.of(), (what, done, total) -> {}).write(image, true);
    }
    final ByteBuffer replayed = littleEndian(Files.readAllBytes(image));
    for (int s = 0; s < disk.sectors(); s++) {
      final long stamp = stamp(replayed, s * SECTOR_BYTES);
      if (stamp != disk.at(s)) {
        throw new AssertionError(
            "replay equals disk: sector %d is of write %d, replayed is write %d; it was written by %s"
                .formatted(s, GuestWrite.idOf(disk.at(s)), GuestWrite.idOf(stamp), disk.order(s)));
      }
    }
  }

  /** However often the clock was set: by its time, a moment is found, or it is told why not. */
  private static void checkTimes(final MomentResolver moments, final Moment latest)
      throws IOException {
    final Moment found = moments.resolve(new When.At(latest.instant()));
    if (found.sequence() != latest.sequence() && moments.doubtfulStep(latest.instant()).isEmpty()) {
      throw new AssertionError(
          "%s is the time of seq:%d, and seq:%d is found"
              .formatted(latest.instant(), latest.sequence(), found.sequence()));
    }
  }

  /** Per sector, the writes in the record whose content tells which they are. */
  private static List<List<Long>> recorded(final int sectors, final List<Segment> segments)
      throws IOException {
    final List<List<Long>> recorded = new ArrayList<>();
    for (int s = 0; s < sectors; s++) {
      recorded.add(new ArrayList<>());
    }
    for (final Segment segment : segments) {
      final SegmentReader reader = segment.reader();
      final SegmentTables tables = reader.tables();
      final RecordTable records = tables.records();
      for (int r = 0; r < records.count(); r++) {
        if (records.kind(r) == RecordKind.DATA
            && !records.hasFlag(r, RecordFlags.FAILED)
            && !records.hasFlag(r, RecordFlags.ALL_ZERO)) {
          final ByteBuffer payload = reader.readPayload(tables, r).order(ByteOrder.LITTLE_ENDIAN);
          addStamps(recorded, records, r, payload);
        }
      }
    }
    return recorded;
  }

  private static void addStamps(
      final List<List<Long>> recorded,
      final RecordTable records,
      final int r,
      final ByteBuffer payload) {
    for (int i = 0; i < BLOCK_SECTORS; i++) {
      if ((records.sectorMask(r) & 1 << i) != 0) {
        final long id = GuestWrite.idOf(stamp(payload, i * SECTOR_BYTES));
        if (id != 0) {
          recorded.get((int) records.block(r) * BLOCK_SECTORS + i).add(id);
        }
      }
    }
  }

  private static void checkAcknowledged(
      final List<GuestWrite> writes, final List<List<Long>> recorded, final BitSet lost) {
    for (final GuestWrite write : writes) {
      if (write.outcome == GuestWrite.Outcome.ACKNOWLEDGED && write.isUnique() && !write.missed) {
        for (int s = write.firstSector; s < write.firstSector + write.sectors; s++) {
          if (!recorded.get(s).contains(write.id) && !lost.get(s)) {
            throw new AssertionError(
                "acknowledged is recorded: sector %d of %s is not".formatted(s, write));
          }
        }
      }
    }
  }

  /** The sectors of which the record says that writes to them are missing. */
  private static BitSet gaps(final int sectors, final List<Segment> segments) throws IOException {
    final BitSet gaps = new BitSet(sectors);
    for (final Segment segment : segments) {
      final RecordTable records = segment.reader().records();
      for (int r = 0; r < records.count(); r++) {
        if (records.kind(r) == RecordKind.GAP) {
          final int first = (int) records.block(r) * BLOCK_SECTORS;
          gaps.set(first, first + (int) records.runBlocks(r) * BLOCK_SECTORS);
        }
      }
    }
    return gaps;
  }

  private static void checkMissed(final List<GuestWrite> writes, final BitSet gaps) {
    for (final GuestWrite write : writes) {
      if (write.missed
          && write.outcome == GuestWrite.Outcome.ACKNOWLEDGED
          && gaps.nextClearBit(write.firstSector) < write.firstSector + write.sectors) {
        throw new AssertionError(
            "a gap is a record: nothing tells that %s is not".formatted(write));
      }
    }
  }

  /** The record has the writes of a sector in the order in which they reached it. */
  private static void checkOrder(final BackingDisk disk, final List<List<Long>> recorded) {
    for (int s = 0; s < disk.sectors(); s++) {
      final Map<Long, Integer> place = new HashMap<>();
      for (final GuestWrite write : disk.order(s)) {
        if (write.outcome == GuestWrite.Outcome.ACKNOWLEDGED
            && write.isUnique()
            && !write.isSentAgain) {
          place.put(write.id, place.size());
        }
      }
      int last = -1;
      for (final long id : recorded.get(s)) {
        final int at = place.getOrDefault(id, last);
        if (at < last) {
          throw new AssertionError(
              "the record's order is the disk's: sector %d was written by %s, recorded are %s"
                  .formatted(s, disk.order(s), recorded.get(s)));
        }
        last = at;
      }
    }
  }

  private static ByteBuffer littleEndian(final byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The stamp of a sector, all of which must have it. */
  private static long stamp(final ByteBuffer bytes, final int at) {
    final long stamp = bytes.getLong(at);
    for (int i = Long.BYTES; i < SECTOR_BYTES; i += Long.BYTES) {
      if (bytes.getLong(at + i) != stamp) {
        throw new AssertionError(
            "a sector is of two writes, %d and %d"
                .formatted(GuestWrite.idOf(stamp), GuestWrite.idOf(bytes.getLong(at + i))));
      }
    }
    return stamp;
  }
}
