package io.blockcam.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What can be done to a directory as a whole. */
public final class Directories {

  private Directories() {}

  /** Makes its names durable: a new or changed name is so only when its directory is (fsync(2)). */
  public static void force(final Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
