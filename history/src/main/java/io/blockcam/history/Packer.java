package io.blockcam.history;

import io.blockcam.archive.Recording;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.pack.PackDirectory;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentCheck;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import io.blockcam.store.StoreRefusedException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts small segments together in packs: a quiet disk makes one every ten seconds, and a store, the
 * NameNode of an HDFS above all, wants few objects. A span of segments becomes a pack when all of
 * it is behind the head and it is small enough; the segments themselves stay the same, byte for
 * byte. May be stopped and repeated at any time. One thread.
 *
 * <p>A segment's own object is removed only when its bytes in the published pack prove whole.
 */
public final class Packer {
  private static final Logger LOG = LoggerFactory.getLogger(Packer.class);

  /** A span that has more stays as it is: its segments are large enough. */
  private static final long MOST_BYTES = 64 << 20;

  private static final int COPY_BYTES = 1 << 18;

  /** Segments that are read at the same time, or removed: over a network most of it is waiting. */
  private static final int AT_ONCE = 8;

  private final ObjectStore store;
  private final Recording recording;
  private final Path directory;
  private final long mostBytes;

  /** The largest first. */
  private final List<Integer> sizes;

  private final SegmentPlaces places;
  private final Publisher publisher;

  /** Paths of packs that cannot be made, or are not what they should be: told once. */
  private final Set<String> givenUp = new HashSet<>();

  /** Segments before this one are where they will stay. */
  private long settled;

  /** Whether the store does not allow to remove anything: a pack would be one object more. */
  private boolean refused;

  private int made;
  private long removed;

  /**
   * @param store stays the caller's
   * @param directory where a pack is made before it is published, of {@value #MOST_BYTES} bytes at
   *     most and its directory
   */
  public Packer(final ObjectStore store, final Recording recording, final Path directory) {
    this(store, recording, directory, PackSpans.SIZES, MOST_BYTES);
  }

  Packer(
      final ObjectStore store,
      final Recording recording,
      final Path directory,
      final List<Integer> sizes,
      final long mostBytes) {
    this.sizes = sizes;
    this.mostBytes = mostBytes;
    this.store = store;
    this.recording = recording;
    this.directory = directory;
    this.places = new SegmentPlaces(store, recording);
    this.publisher = new Publisher(store, Indexer.temporaryDirectory(recording));
  }

  /**
   * What was done.
   *
   * @param made packs that were published
   * @param segments objects of single segments that were removed
   */
  public record Result(int made, long segments) {}

  /**
   * Packs what can be packed.
   *
   * @param end number behind the last segment that may be packed: a head has been published for it,
   *     so that the recorder does not ship it any more
   * @param progress called with the segments that were looked at, and all
   */
  public Result run(final long end, final Progress progress) throws IOException {
    made = 0;
    removed = 0;
    if (refused) {
      return new Result(made, removed);
    }
    final int largest = sizes.get(0);
    final SegmentListing.Loose loose = new SegmentListing.Loose(store, recording.paths(), settled);
    List<SegmentPlace> span = new ArrayList<>();
    for (SegmentPlace next = loose.next(); next != null; next = loose.next()) {
      final long first = PackSpans.first(next.number(), largest);
      if (first + largest > end) {
        break;
      }
      if (!span.isEmpty() && PackSpans.first(span.get(0).number(), largest) != first) {
        settle(span);
        span = new ArrayList<>();
        progress.update(first, end);
      }
      span.add(next);
    }
    if (!span.isEmpty()) {
      settle(span);
    }
    SegmentListing.removeEmptyDirectories(
        store, recording.paths(), settled, PackSpans.first(end, largest));
    settled = Math.max(settled, PackSpans.first(end, largest));
    return new Result(made, removed);
  }

  /**
   * @param loose segments of one of the largest spans that have objects of their own, in order
   */
  private void settle(final List<SegmentPlace> loose) throws IOException {
    List<SegmentPlace> rest = loose;
    for (final int size : sizes) {
      final List<SegmentPlace> left = new ArrayList<>();
      for (int from = 0; from < rest.size(); ) {
        final long first = PackSpans.first(rest.get(from).number(), size);
        int to = from;
        while (to < rest.size() && rest.get(to).number() < first + size) {
          to++;
        }
        final List<SegmentPlace> span = rest.subList(from, to);
        if (refused || !packed(size, first, span)) {
          left.addAll(span);
        }
        from = to;
      }
      rest = left;
    }
  }

  /** Whether these are in a pack of that size now, and nowhere else. */
  private boolean packed(final int size, final long first, final List<SegmentPlace> loose)
      throws IOException {
    final String path = recording.paths().pack(size, first);
    if (givenUp.contains(path)) {
      return false;
    }
    try {
      final Optional<ObjectStatus> there = store.status(path);
      if (there.isPresent() && there.get().isDirectory()) {
        throw SegmentException.of(path, "is a directory");
      } else if (there.isPresent()) { // killed before all of them were removed
        checkPublished(size, first, loose);
      } else if (loose.size() < size || bytes(loose) > mostBytes) {
        return false;
      } else {
        publish(path, first, loose);
      }
    } catch (final SegmentException e) {
      givenUp.add(path);
      LOG.warn("segments {} and on are not packed: {}", first, e.getMessage());
      return false;
    }
    remove(loose);
    return true;
  }

