package io.blockcam.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.segment.RandomAccessBytes;
import io.blockcam.store.ObjectNotFoundException;
import io.blockcam.store.ObjectSource;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreUnavailableException;
import io.blockcam.store.Stores;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ObjectBytesTest {
  private static final int PIECE = 1000;

  @TempDir Path root;
  private final byte[] content = new byte[100_000];
  private ObjectStore store;

  /** Bytes that a stream delivers before it breaks off. */
  private int breaksAfter = Integer.MAX_VALUE;

  @BeforeEach
  void create() throws IOException {
    new Random(1).nextBytes(content);
    store = Stores.open("file://" + root);
    store.create("object", ObjectSource.of("content", content));
  }

  @Test
  void aRangeIsOneRequest() throws IOException {
    final CountingStore counting = new CountingStore(store);

    assertThat(readAll(bytesOf(counting.store()), 500, 50_000))
        .isEqualTo(Arrays.copyOfRange(content, 500, 50_500));

    assertThat(counting.calls()).containsEntry("open", 1).doesNotContainKey("read");
  }

  @Test
  void goesOnWhereAStreamBreaksOff() throws IOException {
    for (final int after : new int[] {0, 1, 999, 1000, 1001, 25_300, 99_999}) {
      breaksAfter = after;

      assertThat(readAll(bytesOf(breaking()), 0, content.length))
          .as("streams that break off after %d bytes", after)
          .isEqualTo(content);
    }
  }

  @Test
  void aMissingObjectIsNotAskedForTwice() throws IOException {
    final ObjectBytes bytes = bytesOf(store);
    store.delete("object");

    assertThatThrownBy(() -> readAll(bytes, 0, 1000)).isInstanceOf(ObjectNotFoundException.class);
  }

  @Test
  void endsWithItsRange() throws IOException {
    try (RandomAccessBytes.Sequence sequence = bytesOf(store).sequence(0, 10)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> sequence.read(ByteBuffer.allocate(11)))
          .withMessageContaining("1 bytes behind the end of the range at 10");
    }
  }

  private ObjectBytes bytesOf(final ObjectStore from) throws IOException {
    return new ObjectBytes(from, store.status("object").orElseThrow());
  }

  private static byte[] readAll(final ObjectBytes bytes, final int offset, final int length)
      throws IOException {
    final ByteBuffer all = ByteBuffer.allocate(length);
    try (RandomAccessBytes.Sequence sequence = bytes.sequence(offset, length)) {
      while (all.position() < length) {
        sequence.read(all.limit(Math.min(length, all.position() + PIECE)));
      }
    }
    return all.array();
  }

  private ObjectStore breaking() {
    return (ObjectStore)
        Proxy.newProxyInstance(
            ObjectStore.class.getClassLoader(),
            new Class<?>[] {ObjectStore.class},
            (proxy, method, arguments) -> {
              try {
                final Object result = method.invoke(store, arguments);
                return result instanceof final InputStream in ? new Breaking(in) : result;
              } catch (final InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** A stream that breaks off. */
  private final class Breaking extends FilterInputStream {
    private int left = breaksAfter;

    Breaking(final InputStream in) {
      super(in);
    }

    @Override
    public int read(final byte[] into, final int offset, final int length) throws IOException {
      if (left == 0) {
        throw new StoreUnavailableException("the connection is gone");
      }
      final int count = in.read(into, offset, Math.min(left, length));
      left -= count;
      return count;
    }
  }
}
