package io.blockcam.store;

import java.time.Instant;

/**
 * What a store knows about one object or directory.
 *
 * @param path slash-separated, relative to the root of the store; empty for the root itself
 * @param kind object or directory
 * @param lengthBytes bytes of an object; 0 for a directory
 * @param modified last modification by the clock of the store, milliseconds at best
 */
public record ObjectStatus(String path, Kind kind, long lengthBytes, Instant modified) {

  /** What stands under a name. */
  public enum Kind {
    /** A sequence of bytes. */
    OBJECT,
    /** A directory of further names. */
    DIRECTORY
  }

  /** Returns the last component of the path. */
  public String name() {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** Returns whether this is a directory. */
  public boolean isDirectory() {
    return kind == Kind.DIRECTORY;
  }
}
