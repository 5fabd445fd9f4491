package io.blockcam.uploader;

import io.blockcam.archive.Recording;
import io.blockcam.archive.head.RecordingSummary;
import io.blockcam.archive.log.DigestedSegment;
import io.blockcam.archive.segment.SegmentCheck;
import io.blockcam.archive.segment.SegmentTrailer;
import io.blockcam.history.SegmentPlace;
import io.blockcam.history.SegmentPlaces;
import io.blockcam.store.ObjectConflictException;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Publisher;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A way into the archive, for one segment at a time. One thread at a time: one {@linkplain #bring
 * brings} the segment, and, when it is that one's turn, another {@linkplain #name names} it.
 */
final class Lane {
  private final Recording recording;
  private final SegmentPlaces places;
  private final Publisher publisher;
  private final SegmentEncoding encoding;
  private final SendRate rate;

  Lane(
      final ObjectStore store,
      final Recording recording,
      final SegmentPlaces places,
      final String temporaryDirectory,
      final SegmentEncoding encoding,
      final SendRate rate) {
    this.recording = recording;
    this.places = places;
    this.publisher = new Publisher(store, temporaryDirectory);
    this.encoding = encoding;
    this.rate = rate;
  }

  /**
   * A segment that is published.
   *
   * @param segment as it waits in the spool
   * @param trailer of what was sent
   * @param summary of the same
   */
  record Published(DigestedSegment segment, SegmentTrailer trailer, RecordingSummary summary) {

    static Published of(final DigestedSegment segment, final SegmentTrailer trailer) {
      return new Published(segment, trailer, segment.summary().withBytes(trailer.fileBytes()));
    }
  }

  /**
   * A segment that the archive holds.
   *
   * @param segment what it is once it has its name
   * @param staged null when it has it already
   */
  record Arrival(Published segment, Publisher.@Nullable Staged staged) {}

  /**
   * Brings a segment into the archive, but for its name.
   *
   * @throws IOException when it could not be brought; to be repeated
   */
  Arrival bring(final DigestedSegment segment) throws IOException {
    boolean isKept = false;
    final Optional<SegmentPlace> packed = places.publishedInPack(numberOf(segment));
    if (packed.isPresent()) { // the spool has forgotten that it was shipped
      return new Arrival(
          inPlaceOf(
              segment,
              packed.get(),
              new ObjectConflictException(
                  "%s holds another segment %d than %s: it is left as it is"
                      .formatted(packed.get().path(), numberOf(segment), segment.path()))),
          null);
    }
    try {
      final SegmentEncoding.Parcel parcel = encoding.of(segment);
      final Published published = Published.of(segment, parcel.trailer());
      final long startNs = System.nanoTime();
      final Publisher.Staged staged = publisher.stage(parcel.source(), pathOf(segment));
      if (staged.temporaryPath() != null) {
        rate.add(parcel.source().lengthBytes(), System.nanoTime() - startNs);
      }
      isKept = true;
      return new Arrival(published, staged);
    } catch (final ObjectConflictException e) {
      return new Arrival(inPlaceOf(segment, e), null);
    } finally {
      if (!isKept) {
        encoding.forget();
      }
    }
  }

  /**
   * Gives a segment its name: now it is published.
   *
   * @param arrival what {@link #bring} returned last
   * @throws IOException when it has to be brought again
   */
  Published name(final Arrival arrival) throws IOException {
    try {
      if (arrival.staged() != null) {
        publisher.commit(arrival.staged());
      }
      return arrival.segment();
    } catch (final ObjectConflictException e) {
      return inPlaceOf(arrival.segment().segment(), e);
    } finally {
      encoding.forget();
    }
  }

  /** Nothing of what it brought is of use any more. */
  void forget() {
    encoding.forget();
  }

  private String pathOf(final DigestedSegment segment) {
    return recording.paths().segment(numberOf(segment));
  }

  private static long numberOf(final DigestedSegment segment) {
    return segment.trailer().segmentNumber();
  }

  /**
   * Of an object that has a segment's name and other bytes: it may be the same, sent raw before and
   * encoded now, say. All of it is checked.
   */
  private Published inPlaceOf(final DigestedSegment segment, final ObjectConflictException conflict)
      throws IOException {
    final Optional<SegmentPlace> there = places.find(numberOf(segment));
    if (there.isEmpty()) {
      throw conflict;
    }
    return inPlaceOf(segment, there.get(), conflict);
  }

  private Published inPlaceOf(
      final DigestedSegment segment,
      final SegmentPlace there,
      final ObjectConflictException conflict)
      throws IOException {
    final boolean[] sound = {true};
    final Optional<SegmentCheck.Checked> found =
        SegmentCheck.run(places.bytes(there), finding -> sound[0] = false);
    if (!sound[0]
        || found.isEmpty()
        || !found.get().trailer().digest().equals(segment.trailer().digest())) {
      throw conflict;
    }
    return Published.of(segment, found.get().trailer());
  }
}
