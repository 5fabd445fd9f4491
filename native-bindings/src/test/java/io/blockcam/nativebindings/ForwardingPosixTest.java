package io.blockcam.nativebindings;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.nativebindings.uapi.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ForwardingPosixTest {

  /** A disk that fails every second write. */
  private static final class FailingPosix extends ForwardingPosix {
    private int writes;

    FailingPosix() {
      super(Posix.linux());
    }

    @Override
    public long pwrite(final int fd, final long address, final long length, final long offset) {
      return writes++ % 2 == 1 ? -Linux.EIO() : super.pwrite(fd, address, length, offset);
    }
  }

  @Test
  void reachesTheOverrideThroughTheOverloads() {
    final Posix posix = new FailingPosix();
    final int fd = posix.memfdCreate("blockcam-test", Linux.MFD_CLOEXEC());
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment byte1 = arena.allocate(1);
      assertThat(posix.pwrite(fd, byte1, 0)).isEqualTo(1);
      assertThat(posix.pwrite(fd, byte1, 0)).isEqualTo(-Linux.EIO());
      assertThat(posix.pwrite(fd, byte1, 0)).isEqualTo(1);
    }
    posix.close(fd);
  }

  @Test
  void forwardsEveryCall() {
    assertThat(Arrays.stream(Posix.class.getMethods()))
        .filteredOn(method -> Modifier.isAbstract(method.getModifiers()))
        .allSatisfy(
            method ->
                assertThat(ForwardingPosix.class.getDeclaredMethods())
                    .anySatisfy(
                        own -> {
                          assertThat(own.getName()).isEqualTo(method.getName());
                          assertThat(own.getParameterTypes()).isEqualTo(method.getParameterTypes());
                        }));
  }
}
