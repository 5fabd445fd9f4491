package io.blockcam.ublk.target;

/**
 * A disk that forgets: writes go nowhere, reads return whatever the buffer holds. What is measured
 * on it is the server itself.
 */
public final class NullTarget implements Target {

  private static final int[] NO_FILES = {};

  private final Geometry geometry;

  /**
   * @param bytes size of the disk, a multiple of 512
   */
  public NullTarget(final long bytes) {
    geometry = new Geometry(bytes, 512, 4096, Zeroing.PUNCHED, true, false);
  }

  @Override
  public Geometry geometry() {
    return geometry;
  }

  @Override
  public int[] files(final int queueId) {
    return NO_FILES;
  }

  @Override
  public TargetQueue openQueue(final QueueContext context) {
    return new Queue(context);
  }

  @Override
  public String describe() {
    return "null";
  }

  @Override
  public void close() {}

  private record Queue(QueueContext context) implements TargetQueue {

    @Override
    public void read(final int tag, final long offset, final int length) {
      context.done(tag, length);
    }

    @Override
    public void write(final int tag, final long offset, final int length, final boolean fua) {
      context.done(tag, length);
    }

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
      context.done(tag, 0);
    }

    @Override
    public void onCompletion(final int tag, final int step, final int result) {
      throw new IllegalStateException("the null target prepares no entries");
    }
  }
}
