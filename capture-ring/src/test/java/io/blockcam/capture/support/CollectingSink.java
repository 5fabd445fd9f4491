package io.blockcam.capture.support;

import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.Doubts;
import io.blockcam.capture.spool.RecordSink;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A spool in memory that fails when told to. It notes every call that succeeded, so that a test can
 * look at the order.
 */
public final class CollectingSink implements RecordSink, Doubts {
  private final List<TestRecord> records = new ArrayList<>();
  private final List<String> calls = new ArrayList<>();
  private Doubt doubt = Doubt.NONE;
  private Predicate<String> fails = call -> false;
  private Throwable failure = new IOException("No space left on device");
  private boolean full;
  private boolean limited = true;
  private int unsealed;
  private long sealDueNs = Long.MAX_VALUE;

  /** What was taken so far. */
  public List<TestRecord> records() {
    return List.copyOf(records);
  }

  /** What is in doubt. */
  public Doubt doubt() {
    return doubt;
  }

  @Override
  public void add(final Doubt more) throws IOException {
    call("doubt");
    doubt = doubt.plus(more);
  }

  /** Calls that succeeded: admit, doubt, append, write, force, seal. */
  public List<String> calls() {
    return List.copyOf(calls);
  }

  /** From now on calls of these names fail. */
  public void failOn(final Predicate<String> names) {
    fails = names;
  }

  /** With what they fail. */
  public void failWith(final Throwable error) {
    failure = error;
  }

  /** Whether the limit is reached. */
  public void setFull(final boolean isFull) {
    full = isFull;
  }

  /** When the open segment is due. */
  public void setSealDueNs(final long dueNs) {
    sealDueNs = dueNs;
  }

  @Override
  public boolean admit(final int count) throws IOException {
    call("admit");
    return !full || !limited;
  }

  @Override
  public void append(
      final RecordView record,
      final long timestampNs,
      final int flags,
      final @Nullable MemorySegment payload,
      final long payloadOffset)
      throws IOException {
    call("append");
    final byte[] bytes =
        payload == null
            ? new byte[0]
            : payload.asSlice(payloadOffset, 4096).toArray(ValueLayout.JAVA_BYTE);
    records.add(
        new TestRecord(
            record.sequence(),
            timestampNs,
            record.block(),
            record.runBlocks(),
            Objects.requireNonNull(RecordKind.ofCode(record.kindCode())),
            record.sectorMask(),
            flags,
            record.aux(),
            bytes));
    unsealed++;
  }

  @Override
  public void write() throws IOException {
    call("write");
  }

  @Override
  public void force() throws IOException {
    call("force");
  }

  @Override
  public long sealDueNs() {
    return unsealed == 0 ? Long.MAX_VALUE : sealDueNs;
  }

  @Override
  public void seal() throws IOException {
    call("seal");
    unsealed = 0;
  }

  @Override
  public void finish() throws IOException {
    seal();
  }

  @Override
  public void settle() {}

  @Override
  public void ignoreLimit() {
    limited = false;
  }

  private void call(final String name) throws IOException {
    if (fails.test(name)) {
      switch (failure) {
        case IOException e -> throw e;
        case RuntimeException e -> throw e;
        case Error e -> throw e;
        default -> throw new IllegalStateException(failure);
      }
    }
    calls.add(name);
  }
}
