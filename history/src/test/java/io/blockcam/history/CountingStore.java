package io.blockcam.history;

import io.blockcam.store.ObjectStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;

/** Counts what is asked of a store. */
public final class CountingStore {
  private final Map<String, Integer> calls = new TreeMap<>();
  private final ObjectStore counted;

  public CountingStore(final ObjectStore store) {
    counted =
        (ObjectStore)
            Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(),
                new Class<?>[] {ObjectStore.class},
                (proxy, method, arguments) -> {
                  count(method.getName());
                  try {
                    return method.invoke(store, arguments);
                  } catch (final InvocationTargetException e) {
                    throw e.getCause();
                  }
                });
  }

  private synchronized void count(final String call) {
    if (!call.equals("describe")) {
      calls.merge(call, 1, Integer::sum);
    }
  }

  /** The store, to be used in place of the one that it counts for. */
  public ObjectStore store() {
    return counted;
  }

  /** How often each method was called. */
  public synchronized Map<String, Integer> calls() {
    return Map.copyOf(calls);
  }

  /** How often something was read. */
  public int reads() {
    return calls().getOrDefault("read", 0) + calls().getOrDefault("open", 0);
  }
}
