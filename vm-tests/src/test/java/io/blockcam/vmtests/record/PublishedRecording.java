package io.blockcam.vmtests.record;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** All published segments of a recording: one chain, one order. */
public final class PublishedRecording {

  private static final int SECTOR_BYTES = 512;
  private static final int BLOCK_SECTORS = 8;

  private final List<Segment> segments;
  private final List<Event> events = new ArrayList<>();

  private PublishedRecording(final byte[] recordingJson, final List<Segment> segments) {
    this.segments = List.copyOf(segments);
    for (final Segment segment : segments) {
      events.addAll(segment.events());
    }
    checkChain(Segment.sha256(recordingJson, 0, recordingJson.length));
    checkOrder();
  }

  /**
   * Reads and checks a recording.
   *
   * @param dir the recording's folder in a directory archive
   */
  public static PublishedRecording read(final Path dir) {
    return read(dir, segment -> segment);
  }

  /** The same without the payloads, for a recording of any length. */
  public static PublishedRecording readEvents(final Path dir) {
    return read(dir, Segment::withoutPayloads);
  }

  private static PublishedRecording read(final Path dir, final UnaryOperator<Segment> kept) {
    try (Stream<Path> objects = Files.walk(dir)) {
      final Map<String, Segment> segments = new TreeMap<>();
      for (final Path object : objects.filter(Files::isRegularFile).toList()) {
        final String name = object.getFileName().toString();
        if (object.startsWith(dir.resolve("segments"))) {
          segments.put(name, kept.apply(Segment.read(object)));
        } else if (object.startsWith(dir.resolve("packs"))) {
          Pack.read(object).forEach((n, s) -> segments.put(n, kept.apply(s)));
        }
      }
      return of(Files.readAllBytes(dir.resolve("recording.json")), List.copyOf(segments.values()));
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A recording of these segments, in the order of their numbers. */
  public static PublishedRecording of(final byte[] recordingJson, final List<Segment> segments) {
    return new PublishedRecording(recordingJson, segments);
  }

  public List<Segment> segments() {
    return segments;
  }

  /** Every record in its order. */
  public List<Event> events() {
    return events;
  }

  /** The records of one kind. */
  public List<Event> events(final int kind) {
    return events.stream().filter(e -> e.kind() == kind).toList();
  }

  /**
   * Writes that were on their way when their recorder was killed, of which a block was not read
   * back from the disk afterwards: as content, or as zeroes.
   */
  public Collection<Event> leftInDoubt() {
    final Map<Long, Event> doubt = new TreeMap<>();
    for (final Event event : events) {
      for (long block = event.block(); block < event.block() + event.runBlocks(); block++) {
        if (event.has(Event.UNKNOWN_OUTCOME)) {
          doubt.put(block, event);
        } else if (event.kind() == Event.RESYNC || event.kind() == Event.ZEROES) {
          doubt.remove(block);
        }
      }
    }
    return doubt.values();
  }

  /** What the disk held when {@code sequence} was its last record; bytes never written are zero. */
  public byte[] diskAt(final long sequence) {
    final byte[] disk = new byte[Math.toIntExact(diskBytesAt(sequence))];
    for (final Event event : events) {
      if (event.sequence() > sequence) {
        break;
      }
      if (event.setsContent()) {
        apply(event, disk);
      }
    }
    return disk;
  }

  /** Of the last segment that begins by then. */
  private long diskBytesAt(final long sequence) {
    long bytes = segments.getFirst().diskBytes();
    for (final Segment segment : segments) {
      if (segment.events().getFirst().sequence() <= sequence) {
        bytes = segment.diskBytes();
      }
    }
    return bytes;
  }

  /** What the disk held at the end. */
  public byte[] lastDisk() {
    return diskAt(events.getLast().sequence());
  }

  private static void apply(final Event event, final byte[] disk) {
    final int at = Math.toIntExact(event.block() * Segment.BLOCK_BYTES);
    if (event.runBlocks() > 1) {
      // A disk may end within a block.
      final long end = Math.min(disk.length, at + event.runBlocks() * Segment.BLOCK_BYTES);
      Arrays.fill(disk, at, (int) end, (byte) 0);
      return;
    }
    final byte[] content = event.hasPayload() ? event.payload() : new byte[Segment.BLOCK_BYTES];
    for (int sector = 0; sector < BLOCK_SECTORS; sector++) {
      final int offset = sector * SECTOR_BYTES;
      if ((event.sectorMask() >> sector & 1) == 1 && at + offset < disk.length) {
        System.arraycopy(content, offset, disk, at + offset, SECTOR_BYTES);
      }
    }
  }

  private void checkChain(final byte[] recordingJson) {
    byte[] previous = recordingJson;
    for (int i = 0; i < segments.size(); i++) {
      final Segment segment = segments.get(i);
      if (segment.number() != i
          || !segment.recordingId().equals(segments.getFirst().recordingId())
          || !Arrays.equals(segment.previousDigest(), previous)) {
        throw new AssertionError("segment " + segment + " is not link " + i + " of the chain");
      }
      previous = segment.digest();
    }
  }

  private void checkOrder() {
    for (int i = 1; i < events.size(); i++) {
      final Event before = events.get(i - 1);
      final Event event = events.get(i);
      if (event.sequence() != before.sequence() + 1
          || event.timestampNs() < before.timestampNs()
          || event.segment().epoch() < before.segment().epoch()) {
        throw new AssertionError("out of order: " + before + " then " + event);
      }
    }
  }
}