  private void remove(final List<SegmentPlace> loose) throws IOException {
    try {
      InOrder.run(
          loose,
          InOrder.workers(AT_ONCE),
          AT_ONCE,
          each -> store.delete(each.path()),
          (each, existed) -> removed++);
    } catch (final StoreRefusedException e) {
      LOG.warn(
          "segments are not put together any more, for they may not be removed: {}",
          e.getMessage());
      refused = true;
    }
  }

  private static long bytes(final List<SegmentPlace> segments) {
    return segments.stream().mapToLong(SegmentPlace::lengthBytes).sum();
  }

  private void publish(final String path, final long first, final List<SegmentPlace> segments)
      throws IOException {
    final PackDirectory content =
        PackDirectory.of(
            recording.id(), first, segments.stream().map(SegmentPlace::lengthBytes).toList());
    final Path file = Files.createTempFile(directory, "pack-", ".pack");
    try {
      write(file, content, segments);
      try (FileBytes bytes = FileBytes.open(file)) {
        for (final SegmentPlace segment : segments) {
          checkWhole(
              new Part(
                  bytes, content.offset(segment.number()), segment.lengthBytes(), segment.path()),
              segment.number());
        }
      }
      publisher.publish(ObjectSource.of(file), path);
      made++;
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private void write(
      final Path file, final PackDirectory content, final List<SegmentPlace> segments)
      throws IOException {
    final ByteBuffer buffer = ByteBuffer.allocate(COPY_BYTES);
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.WRITE)) {
      writeAll(out, ByteBuffer.wrap(content.encode()));
      InOrder.run(
          segments,
          InOrder.workers(AT_ONCE),
          AT_ONCE,
          this::beginning,
          (segment, beginning) -> {
            writeAll(out, beginning);
            copy(segment, beginning.position(), out, buffer);
          });
      writeAll(out, ByteBuffer.wrap(content.encode()));
    }
  }

  /** All of a segment that is as small as most are that are packed. */
  private ByteBuffer beginning(final SegmentPlace segment) throws IOException {
    final ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(COPY_BYTES, segment.lengthBytes()));
    places.bytes(segment).read(0, bytes);
    return bytes.flip();
  }

  private void copy(
      final SegmentPlace segment, final long from, final FileChannel out, final ByteBuffer buffer)
      throws IOException {
    try (RandomAccessBytes.Sequence in =
        places.bytes(segment).sequence(from, segment.lengthBytes() - from)) {
      for (long left = segment.lengthBytes() - from; left > 0; ) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), left));
        left -= buffer.remaining();
        in.read(buffer);
        writeAll(out, buffer.flip());
      }
    }
  }

  private static void writeAll(final FileChannel out, final ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  /** What stands in a published pack is read back and compared before anything is removed. */
  private void checkPublished(final int size, final long first, final List<SegmentPlace> loose)
      throws IOException {
    for (final SegmentPlace each : loose) {
      final Optional<SegmentPlace> packed = places.packed(each.number());
      if (packed.isEmpty() || !packed.get().path().equals(recording.paths().pack(size, first))) {
        throw SegmentException.of(
            recording.paths().pack(size, first), "does not tell where its segments are");
      }
      final SegmentBytes bytes = places.bytes(packed.get());
      if (!checkWhole(bytes, each.number())
          .equals(SegmentReader.open(places.bytes(each)).trailer().digest())) {
        throw SegmentException.of(each.name(), "is not the segment that is in the pack");
      }
    }
  }

  /**
   * Reads all of a segment.
   *
   * @return its digest
   * @throws SegmentException when anything is wrong with it
   */
  private Sha256Digest checkWhole(final RandomAccessBytes bytes, final long number)
      throws IOException {
    final List<SegmentException> findings = new ArrayList<>();
    final Optional<SegmentCheck.Checked> checked =
        SegmentCheck.run(
            bytes,
            finding -> {
              if (findings.isEmpty()) {
                findings.add(finding);
              }
            });
    if (!findings.isEmpty()) {
      throw findings.get(0);
    }
    final SegmentTrailer trailer = checked.orElseThrow().trailer();
    SegmentChain.checkAlone(bytes.name(), recording, number, trailer);
    return trailer.digest();
  }

  /** Part of a file. */
  private record Part(FileBytes file, long offset, long length, String name)
      implements RandomAccessBytes {

    @Override
    public void read(final long from, final ByteBuffer into) throws IOException {
      file.read(offset + from, into);
    }
  }
}
