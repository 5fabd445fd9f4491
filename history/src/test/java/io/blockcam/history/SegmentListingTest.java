package io.blockcam.history;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingPaths;
import io.blockcam.archive.SegmentName;
import io.blockcam.store.FaultyStore;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stands in the directories of a recording, found by names alone. */
final class SegmentListingTest {
  private static final RecordingPaths PATHS = new RecordingPaths("disk");
  private static final Recording RECORDING =
      new Recording(
          TestRecording.ID, "disk", 4096, TestRecording.CREATED, "host", "", Baseline.EMPTY);

  @TempDir private Path directory;
  private FaultyStore store;

  @BeforeEach
  void open() throws IOException {
    store = new FaultyStore(Stores.open(directory.toUri().toString()));
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private void put(final String path) throws IOException {
    store.mkdirs(path.substring(0, path.lastIndexOf('/')));
    store.create(path, ObjectSource.of("nothing", new byte[0]));
  }

  private void put(final long... numbers) throws IOException {
    for (final long number : numbers) {
      put(PATHS.segment(number));
    }
  }

  private List<Long> listed(final long first) throws IOException {
    final List<Long> numbers = new ArrayList<>();
    final SegmentListing listing = listing(first);
    for (SegmentPlace next = listing.next(); next != null; next = listing.next()) {
      numbers.add(next.number());
    }
    return numbers;
  }

  private SegmentListing listing(final long first) throws IOException {
    return new SegmentListing(store, new SegmentPlaces(store, RECORDING), PATHS, first);
  }

  private OptionalLong newest() throws IOException {
    return SegmentListing.newest(store, PATHS);
  }

  @Test
  void goesThroughTheDirectoriesInOrder() throws IOException {
    put(0, 999, 1000, 1001, 2000, 3_000_000_000L, 9_999_999_999L);
    assertThat(listed(0))
        .containsExactly(0L, 999L, 1000L, 1001L, 2000L, 3_000_000_000L, 9_999_999_999L);
    assertThat(listed(1001)).containsExactly(1001L, 2000L, 3_000_000_000L, 9_999_999_999L);
    assertThat(newest()).hasValue(9_999_999_999L);
  }

  /** However many there are: the newest one costs two requests, the next ones one a directory. */
  @Test
  void listsADirectoryWhenItIsItsTurn() throws IOException {
    put(0, 1000, 2000, 3000);
    store.inject((call, op, after) -> {});
    newest();
    assertThat(store.calls()).as("packs of two sizes, too").hasSize(4).containsOnly("list");
    store.inject((call, op, after) -> {});
    listing(2000).next();
    assertThat(store.calls()).containsExactly("list", "list");
  }

  /** The recorder was killed before it came to the first segment in it. */
  @Test
  void passesOverAnEmptyDirectory() throws IOException {
    put(999);
    store.mkdirs(PATHS.segments(1000));
    assertThat(newest()).hasValue(999L);
    assertThat(listed(0)).containsExactly(999L);
  }

  @Test
  void passesOverWhatIsNone() throws IOException {
    put(7);
    put(PATHS.segments() + "/0000000001.seg");
    put(PATHS.segments() + "/000000/0000000002.seg");
    put(PATHS.segments() + "/0000001/0000000003.seg");
    put(PATHS.segments() + "/0000000/0000000004.seg.tmp");
    store.mkdirs(PATHS.segments() + "/0000000/" + SegmentName.sealed(5));
    assertThat(listed(0)).containsExactly(7L);
    assertThat(newest()).hasValue(7L);
  }

  @Test
  void findsNothingWhereNothingIs() throws IOException {
    assertThat(listed(0)).isEmpty();
    assertThat(newest()).isEmpty();
  }

  @Test
  void knowsWhichRunsThereAre() throws IOException {
    final PresentRuns runs = new PresentRuns(store, PATHS, 8);
    put(IndexSpans.run(PATHS, 0, 8));
    put(IndexSpans.run(PATHS, 7992, 8));
    put(IndexSpans.run(PATHS, 8000, 8));
    put(PATHS.runs(8) + "/0000000/0000000016-0000000024.run");
    assertThat(runs.has(0)).isTrue();
    assertThat(runs.has(8)).isFalse();
    assertThat(runs.has(16)).as("other segments").isFalse();
    assertThat(runs.has(7992)).isTrue();
    assertThat(runs.has(8000)).isTrue();
    assertThat(runs.has(8008)).isFalse();
    assertThat(store.calls().stream().filter("list"::equals)).hasSize(2);

    runs.add(8);
    runs.remove(IndexSpans.run(PATHS, 0, 8));
    runs.remove(PATHS.maps() + "/0000008000-0000008007.run");
    assertThat(runs.has(8)).isTrue();
    assertThat(runs.has(0)).isFalse();
    assertThat(runs.has(8000)).as("a map is another").isTrue();
  }
}
