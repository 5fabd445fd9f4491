package io.blockcam.filesearch;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.index.SectorKeys;
import io.blockcam.history.HeapShare;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files that are looked for, as far as memory goes: what each is known by. Immutable but for
 * its building, safe for several threads.
 */
public final class TargetSet {
  /**
   * Keys of a target that are looked for before all others, at least: of a file of which a
   * twentieth is there one of them is with a probability of 96 %.
   */
  private static final int FIRST_KEYS = 64;

  /**
   * The same of all targets together: of one file those of a thousandth are found with 98 %, and
   * what they cost is read in a second.
   */
  private static final long FIRST_KEYS_OF_ALL = 4096;

  /** A sector that more have says nothing of any of them. */
  private static final int MOST_SHARED = 10;

  /** Memory for each sector while the set is made: hash, digest, key, filter. */
  private static final int SECTOR_COST_BYTES = 64;

  private static final int HEAP_PERCENT = 50;

  private static final int MOST_SECTORS =
      (int) Math.min(SectorIndex.MOST_SECTORS, HeapShare.bytes(HEAP_PERCENT) / SECTOR_COST_BYTES);

  private final List<Target> targets;
  private final long[] hashes;
  private final byte[] digests;

  /** By targets: which of the digests is that of the first piece. */
  private final int[] firstPieces;

  /** By their places; shared ones are none of them. */
  private final BitSet probative;

  private final SectorIndex index;

  /** By their places: those by whose keys the targets are looked for. */
  private final BitSet keyed = new BitSet();

  /** Of these the ones that are looked for first: a target without any of them is absent. */
  private final BitSet first = new BitSet();

  private final SectorIndex keys;

  private TargetSet(
      final List<Target> targets,
      final long[] hashes,
      final byte[] digests,
      final int[] firstPieces,
      final BitSet probative) {
    this.targets = targets;
    this.hashes = hashes;
    this.digests = digests;
    this.firstPieces = firstPieces;
    this.probative = probative;
    this.index = new SectorIndex(hashes, probative, MOST_SHARED);
    for (final Target target : targets) {
      chooseKeys(target);
    }
    final long all = keyed.cardinality();
    for (final Target target : targets) {
      chooseFirst(target, all);
    }
    this.keys = new SectorIndex(hashes, keyed, Integer.MAX_VALUE); // many may begin alike
  }

  /**
   * A record of a whole block is found by the smallest of its hashes: that is the smallest of some
   * eight sectors side by side, or of fewer at an end of the file.
   */
  private void chooseKeys(final Target target) {
    final int end = target.place() + target.sectors();
    for (int from = target.place(); from < end; from++) {
      chooseKey(from, Math.min(from + Piece.MOST_SECTORS, end));
    }
    for (int to = target.place() + 1;
        to < Math.min(end, target.place() + Piece.MOST_SECTORS);
        to++) {
      chooseKey(target.place(), to);
    }
  }

  private void chooseFirst(final Target target, final long keysOfAll) {
    final int end = target.place() + target.sectors();
    final BitSet own = keyed.get(target.place(), end);
    final long share = FIRST_KEYS_OF_ALL * own.cardinality() / Math.max(1, keysOfAll);
    final long[] lowest =
        own.stream()
            .mapToLong(sector -> hashes[target.place() + sector] ^ Long.MIN_VALUE)
            .sorted()
            .limit(Math.max(FIRST_KEYS, share))
            .toArray();
    for (int place = keyed.nextSetBit(target.place());
        place >= 0 && place < end;
        place = keyed.nextSetBit(place + 1)) {
      first.set(place, (hashes[place] ^ Long.MIN_VALUE) <= lowest[lowest.length - 1]);
    }
  }

  private void chooseKey(final int from, final int to) {
    int least = -1;
    for (int place = from; place < to; place++) {
      if (!SectorKeys.isConstant(hashes[place])
          && (least < 0 || Long.compareUnsigned(hashes[place], hashes[least]) < 0)) {
        least = place;
      }
    }
    if (least >= 0) { // though it may prove nothing itself: it leads to those beside it that do
      keyed.set(least);
    }
  }

  /** Takes files until they are enough. One thread. */
  public static final class Builder implements FileSink {
    private final Map<Sha256Digest, Named> whole = new LinkedHashMap<>();
    private final BitSet probative = new BitSet();
    private long[] hashes = new long[1024];
    private byte[] digests = new byte[1024];
    private int sectors;
    private int pieces;
    private String path = "";
    private int firstSector;
    private int firstPiece;

    private record Named(List<String> paths, long bytes, int sector, int sectors, int piece) {}

    @Override
    public void begin(final String newPath) {
      path = newPath;
      firstSector = sectors;
      firstPiece = pieces;
    }

