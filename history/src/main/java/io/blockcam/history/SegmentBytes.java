package io.blockcam.history;

import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.store.ObjectNotFoundException;
import io.blockcam.store.ReadableStore;
import io.blockcam.store.StoreException;
import io.blockcam.store.StoreRefusedException;
import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/** The bytes of a segment in a store; it may be moved into a pack while they are read. */
public final class SegmentBytes implements RandomAccessBytes {
  private final ReadableStore store;
  private final SegmentPlaces places;

  /** Is replaced once at most, by the same bytes in a pack. */
  private volatile SegmentPlace place;

  SegmentBytes(final ReadableStore store, final SegmentPlaces places, final SegmentPlace place) {
    this.store = store;
    this.places = places;
    this.place = place;
  }

  @Override
  public long length() {
    return place.lengthBytes();
  }

  @Override
  public String name() {
    return store.describe() + "/" + place.name();
  }

  /** Reads at a place. */
  @FunctionalInterface
  private interface Reading<T> {
    T at(SegmentPlace place) throws IOException;
  }

  @Override
  public void read(final long offset, final ByteBuffer into) throws IOException {
    final int position = into.position();
    found(
        at -> {
          store.read(at.path(), at.offset() + offset, into.position(position));
          return at;
        });
  }

  private <T> T found(final Reading<T> reading) throws IOException {
    final SegmentPlace before = place;
    try {
      return reading.at(before);
    } catch (final ObjectNotFoundException e) {
      final Optional<SegmentPlace> moved =
          before.packed() ? Optional.empty() : places.packed(before.number());
      if (moved.isEmpty() || moved.get().lengthBytes() != before.lengthBytes()) {
        throw e;
      }
      place = moved.get();
      return reading.at(moved.get());
    } catch (final StoreUnavailableException | StoreRefusedException e) {
      throw e;
    } catch (final StoreException e) {
      refuseCut(before);
      throw e;
    }
  }

  /** A directory tells of segments that a pack may no longer hold. */
  private void refuseCut(final SegmentPlace at) throws IOException {
    final long end = at.offset() + at.lengthBytes();
    if (at.packed() && places.isShorter(at.path(), end)) {
      throw SegmentException.of(name(), "is cut: its pack has no byte %d".formatted(end - 1));
    }
  }

  @Override
  public Sequence sequence(final long offset, final long length) {
    return new Stream(offset, length);
  }

  /** A range as a stream, that goes on in the pack when the segment was moved there. */
  private final class Stream implements Sequence {
    private final long end;
    private long at;
    private SegmentPlace opened;
    private ObjectStream in;

    Stream(final long offset, final long length) {
      at = offset;
      end = offset + length;
      opened = place;
      in = open();
    }

    private ObjectStream open() {
      return new ObjectStream(store, opened.path(), opened.offset() + at, end - at);
    }

    @Override
    public void read(final ByteBuffer into) throws IOException {
      final int position = into.position();
      at += found(from -> read(into.position(position), from));
    }

    private int read(final ByteBuffer into, final SegmentPlace from) throws IOException {
      if (from != opened) {
        in.close();
        opened = from;
        in = open();
      }
      final int wanted = into.remaining();
      in.read(into);
      return wanted;
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
