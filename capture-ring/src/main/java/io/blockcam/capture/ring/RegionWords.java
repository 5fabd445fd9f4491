package io.blockcam.capture.ring;

import io.blockcam.nativebindings.Errno;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Words that any thread changes, sequentially consistent; zero at first. A class and no interface:
 * a process has one kind of them, and of a class the compiler knows that without a look at each
 * call.
 */
abstract sealed class RegionWords {

  /** 16 MiB. As many as there are MiB in 4 TiB. */
  static final int MOST_IN_HEAP = 1 << 22;

  abstract int get(int word);

  abstract int getAndAdd(int word, int delta);

  abstract int getAndOr(int word, int bits);

  abstract int getAndAnd(int word, int bits);

  abstract boolean compareAndSet(int word, int expected, int value);

  /** So many, where they have room. */
  static RegionWords of(final int count) {
    return count <= MOST_IN_HEAP ? new InHeap(new int[count]) : Mapped.of(count);
  }

  /** 25 ns faster than the others, for a write that is recorded. */
  static final class InHeap extends RegionWords {
    private static final VarHandle WORD = MethodHandles.arrayElementVarHandle(int[].class);
    private final int[] words;

    InHeap(final int[] words) {
      this.words = words;
    }

    @Override
    int get(final int word) {
      return (int) WORD.getVolatile(words, word);
    }

    @Override
    int getAndAdd(final int word, final int delta) {
      return (int) WORD.getAndAdd(words, word, delta);
    }

    @Override
    int getAndOr(final int word, final int bits) {
      return (int) WORD.getAndBitwiseOr(words, word, bits);
    }

    @Override
    int getAndAnd(final int word, final int bits) {
      return (int) WORD.getAndBitwiseAnd(words, word, bits);
    }

    @Override
    boolean compareAndSet(final int word, final int expected, final int value) {
      return WORD.compareAndSet(words, word, expected, value);
    }
  }

  /** In memory that the kernel gives when it is touched. */
  static final class Mapped extends RegionWords {
    private static final VarHandle WORD = ValueLayout.JAVA_INT.varHandle();
    private final MemorySegment words;

    private Mapped(final MemorySegment words) {
      this.words = words;
    }

    static Mapped of(final int count) {
      final long bytes = (long) count * Integer.BYTES;
      final Posix posix = Posix.linux();
      final long address =
          posix.mmap(
              0,
              bytes,
              Linux.PROT_READ() | Linux.PROT_WRITE(),
              Linux.MAP_PRIVATE() | Linux.MAP_ANONYMOUS() | Linux.MAP_NORESERVE(),
              -1,
              0);
      if (address < 0) {
        throw new OutOfMemoryError(
            "%d bytes for the regions of the disk: %s"
                .formatted(bytes, Errno.describe((int) -address)));
      }
      return new Mapped(
          MemorySegment.ofAddress(address)
              .reinterpret(bytes, Arena.ofAuto(), memory -> posix.munmap(memory.address(), bytes)));
    }

    private static long at(final int word) {
      return (long) word * Integer.BYTES;
    }

    @Override
    int get(final int word) {
      return (int) WORD.getVolatile(words, at(word));
    }

    @Override
    int getAndAdd(final int word, final int delta) {
      return (int) WORD.getAndAdd(words, at(word), delta);
    }

    @Override
    int getAndOr(final int word, final int bits) {
      return (int) WORD.getAndBitwiseOr(words, at(word), bits);
    }

    @Override
    int getAndAnd(final int word, final int bits) {
      return (int) WORD.getAndBitwiseAnd(words, at(word), bits);
    }

    @Override
    boolean compareAndSet(final int word, final int expected, final int value) {
      return WORD.compareAndSet(words, at(word), expected, value);
    }
  }
}
