package io.blockcam.attach;

import io.blockcam.ublk.target.QueueContext;
import io.blockcam.ublk.target.TargetQueue;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * One queue of a {@link PastTarget}. What is in the cache is copied at once; other requests are
 * handed over, and their results come back through {@link #onWake}.
 */
final class PastTargetQueue implements TargetQueue {
  private static final int EROFS = 30;
  private static final int EOPNOTSUPP = 95;

  /** Of a request that has no result yet. */
  private static final int NOTHING = Integer.MIN_VALUE;

  private final QueueContext context;
  private final ChunkCache cache;
  private final Fetcher fetcher;
  private final @Nullable Scratch scratch;
  private final MemorySegment buffers;
  private final Handed[] handed;

  /** Results by tag, set by other threads. */
  private final AtomicIntegerArray results;

  PastTargetQueue(
      final QueueContext context,
      final ChunkCache cache,
      final Fetcher fetcher,
      final @Nullable Scratch scratch) {
    this.context = context;
    this.cache = cache;
    this.fetcher = fetcher;
    this.scratch = scratch;
    this.buffers = context.buffers();
    this.results = new AtomicIntegerArray(context.depth());
    this.handed = new Handed[context.depth()];
    for (int tag = 0; tag < handed.length; tag++) {
      handed[tag] = new Handed(tag);
      results.setPlain(tag, NOTHING);
    }
  }

  /** A request in the hands of a fetching thread; made once for each tag. */
  private final class Handed implements Fetcher.Request {
    private final int tag;
    private long offset;
    private int length;
    private boolean writes;

    Handed(final int tag) {
      this.tag = tag;
    }

    @Override
    public long offset() {
      return offset;
    }

    @Override
    public MemorySegment buffer() {
      return buffers.asSlice(context.bufferOffset(tag), length);
    }

    @Override
    public boolean writes() {
      return writes;
    }

    @Override
    public void done(final int result) {
      results.set(tag, result);
      context.wake();
    }
  }

  private void handOver(final int tag, final long offset, final int length, final boolean writes) {
    final Handed request = handed[tag];
    request.offset = offset;
    request.length = length;
    request.writes = writes;
    fetcher.submit(request);
  }

  @Override
  public void read(final int tag, final long offset, final int length) {
    if ((scratch == null || scratch.isUntouched(offset, length))
        && cache.copy(offset, length, buffers, context.bufferOffset(tag))) {
      context.done(tag, length);
    } else {
      handOver(tag, offset, length, false);
    }
  }

  @Override
  public void write(final int tag, final long offset, final int length, final boolean fua) {
    if (scratch == null) {
      context.done(tag, -EROFS);
    } else {
      handOver(tag, offset, length, true);
    }
  }

  /** Nothing of it is to outlive the device. */
  @Override
  public void flush(final int tag) {
    context.done(tag, 0);
  }

  @Override
  public void zero(
      final int tag,
      final long offset,
      final long length,
      final boolean keepAllocated,
      final boolean fua) {
    context.done(tag, scratch == null ? -EROFS : -EOPNOTSUPP);
  }

  @Override
  public void onCompletion(final int tag, final int step, final int result) {
    throw new IllegalStateException("this target prepares no entries");
  }

  @Override
  public void onWake() {
    for (int tag = 0; tag < handed.length; tag++) {
      if (results.getAcquire(tag) != NOTHING) {
        final int result = results.getAndSet(tag, NOTHING);
        context.done(tag, result);
      }
    }
  }
}
