package io.blockcam.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What is copied out of the cache is what was put in for that place, or nothing. */
final class ChunkCacheTest {
  private static final int CHUNK = ChunkCache.CHUNK_BYTES;

  private static MemorySegment content(final long chunk) {
    final byte[] bytes = new byte[CHUNK];
    for (int i = 0; i < CHUNK; i += 8) {
      bytes[i] = (byte) chunk;
      bytes[i + 1] = (byte) (chunk >> 8);
    }
    return MemorySegment.ofArray(bytes);
  }

  @Test
  void copiesWhatLiesInSeveralChunksOnlyWhenAllAreThere() {
    try (ChunkCache cache = new ChunkCache(4 << 20)) {
      final byte[] into = new byte[3000];
      cache.put(4, content(4));
      assertThat(cache.copy(5L * CHUNK - 1000, 3000, MemorySegment.ofArray(into), 0)).isFalse();
      cache.put(5, content(5));
      assertThat(cache.copy(5L * CHUNK - 1000, 3000, MemorySegment.ofArray(into), 0)).isTrue();
      assertThat(into[0]).isEqualTo((byte) 4);
      assertThat(into[1000]).isEqualTo((byte) 5);
      assertThat(cache.holds(4)).isTrue();
      assertThat(cache.holds(6)).isFalse();
    }
  }

  @Test
  void neverMixesChunksThatReplaceEachOther() throws InterruptedException {
    final AtomicBoolean done = new AtomicBoolean();
    try (ChunkCache cache = new ChunkCache(1 << 20);
        Arena arena = Arena.ofShared()) {
      final Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (long chunk = 0; !done.get(); chunk = (chunk + 1) % 1000) {
                      cache.put(chunk, content(chunk));
                    }
                  });
      final MemorySegment into = arena.allocate(4096);
      final SplittableRandom random = new SplittableRandom(1);
      int hits = 0;
      final long end = System.nanoTime() + 500_000_000L;
      while (System.nanoTime() < end || hits == 0) {
        final long chunk = random.nextLong(1000);
        if (cache.copy(chunk * CHUNK + 8192, 4096, into, 0)) {
          hits++;
          for (int i = 0; i < 4096; i += 8) {
            assertThat(into.get(ValueLayout.JAVA_SHORT_UNALIGNED, i)).isEqualTo((short) chunk);
          }
        }
      }
      done.set(true);
      writer.join();
      assertThat(hits).isPositive();
    }
  }
}
