package io.blockcam.archive.segment;

import org.jspecify.annotations.Nullable;

/** How the payloads of a segment stand in its file. No digest depends on it. */
public enum PayloadEncoding {
  /** As they are, 4096 bytes each. */
  RAW(0),
  /** Frame by frame, each one zstd frame (RFC 8878), or raw where that is not shorter. */
  ZSTD(1);

  private final int code;

  PayloadEncoding(final int code) {
    this.code = code;
  }

  /** The number that stands for it in a trailer. */
  int code() {
    return code;
  }

  /** The encoding with this code, or null when the format knows none. */
  static @Nullable PayloadEncoding ofCode(final int code) {
    return code == RAW.code ? RAW : code == ZSTD.code ? ZSTD : null;
  }
}
