package io.blockcam.history;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what was used last. Safe for several threads.
 *
 * @param <K> by which a thing is known
 * @param <V> the thing
 */
final class Recent<K, V> {
  private final Map<K, V> things;

  /**
   * @param most how many are remembered
   */
  Recent(final int most) {
    things =
        new LinkedHashMap<>(most, 0.75f, true) {
          private static final long serialVersionUID = 1L;

          @Override
          protected boolean removeEldestEntry(final Map.Entry<K, V> eldest) {
            return size() > most;
          }
        };
  }

  synchronized @Nullable V get(final K key) {
    return things.get(key);
  }

  synchronized void put(final K key, final V thing) {
    things.put(key, thing);
  }

  synchronized void clear() {
    things.clear();
  }
}
