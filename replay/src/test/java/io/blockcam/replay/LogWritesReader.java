package io.blockcam.replay;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads a log of dm-log-writes as the kernel's header describes it (drivers/md/dm-log-writes.c) and
 * nothing of ours: numbers as they stand there.
 */
final class LogWritesReader {
  private final ByteBuffer log;
  private final List<Entry> entries = new ArrayList<>();

  /** One entry; {@code data} is where its bytes begin, or the text of a mark. */
  record Entry(long sector, long sectors, long flags, int data, String text) {
    boolean isFlush() {
      return (flags & 1) != 0;
    }

    boolean isFua() {
      return (flags & 2) != 0;
    }

    boolean isDiscard() {
      return (flags & 4) != 0;
    }

    boolean isMark() {
      return (flags & 8) != 0;
    }
  }

  LogWritesReader(final Path file) throws IOException {
    log = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    must(log.getLong(0) == 0x6a736677736872L, "magic");
    must(log.getLong(8) == 1, "version");
    final long count = log.getLong(16);
    must(log.getInt(24) == 512, "sector size");
    int at = 512;
    for (long i = 0; i < count; i++) {
      final long sectors = log.getLong(at + 8);
      final long flags = log.getLong(at + 16);
      final byte[] text = new byte[(int) log.getLong(at + 24)];
      log.get(at + 32, text);
      final Entry entry =
          new Entry(log.getLong(at), sectors, flags, at + 512, new String(text, US_ASCII));
      entries.add(entry);
      at += 512 + (entry.isDiscard() ? 0 : Math.toIntExact(sectors * 512));
    }
    must(at == log.capacity(), "nothing behind the last entry");
  }

  private static void must(final boolean holds, final String what) {
    if (!holds) {
      throw new AssertionError("the log has not: " + what);
    }
  }

  List<Entry> entries() {
    return entries;
  }

  /** What all entries make of a disk of zeroes. */
  byte[] replay(final int diskBytes) {
    final byte[] disk = new byte[diskBytes];
    for (final Entry entry : entries) {
      final int start = Math.toIntExact(entry.sector() * 512);
      final int length = Math.toIntExact(entry.sectors() * 512);
      if (entry.isDiscard()) {
        Arrays.fill(disk, start, start + length, (byte) 0);
      } else {
        log.get(entry.data(), disk, start, length);
      }
    }
    return disk;
  }
}
