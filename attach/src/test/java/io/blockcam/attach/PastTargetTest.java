package io.blockcam.attach;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.store.StoreUnavailableException;
import io.blockcam.ublk.target.QueueContext;
import io.blockcam.ublk.target.TargetQueue;
import io.blockcam.uring.IoUring;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A queue over a disk in memory that can be slow, away or damaged. */
final class PastTargetTest {
  private static final int EIO = 5;
  private static final int EROFS = 30;
  private static final int DISK_BYTES = (3 << 20) + 512;
  private static final int BUFFER_BYTES = 512 << 10;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final byte[] disk = new byte[DISK_BYTES];
  private final AtomicInteger reads = new AtomicInteger();
  private final AtomicLong bytesRead = new AtomicLong();
  private volatile int awayFor;
  private volatile boolean damaged;
  private volatile long damagedByte = -1;
  private volatile boolean stuck;
  private @Nullable PastTarget target;

  @TempDir private Path directory;

  PastTargetTest() {
    new SplittableRandom(1).nextBytes(disk);
  }

  private void read(final long offset, final ByteBuffer into) throws IOException {
    reads.incrementAndGet();
    bytesRead.addAndGet(into.remaining());
    if (awayFor > 0) {
      awayFor--;
      throw new StoreUnavailableException("away");
    }
    if (damaged || (offset <= damagedByte && damagedByte < offset + into.remaining())) {
      throw new IOException("damaged");
    }
    if (stuck) {
      try {
        Thread.sleep(60_000);
      } catch (final InterruptedException e) {
        throw new IOException("interrupted", e);
      }
    }
    into.put(disk, (int) offset, into.remaining());
  }

  /** A queue without a ring: results are taken by whoever asks. */
  private final class FakeQueue implements QueueContext {
    private final MemorySegment buffers = Arena.ofAuto().allocate(4L * BUFFER_BYTES);
    private final Semaphore woken = new Semaphore(0);
    private final int[] results = new int[4];
    private final TargetQueue queue;

    FakeQueue(final PastTarget opened) {
      queue = opened.openQueue(this);
    }

    int read(final int tag, final long offset, final int length) throws InterruptedException {
      results[tag] = Integer.MIN_VALUE;
      queue.read(tag, offset, length);
      return await(tag);
    }

    int write(final int tag, final long offset, final byte[] data) throws InterruptedException {
      results[tag] = Integer.MIN_VALUE;
      MemorySegment.copy(data, 0, buffers, ValueLayout.JAVA_BYTE, bufferOffset(tag), data.length);
      queue.write(tag, offset, data.length, false);
      return await(tag);
    }

    int await(final int tag) throws InterruptedException {
      while (results[tag] == Integer.MIN_VALUE) {
        woken.acquire();
        queue.onWake();
      }
      return results[tag];
    }

    byte[] buffer(final int tag, final int length) {
      return buffers.asSlice(bufferOffset(tag), length).toArray(ValueLayout.JAVA_BYTE);
    }

    @Override
    public int queueId() {
      return 0;
    }

    @Override
    public int depth() {
      return results.length;
    }

    @Override
    public IoUring ring() {
      throw new UnsupportedOperationException();
    }

    @Override
    public MemorySegment buffers() {
      return buffers;
    }

    @Override
    public long bufferOffset(final int tag) {
      return (long) tag * BUFFER_BYTES;
    }

    @Override
    public int targetFile(final int i) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long userData(final int tag, final int step) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void wake() {
      woken.release();
    }

    @Override
    public void done(final int tag, final int result) {
      assertThat(results[tag]).as("one result").isEqualTo(Integer.MIN_VALUE);
      results[tag] = result;
    }
  }

  private FakeQueue queue(final @Nullable Scratch scratch, final Duration patience) {
    final PastTarget opened = new PastTarget(DISK_BYTES, this::read, 1 << 20, patience, scratch);
    target = opened;
    return new FakeQueue(opened);
  }

  @AfterEach
  void close() throws IOException {
    if (target != null) {
      target.close();
    }
  }

  @Test
  void readsWhatTheDiskHeldAndTheSecondTimeFromMemory() throws InterruptedException {
    final FakeQueue queue = queue(null, PATIENCE);
    final SplittableRandom random = new SplittableRandom(2);
    for (int i = 0; i < 200; i++) {
      final int offset = random.nextInt(DISK_BYTES / 512) * 512;
      final int length = Math.min(DISK_BYTES - offset, (1 + random.nextInt(500)) * 512);
      assertThat(queue.read(i % 4, offset, length)).isEqualTo(length);
      assertThat(queue.buffer(i % 4, length))
          .isEqualTo(Arrays.copyOfRange(disk, offset, offset + length));
    }
    queue.read(0, 4096, 4096);
    queue.read(0, 4096, 4096); // it is wanted again
    final int before = reads.get();
    assertThat(queue.read(1, 8192, 512)).isEqualTo(512);
    assertThat(reads.get()).isEqualTo(before);
  }

