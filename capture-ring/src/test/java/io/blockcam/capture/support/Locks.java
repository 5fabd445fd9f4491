package io.blockcam.capture.support;

import io.blockcam.ublk.tap.RangeLock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A disk whose guest writes nothing, and a count of what is kept away from it. */
public final class Locks implements RangeLock {

  private final Map<Long, Long> held = new HashMap<>();
  private final Set<Integer> places = new HashSet<>();

  /** How many ranges are taken. */
  public int held() {
    return held.size();
  }

  @Override
  public boolean tryLock(final int place, final long offset, final long length) {
    if (held.putIfAbsent(offset, length) != null || !places.add(place)) {
      throw new AssertionError("taken twice: " + offset);
    }
    return true;
  }

  @Override
  public void unlock(final int place, final long offset, final long length) {
    if (!held.remove(offset, length) || !places.remove(place)) {
      throw new AssertionError("given back, and never taken: %d + %d".formatted(offset, length));
    }
  }
}
