package io.blockcam.history;

/**
 * How much of the heap somebody may keep things in. The heap is what the user gives us
 * (BLOCKCAM_HEAP): who gives more has fewer things read twice, and with less all still works.
 */
public final class HeapShare {
  private HeapShare() {}

  /**
   * So many bytes.
   *
   * @param percent of the largest heap that this JVM may have
   */
  public static long bytes(final int percent) {
    return Runtime.getRuntime().maxMemory() / 100 * percent;
  }
}
