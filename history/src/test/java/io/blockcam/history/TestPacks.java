package io.blockcam.history;

import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Packs of a short recording, for tests. */
public final class TestPacks {
  private static final int SEGMENTS = 64;

  private TestPacks() {}

  /**
   * Packs all segments of which there are enough.
   *
   * @param directory where a pack is made before it is published
   */
  public static Packer.Result make(
      final ObjectStore store, final RecordingReader reader, final Path directory)
      throws IOException {
    return new Packer(store, reader.recording(), directory, List.of(SEGMENTS), Long.MAX_VALUE)
        .run(reader.find().end(), Progress.NONE);
  }
}
