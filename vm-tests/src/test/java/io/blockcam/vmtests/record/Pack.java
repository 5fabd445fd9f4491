package io.blockcam.vmtests.record;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** Segments that are kept together, read by what the format says. */
final class Pack {
  private static final int ENDS_AT = 48;

  private Pack() {}

  /** The segments of a pack, by the names of their files. */
  static Map<String, Segment> read(final Path file) throws IOException {
    final byte[] bytes = Files.readAllBytes(file);
    final ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    final int segments = in.getInt(12);
    final int directory = ENDS_AT + 8 * segments + 8;
    final CRC32C crc = new CRC32C();
    crc.update(bytes, 0, directory - 4);
    final long first = in.getLong(32);
    if (!new String(bytes, 0, 8, US_ASCII).equals("BLKCAMPK")
        || in.getInt(8) != 1
        || in.getLong(40) != bytes.length
        || in.getInt(directory - 4) != (int) crc.getValue()
        || !Arrays.equals(bytes, 0, directory, bytes, bytes.length - directory, bytes.length)
        || !file.getFileName()
            .toString()
            .equals("%010d-%010d.pack".formatted(first, first + segments - 1))) {
      throw new AssertionError(file + " is not what a pack is");
    }
    final Map<String, Segment> found = new TreeMap<>();
    int at = directory;
    for (int i = 0; i < segments; i++) {
      final int end = (int) in.getLong(ENDS_AT + 8 * i);
      final String name = "%010d.seg".formatted(first + i);
      found.put(name, Segment.of(name, Arrays.copyOfRange(bytes, at, end)));
      at = end;
    }
    return found;
  }
}
