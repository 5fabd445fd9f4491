package io.blockcam.replay;

import io.blockcam.history.Progress;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Hashes an image while it is written, one stretch behind, on a thread of its own. What was not
 * written is zero and is not read.
 */
final class ImageHash implements Closeable {
  private static final int CHUNK_BYTES = 1 << 18;

  private final long bytes;
  private final @Nullable Reading image;
  private final MessageDigest sha256 = digest("SHA-256");
  private final @Nullable MessageDigest md5;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("image-hash").daemon().factory());
  private @Nullable Future<?> behind;

  // The thread's own, or the caller's who feeds the bytes.
  private final ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
  private final byte[] zeroes = new byte[CHUNK_BYTES];
  private volatile long hashed;

  /** Reads back what was written: how many bytes. */
  @FunctionalInterface
  interface Reading {
    int read(ByteBuffer into, long offset) throws IOException;
  }

  /** In hexadecimal; the MD5 empty when it was not asked for. */
  record Digests(String sha256, String md5) {}

  /**
   * @param bytes of the image
   * @param image where stretches are read back from; null when all bytes are given to {@link
   *     #update}
   */
  ImageHash(final long bytes, final boolean md5, final @Nullable Reading image) {
    this.bytes = bytes;
    this.md5 = md5 ? digest("MD5") : null;
    this.image = image;
  }

  private static MessageDigest digest(final String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (final NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has " + algorithm, e);
    }
  }

  /** Takes the bytes that come next. */
  void update(final byte[] data, final int offset, final int length) {
    sha256.update(data, offset, length);
    if (md5 != null) {
      md5.update(data, offset, length);
    }
    hashed += length;
  }

  /**
   * Some more is written, and all before it: it can be hashed. Waits for the stretch before.
   *
   * @param ranges what lies between them is zero
   */
  void written(final ByteRanges ranges) throws IOException {
    await();
    behind = thread.submit(() -> hash(ranges));
  }

  private Void hash(final ByteRanges ranges) throws IOException {
    for (int i = 0; i < ranges.count(); i++) {
      zeroesUpTo(ranges.from(i));
      while (hashed < ranges.to(i)) {
        chunk.clear().limit((int) Math.min(CHUNK_BYTES, ranges.to(i) - hashed));
        final int count = image == null ? 0 : image.read(chunk, hashed);
        if (count <= 0) {
          throw new IOException("the image ends at " + hashed + " of " + bytes + " bytes");
        }
        update(chunk.array(), 0, count);
      }
    }
    return null;
  }

  private void zeroesUpTo(final long offset) {
    while (hashed < offset) {
      update(zeroes, 0, (int) Math.min(zeroes.length, offset - hashed));
    }
  }

  /** Hashes what is left. */
  Digests finish(final Progress progress) throws IOException {
    await();
    while (hashed < bytes) {
      zeroesUpTo(Math.min(bytes, hashed + (64 << 20)));
      progress.update(hashed, bytes);
    }
    return new Digests(
        HexFormat.of().formatHex(sha256.digest()),
        md5 == null ? "" : HexFormat.of().formatHex(md5.digest()));
  }

  private void await() throws IOException {
    if (behind == null) {
      return;
    }
    try {
      behind.get();
    } catch (final ExecutionException e) {
      if (e.getCause() instanceof final IOException failure) {
        throw failure;
      }
      throw new IllegalStateException(e.getCause());
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while the image was hashed");
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