  @Test
  void waitsForAnArchiveThatIsAway() throws InterruptedException {
    awayFor = 3;
    final FakeQueue queue = queue(null, PATIENCE);
    assertThat(queue.read(0, 0, 4096)).isEqualTo(4096);
    assertThat(queue.buffer(0, 4096)).isEqualTo(Arrays.copyOf(disk, 4096));
    assertThat(reads.get()).isEqualTo(4);
  }

  @Test
  void doesNotWaitForEver() throws InterruptedException {
    awayFor = Integer.MAX_VALUE;
    final FakeQueue queue = queue(null, Duration.ofMillis(300));
    assertThat(queue.read(0, 0, 4096)).isEqualTo(-EIO);
    awayFor = 0;
    assertThat(queue.read(0, 0, 4096)).as("the device stays").isEqualTo(4096);
  }

  @Test
  void failsAtOnceWhereTheArchiveIsDamaged() throws InterruptedException {
    damaged = true;
    final FakeQueue queue = queue(null, PATIENCE);
    assertThat(queue.read(0, 0, 4096)).isEqualTo(-EIO);
    assertThat(reads.get()).isEqualTo(1);
    assertThat(queue.read(0, 0, 4096)).isEqualTo(-EIO);
    assertThat(reads.get()).as("with what is around it, and alone").isEqualTo(3);
  }

  /** Each block of a disk that was written here and there is in another segment. */
  @Test
  void readsNoMoreThanIsAskedForHereAndThere() throws InterruptedException {
    final FakeQueue queue = queue(null, PATIENCE);
    for (int chunk = 20; chunk > 0; chunk -= 2) {
      assertThat(queue.read(0, chunk * 131_072 + 8192, 4096)).isEqualTo(4096);
    }
    assertThat(bytesRead.get()).isEqualTo(10 * 4096);
    queue.read(0, 2 * 131_072, 4096);
    assertThat(bytesRead.get())
        .as("the chunk, for it may be wanted again")
        .isEqualTo(10 * 4096 + 131_072);
  }

  @Test
  void readsAheadOfWhoGoesOnWhereAReadEnded() throws InterruptedException {
    final FakeQueue queue = queue(null, PATIENCE);
    assertThat(queue.read(0, 0, 4096)).isEqualTo(4096);
    assertThat(queue.read(0, 4096, 4096)).isEqualTo(4096);
    final long deadlineNs = System.nanoTime() + 30_000_000_000L;
    while (bytesRead.get() < 4096 + 9 * 131_072 && System.nanoTime() - deadlineNs < 0) {
      Thread.sleep(1);
    }
    assertThat(bytesRead.get()).isEqualTo(4096 + 9 * 131_072);
  }

  /** The chunk around a request is read for speed; what is damaged there is nobody's business. */
  @Test
  void readsWhatIsSoundBesideWhatIsDamaged() throws IOException, InterruptedException {
    damagedByte = 5 * 4096 + 7;
    final FakeQueue queue = queue(Scratch.in(directory, DISK_BYTES), PATIENCE);
    for (int block = 0; block < 40; block++) {
      assertThat(queue.read(0, block * 4096L, 4096))
          .as("block %d", block)
          .isEqualTo(block == 5 ? -EIO : 4096);
      if (block != 5) {
        assertThat(queue.buffer(0, 4096))
            .isEqualTo(Arrays.copyOfRange(disk, block * 4096, (block + 1) * 4096));
      }
    }
  }

  @Test
  void canNotBeWrittenWithoutAScratch() throws InterruptedException {
    assertThat(queue(null, PATIENCE).write(0, 0, new byte[512])).isEqualTo(-EROFS);
  }

  @Test
  void keepsWhatIsWrittenBySector() throws IOException, InterruptedException {
    final FakeQueue queue = queue(Scratch.in(directory, DISK_BYTES), PATIENCE);
    final byte[] expected = disk.clone();
    final SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 300; i++) {
      final int offset = random.nextInt(DISK_BYTES / 512) * 512;
      final int length = Math.min(DISK_BYTES - offset, (1 + random.nextInt(300)) * 512);
      if (random.nextBoolean()) {
        final byte[] data = new byte[length];
        random.nextBytes(data);
        assertThat(queue.write(i % 4, offset, data)).isEqualTo(length);
        System.arraycopy(data, 0, expected, offset, length);
      } else {
        assertThat(queue.read(i % 4, offset, length)).isEqualTo(length);
        assertThat(queue.buffer(i % 4, length))
            .isEqualTo(Arrays.copyOfRange(expected, offset, offset + length));
      }
    }
    try (var files = Files.list(directory)) {
      assertThat(files).as("a file without a name").isEmpty();
    }
  }

  @Test
  void answersWhoeverWaitsWhenItGivesUp() throws InterruptedException {
    stuck = true;
    final FakeQueue queue = queue(null, PATIENCE);
    queue.results[0] = Integer.MIN_VALUE;
    queue.queue.read(0, 0, 4096);
    while (reads.get() == 0) {
      Thread.onSpinWait();
    }

    Objects.requireNonNull(target).giveUp();
    assertThat(queue.await(0)).isEqualTo(-EIO);
    assertThat(queue.read(1, 0, 4096)).as("whoever comes later").isEqualTo(-EIO);
  }
}