    /**
     * Takes a piece.
     *
     * @throws FileSearchException when the files are too many for the heap
     */
    @Override
    public void piece(final Piece piece) throws FileSearchException {
      final int count = piece.sectors();
      if (sectors + count > MOST_SECTORS) {
        throw new FileSearchException(
            "the files have more than %d MiB together, more than can be looked for at once with this"
                    .formatted((long) MOST_SECTORS * SectorHash.SECTOR_BYTES >> 20)
                + " heap: look for fewer at a time, or set BLOCKCAM_HEAP to more");
      }
      if (sectors + count > hashes.length) {
        hashes = Arrays.copyOf(hashes, 2 * hashes.length);
      }
      if ((pieces + 1) * Sha256Digest.BYTES > digests.length) {
        digests = Arrays.copyOf(digests, 2 * digests.length);
      }
      for (int s = 0; s < count; s++) {
        probative.set(sectors, piece.isProbative(s));
        hashes[sectors++] = piece.sectorHash(s);
      }
      System.arraycopy(
          piece.digest().toByteArray(),
          0,
          digests,
          pieces++ * Sha256Digest.BYTES,
          Sha256Digest.BYTES);
    }

    @Override
    public void end(final long bytes, final Sha256Digest digest) {
      final Named same = whole.get(digest);
      if (same != null) {
        same.paths.add(path);
        abandon();
      } else {
        whole.put(
            digest,
            new Named(
                new ArrayList<>(List.of(path)),
                bytes,
                firstSector,
                sectors - firstSector,
                firstPiece));
      }
    }

    @Override
    public void abandon() {
      probative.clear(firstSector, sectors);
      sectors = firstSector;
      pieces = firstPiece;
    }

    /** How many sectors there are by now. */
    int sectors() {
      return sectors;
    }

    /** What was taken so far. */
    public TargetSet build() {
      final List<Target> targets = new ArrayList<>();
      final int[] firstPieces = whole.values().stream().mapToInt(Named::piece).toArray();
      whole.forEach(
          (digest, named) ->
              targets.add(
                  new Target(named.paths, named.bytes, digest, named.sector, named.sectors)));
      return new TargetSet(
          List.copyOf(targets),
          Arrays.copyOf(hashes, sectors),
          Arrays.copyOf(digests, pieces * Sha256Digest.BYTES),
          firstPieces,
          (BitSet) probative.clone());
    }
  }

  /** All of them, in the order in which they came; of the same ones the first. */
  public List<Target> targets() {
    return targets;
  }

  /** Where their probative sectors are found. */
  SectorIndex index() {
    return index;
  }

  /** Those of them by which records are found. */
  SectorIndex keys() {
    return keys;
  }

  /** Whether one of them is looked for first. */
  boolean isFirst(final int place) {
    return first.get(place);
  }

  /**
   * What is looked up in the index of an archive, in order.
   *
   * @param wanted the targets, by all keys but those that are looked for first; null for all
   *     targets, by these
   */
  long[] lookedUp(final @Nullable BitSet wanted) {
    return (wanted == null ? first : keyed)
        .stream()
            .filter(place -> wanted == null || (!first.get(place) && wanted.get(targetAt(place))))
            .mapToLong(place -> SectorKeys.key(hashes[place]))
            .sorted()
            .distinct()
            .toArray();
  }

  /**
   * Which target a sector is of.
   *
   * @param place of the sector, as {@link SectorIndex#find} tells
   * @return its number among {@link #targets}
   */
  int targetAt(final int place) {
    int low = 0;
    int high = targets.size() - 1;
    while (low < high) {
      final int middle = (low + high + 1) >>> 1;
      if (targets.get(middle).place() <= place) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /** XXH3-64 of a sector. */
  long hash(final int place) {
    return hashes[place];
  }

  /** Which sectors of a target do. */
  BitSet probativeOf(final int target) {
    final Target of = targets.get(target);
    return probative.get(of.place(), of.place() + of.sectors());
  }

  /** How many of them. */
  int probative(final int target) {
    return probativeOf(target).cardinality();
  }

  /** SHA-256 of a piece of a target. */
  Sha256Digest digest(final int target, final int piece) {
    final int at = (firstPieces[target] + piece) * Sha256Digest.BYTES;
    return Sha256Digest.of(Arrays.copyOfRange(digests, at, at + Sha256Digest.BYTES));
  }

  /** The same without sectors that other files have, too: they say nothing of these. */
  public Without without() {
    return new Without();
  }

  /** Takes files that everybody knows. One thread. */
  public final class Without implements FileSink {
    private final BitSet left = (BitSet) probative.clone();

    private Without() {}

    @Override
    public void begin(final String path) {}

    @Override
    public void piece(final Piece piece) {
      for (int s = 0; s < piece.sectors(); s++) {
        if (index.mayHave(piece.sectorHash(s))) {
          index.find(piece.sectorHash(s), left::clear);
        }
      }
    }

    @Override
    public void end(final long bytes, final Sha256Digest digest) {}

    @Override
    public void abandon() {}

    /** What is left. */
    public TargetSet build() {
      return new TargetSet(targets, hashes, digests, firstPieces, left);
    }
  }
}
