package io.blockcam.archive;

import java.util.UUID;

/**
 * Where the parts of a recording lie in an archive: slash-separated, relative to its root.
 *
 * @param name of the recording
 */
public record RecordingPaths(String name) {

  private static final String SEGMENTS = "segments";
  private static final String PACKS = "packs";
  private static final String HEADS = "heads";
  private static final String INDEX = "index";
  private static final String TEMPORARY = "_tmp";

  /** {@code recording.json}. */
  public String recordingJson() {
    return name + "/" + Recording.FILE_NAME;
  }

  /** The directory of the directories of the sealed segments. */
  public String segments() {
    return name + "/" + SEGMENTS;
  }

  /**
   * The directory of a sealed segment.
   *
   * @param number of the segment
   */
  public String segments(final long number) {
    return segments() + "/" + SegmentName.directory(number);
  }

  /**
   * A sealed segment.
   *
   * @param number of the segment
   */
  public String segment(final long number) {
    return segments(number) + "/" + SegmentName.sealed(number);
  }

  /** The directory of the packs of segments. */
  public String packs() {
    return name + "/" + PACKS;
  }

  /**
   * The directory of the directories of those packs that hold so many segments.
   *
   * @param segments how many
   */
  public String packs(final long segments) {
    return packs() + "/" + segments;
  }

  /**
   * The directory of a pack: of a thousand of its size, one behind the other.
   *
   * @param segments how many it holds
   * @param first number of the first one, a multiple of that
   */
  public String packs(final long segments, final long first) {
    return packs(segments) + "/" + SegmentName.directory(first / segments);
  }

  /**
   * A pack.
   *
   * @param segments how many it holds
   * @param first number of the first one, a multiple of that
   */
  public String pack(final long segments, final long first) {
    return packs(segments, first) + "/" + SpanName.PACK.of(first, first + segments - 1);
  }

  /** The directory of the heads: the newest counts. */
  public String heads() {
    return name + "/" + HEADS;
  }

  /**
   * A head.
   *
   * @param fileName of it; see {@code RecordingHead}
   */
  public String head(final String fileName) {
    return heads() + "/" + fileName;
  }

  /** The directory of the index. */
  public String index() {
    return name + "/" + INDEX;
  }

  /**
   * The directory of the directories of those runs of the index that cover so many segments.
   *
   * @param segments how many
   */
  public String runs(final long segments) {
    return index() + "/" + segments;
  }

  /**
   * The directory of a run of the index: of a thousand of its size, one behind the other.
   *
   * @param segments how many it covers
   * @param first number of the first segment that is covered, a multiple of that
   */
  public String runs(final long segments, final long first) {
    return runs(segments) + "/" + SegmentName.directory(first / segments);
  }

  /** The directory of those runs of the index that begin with the recording. */
  public String maps() {
    return index() + "/maps";
  }

  /** The directory of the directories of the catalogs of the index. */
  public String catalogs() {
    return index() + "/catalogs";
  }

  /**
   * The directory of those that cover so many segments.
   *
   * @param segments how many
   */
  public String catalogs(final long segments) {
    return catalogs() + "/" + segments;
  }

  /**
   * A catalog of the index. There are few at a time: those of a larger size replace them.
   *
   * @param segments how many it covers
   * @param first number of the first segment that is covered, a multiple of that
   */
  public String catalog(final long segments, final long first) {
    return catalogs(segments) + "/" + SpanName.CATALOG.of(first, first + segments - 1);
  }

  /**
   * Where objects are built that are not published yet. A recording that wants to begin under the
   * same name has another place, so that neither ever removes what the other is sending.
   *
   * @param id of the recording
   */
  public String temporary(final UUID id) {
    return name + "/" + TEMPORARY + "/" + id;
  }
}
