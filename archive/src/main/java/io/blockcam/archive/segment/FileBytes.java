package io.blockcam.archive.segment;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A local file opened for reading; its length is taken when it is opened. */
public final class FileBytes implements RandomAccessBytes, Closeable {
  private final Path path;
  private final FileChannel channel;
  private final long length;

  private FileBytes(final Path path, final FileChannel channel, final long length) {
    this.path = path;
    this.channel = channel;
    this.length = length;
  }

  /** Opens a file; close it after use. */
  public static FileBytes open(final Path path) throws IOException {
    final FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
    try {
      return new FileBytes(path, channel, channel.size());
    } catch (final IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public void read(final long offset, final ByteBuffer into) throws IOException {
    long at = offset;
    while (into.hasRemaining()) {
      final int count = channel.read(into, at);
      if (count < 0) {
        throw new EOFException(
            "%s ends at byte %d, %d more were expected".formatted(path, at, into.remaining()));
      }
      at += count;
    }
  }

  @Override
  public String name() {
    return path.toString();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
