package io.blockcam.filesearch;

import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.hash.Sha256Digest;
import java.util.List;

/**
 * A file that is looked for.
 *
 * @param paths of it, and of all that are the same
 * @param bytes of it
 * @param digest SHA-256 of them
 * @param place of its first sector among those of all targets
 * @param sectors how many it has, the last one may be a part
 */
public record Target(List<String> paths, long bytes, Sha256Digest digest, int place, int sectors) {

  /** Copies the list. */
  public Target {
    paths = List.copyOf(paths);
  }

  /** Whether its last sector is a part, and not the only one. */
  boolean hasTail() {
    return sectors > 1 && bytes % SectorHash.SECTOR_BYTES > 0;
  }
}
