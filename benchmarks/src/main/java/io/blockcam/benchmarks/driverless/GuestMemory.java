package io.blockcam.benchmarks.driverless;

import io.blockcam.nativebindings.ErrnoException;
import io.blockcam.nativebindings.Posix;
import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.nativebindings.uapi.ublksrv_io_desc;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** What driver and server share: the descriptors of the requests, and the guest's pages. */
final class GuestMemory {

  /** Of one request, at most. */
  static final int MAX_IO_BYTES = 512 << 10;

  private static final long GUEST_OFFSET = 1 << 20;
  private static final long SECTOR_BYTES = 512;

  /** All of this process. */
  private static final MemorySegment EVERYTHING = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private final MemorySegment memory;

  private GuestMemory(final MemorySegment memory) {
    this.memory = memory;
  }

  /** Maps what the driver has made. */
  static GuestMemory map(final Posix posix, final int fd, final int depth) throws IOException {
    final long bytes = GUEST_OFFSET + (long) depth * MAX_IO_BYTES;
    final long address =
        ErrnoException.orThrow(
            posix.mmap(0, bytes, Linux.PROT_READ() | Linux.PROT_WRITE(), Linux.MAP_SHARED(), fd, 0),
            "mmap",
            "the driver's memory");
    return new GuestMemory(MemorySegment.ofAddress(address).reinterpret(bytes));
  }

  /** As ublk_map_io does it: what a WRITE has goes into the server's buffer. */
  void copyIn(final int tag, final long buffer) {
    if (operation(tag) == Ublk.UBLK_IO_OP_WRITE()) {
      final long bytes = SECTOR_BYTES * memory.get(ValueLayout.JAVA_INT, descriptor(tag) + 4);
      MemorySegment.copy(memory, pages(tag), EVERYTHING, buffer, bytes);
    }
  }

  /** As ublk_unmap_io does it: what a READ has found goes to the guest. */
  void copyOut(final int tag, final long buffer, final int bytes) {
    if (operation(tag) == Ublk.UBLK_IO_OP_READ() && bytes > 0) {
      MemorySegment.copy(EVERYTHING, buffer, memory, pages(tag), bytes);
    }
  }

  private int operation(final int tag) {
    return memory.get(ValueLayout.JAVA_INT, descriptor(tag)) & 0xff;
  }

  private static long descriptor(final int tag) {
    return tag * ublksrv_io_desc.sizeof();
  }

  private static long pages(final int tag) {
    return GUEST_OFFSET + (long) tag * MAX_IO_BYTES;
  }
}
