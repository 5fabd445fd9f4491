package io.blockcam.capture;

import io.blockcam.archive.log.RecordView;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.capture.ring.Slab;
import io.blockcam.capture.spool.Doubt;
import io.blockcam.capture.spool.RecordSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings what a killed recorder left in the ring's file into the spool: acknowledged writes as they
 * are, writes in flight marked as of unknown outcome. May be interrupted at any instant and
 * repeated. Control thread, before the device comes up.
 */
final class RingRecovery {
  private final Slab slab;
  private final RecordSink sink;
  private final RecordView record = new RecordView();
  private final TimeOrder times;

  /**
   * @param lastTimestampNs of the last record that the spool holds
   */
  RingRecovery(final Slab slab, final RecordSink sink, final long lastTimestampNs) {
    this.slab = slab;
    this.sink = sink;
    this.times = new TimeOrder(lastTimestampNs);
  }

  /**
   * What the writes in flight and those that failed leave in doubt. To be remembered before {@link
   * #recover}: what that has brought into the spool is not looked at again.
   *
   * @param next the first sequence that the spool does not hold
   */
  Doubt doubt(final long next) {
    final List<Doubt.Range> ranges = new ArrayList<>();
    final long end = end(next);
    for (long sequence = next; sequence < end; sequence++) {
      final long first = firstOfWrite(sequence);
      if (first >= 0 && (!slab.isComplete(first) || slab.result(first) < 0)) {
        slab.record(sequence, record);
        final @Nullable RecordKind kind = RecordKind.ofCode(record.kindCode());
        if (kind != null && kind.setsContent()) {
          ranges.add(new Doubt.Range(record.block(), record.runBlocks()));
        }
      }
    }
    return new Doubt(ranges);
  }

  /**
   * Whether the ring had given records to the spool that the spool has no more: a later one stands
   * in the place of one that is missing. What is in the ring has no place in the order then.
   *
   * @param next the first sequence that the spool does not hold
   */
  boolean isBehindTheRing(final long next) {
    for (long sequence = next; sequence < next + slab.header().slots(); sequence++) {
      if (slab.isOverrun(sequence)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Appends and seals.
   *
   * @param next the first sequence that the spool does not hold
   * @return how many records
   */
  long recover(final long next) throws IOException {
    final long end = end(next);
    for (long sequence = next; sequence < end; sequence++) {
      if (!sink.admit(1)) {
        throw new IllegalStateException("recovery is not bound by the limit of the spool");
      }
      final long first = firstOfWrite(sequence);
      if (first < 0) {
        appendVoid(sequence);
      } else {
        append(sequence, first);
      }
    }
    sink.finish();
    return end - next;
  }

  /** The sequence after the newest whole write; at least {@code next}. */
  private long end(final long next) {
    // A slot may only be claimed when the spool's files have what it held before. So whatever the
    // spool lacks lies within one lap of it; older content of the slots is told by the sequence.
    long end = next;
    for (long sequence = next; sequence < next + slab.header().slots(); sequence++) {
      final long first = firstOfWrite(sequence);
      if (first >= 0) {
        end = Math.max(end, first + slab.count(first));
      }
    }
    return end;
  }

  /**
   * Where the write that this record belongs to begins.
   *
   * @return -1 when the slot holds no record of a write that was wholly taken
   */
  private long firstOfWrite(final long sequence) {
    if (!slab.isValid(sequence)) {
      return -1;
    }
    final long first = sequence - slab.index(sequence);
    final boolean whole =
        first >= slab.header().baseSequence()
            && slab.isValid(first)
            && slab.index(first) == 0
            && slab.count(first) == slab.count(sequence);
    return whole ? first : -1;
  }

  private void append(final long sequence, final long first) throws IOException {
    slab.record(sequence, record);
    final @Nullable RecordKind kind = RecordKind.ofCode(record.kindCode());
    if (kind == null) {
      throw new IOException(
          "ring file %s: record %d is of unknown kind %d; start the version that wrote it once"
              .formatted(slab.file(), sequence, record.kindCode()));
    }
    int flags = record.flags();
    if (!slab.isComplete(first)) {
      flags |= RecordFlags.UNKNOWN_OUTCOME;
    } else if (slab.result(first) < 0) {
      flags |= RecordFlags.FAILED;
    }
    final RecordView timed = times.next(record);
    sink.append(
        timed,
        times.lastNs(),
        flags,
        kind.hasPayload() ? slab.memory() : null,
        slab.payloadOffset(sequence));
  }

  /**
   * A place in the order that was claimed by a queue that died before it had taken the write, while
   * another queue went on behind it. The disk never saw that write; the order must have no hole. So
   * it is told as a write of zeroes that failed.
   */
  private void appendVoid(final long sequence) throws IOException {
    sink.append(
        RecordView.allocate()
            .put(sequence, 0, 1, RecordKind.ZEROES, RecordDescriptor.WHOLE_BLOCK, 0),
        times.lastNs(),
        RecordFlags.FIRST | RecordFlags.FAILED,
        null,
        0);
  }
}
