package io.blockcam.store;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Compares an object with a source by reading both to the end. */
final class SourceComparison {
  private static final int BUFFER_BYTES = 256 << 10;

  private SourceComparison() {}

  /**
   * Returns whether the bytes are the same.
   *
   * @param store holds the object
   * @param path an object as long as the source
   * @param source the bytes it should hold
   */
  static boolean same(final ObjectStore store, final String path, final ObjectSource source)
      throws StoreException {
    final byte[] wanted = new byte[BUFFER_BYTES];
    final byte[] stored = new byte[BUFFER_BYTES];
    try (SourceReader expected = SourceReader.open(source);
        InputStream actual = store.open(path, 0, source.lengthBytes())) {
      int count;
      while ((count = expected.read(wanted)) >= 0) {
        if (actual.readNBytes(stored, 0, count) != count
            || !Arrays.equals(wanted, 0, count, stored, 0, count)) {
          return false;
        }
      }
      return true;
    } catch (final StoreException e) {
      throw e;
    } catch (final IOException e) {
      throw new StoreUnavailableException(
          "cannot read back " + store.describe() + "/" + path + ": " + Failures.reason(e), e);
    }
  }
}
