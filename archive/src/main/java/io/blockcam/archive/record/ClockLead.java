package io.blockcam.archive.record;

/**
 * How far timestamps are ahead of what the recorder's wall clock showed, in ns, 0 or more: as a
 * START or a CLOCK_STEP tells, until the next one of either.
 */
public final class ClockLead {
  private ClockLead() {}

  /**
   * From a record on.
   *
   * @param i which record of the table
   * @param beforeNs before it
   */
  public static long after(final RecordTable records, final int i, final long beforeNs) {
    final int kind = records.kindCode(i);
    if (kind == RecordKind.START.code()) {
      return 0;
    }
    return kind == RecordKind.CLOCK_STEP.code()
        ? told(records.timestampNs(i), records.aux(i))
        : beforeNs;
  }

  /**
   * What a clock step tells.
   *
   * @param timestampNs of its record
   * @param shownNs what the clock showed; not trusted
   */
  public static long told(final long timestampNs, final long shownNs) {
    return shownNs < 0 ? timestampNs : Math.max(0, timestampNs - shownNs);
  }
}
