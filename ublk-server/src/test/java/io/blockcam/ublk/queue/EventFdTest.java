package io.blockcam.ublk.queue;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.nativebindings.ForwardingPosix;
import io.blockcam.nativebindings.Posix;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

final class EventFdTest {

  private final Watched posix = new Watched();

  /** A tap outlives the device: its consumer makes the last records durable and tells the queue. */
  @Test
  void doesNotWriteToADescriptorThatIsClosed() throws Exception {
    final EventFd event = new EventFd(posix);
    event.close();

    event.wake();

    assertThat(posix.writes).hasValue(0);
  }

  @RepeatedTest(50)
  void isNotClosedUnderAWriter() throws Exception {
    final EventFd event = new EventFd(posix);
    final Thread waker = Thread.ofPlatform().start(event::wake);

    event.close();
    waker.join();

    assertThat(posix.writtenAfterClose).isFalse();
  }

  /** The real one, with a look at the order of the calls. */
  private static final class Watched extends ForwardingPosix {
    final AtomicInteger writes = new AtomicInteger();
    final AtomicBoolean closed = new AtomicBoolean();
    final AtomicBoolean writtenAfterClose = new AtomicBoolean();

    Watched() {
      super(Posix.linux());
    }

    @Override
    public long write(final int fd, final long address, final long bytes) {
      writes.incrementAndGet();
      Thread.yield();
      final long written = super.write(fd, address, bytes);
      if (closed.get()) {
        writtenAfterClose.set(true);
      }
      return written;
    }

    @Override
    public int close(final int fd) {
      closed.set(true);
      return super.close(fd);
    }
  }
}
