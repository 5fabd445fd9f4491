package io.blockcam.store;

import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

/** A store in which a test lets calls fail: before they do anything, or after they did it all. */
public final class FaultyStore implements ObjectStore {

  /** Looks at every call; what it throws is what the caller gets. */
  @FunctionalInterface
  public interface Faults {
    /**
     * Decides about one call.
     *
     * @param call counts from 0
     * @param op name of the method
     * @param after whether the real store has done it already
     */
    void at(int call, String op, boolean after) throws StoreException;
  }

  private final ObjectStore real;
  private final List<String> calls = new CopyOnWriteArrayList<>();
  private final AtomicReference<Faults> faults = new AtomicReference<>((call, op, after) -> {});

  /**
   * @param real does the work; closed with this one
   */
  public FaultyStore(final ObjectStore real) {
    this.real = real;
  }

  /** Decides about all calls from now on, counted from 0 again. */
  public void inject(final Faults newFaults) {
    calls.clear();
    faults.set(newFaults);
  }

  /** Returns what was called since the last {@link #inject}: names of methods. */
  public List<String> calls() {
    return List.copyOf(calls);
  }

  /** Something the real store does. */
  private interface Call<T> {
    T make() throws StoreException;
  }

  private <T> T call(final String op, final Call<T> call) throws StoreException {
    final int number;
    synchronized (calls) {
      number = calls.size();
      calls.add(op);
    }
    final Faults current = faults.get();
    current.at(number, op, false);
    final T result = call.make();
    current.at(number, op, true);
    return result;
  }

  @Override
  public String describe() {
    return real.describe();
  }

  @Override
  public Optional<ObjectStatus> status(final String path) throws StoreException {
    return call("status", () -> real.status(path));
  }

  @Override
  public List<ObjectStatus> list(final String dir) throws StoreException {
    return call("list", () -> real.list(dir));
  }

  @Override
  public void mkdirs(final String dir) throws StoreException {
    call(
        "mkdirs",
        () -> {
          real.mkdirs(dir);
          return true;
        });
  }

  @Override
  public void create(final String path, final ObjectSource source) throws StoreException {
    call(
        "create",
        () -> {
          real.create(path, source);
          return true;
        });
  }

  @Override
  public boolean matches(final String path, final ObjectSource source) throws StoreException {
    return call("matches", () -> real.matches(path, source));
  }

  @Override
  public boolean rename(final String from, final String to) throws StoreException {
    return call("rename", () -> real.rename(from, to));
  }

  @Override
  public boolean delete(final String path) throws StoreException {
    return call("delete", () -> real.delete(path));
  }

  @Override
  public void read(final String path, final long offset, final ByteBuffer into)
      throws StoreException {
    call(
        "read",
        () -> {
          real.read(path, offset, into);
          return true;
        });
  }

  @Override
  public InputStream open(final String path, final long offset, final long length)
      throws StoreException {
    return call("open", () -> real.open(path, offset, length));
  }

  @Override
  public void close() throws StoreException {
    real.close();
  }
}
