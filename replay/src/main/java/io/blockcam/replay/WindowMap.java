package io.blockcam.replay;

import io.blockcam.archive.index.RecordRef;
import io.blockcam.archive.index.WindowStack;
import java.io.IOException;
import java.util.Arrays;

/**
 * The pieces of a window of the disk that have a payload, in the order of their blocks; all else is
 * zero. Does not change.
 */
final class WindowMap {
  private final long first;
  private final int count;
  private final int[] block;
  private final long[] ref;
  private final byte[] mask;

  private WindowMap(
      final long first, final int count, final int[] block, final long[] ref, final byte[] mask) {
    this.first = first;
    this.count = count;
    this.block = block;
    this.ref = ref;
    this.mask = mask;
  }

  /** Of what was found out. */
  static WindowMap of(final WindowStack window) throws IOException {
    final int[] blocks = new int[window.pieces()];
    final long[] refs = new long[window.pieces()];
    final byte[] masks = new byte[window.pieces()];
    final int[] count = {0};
    window.forEachPiece(
        (block, mask, ref) -> {
          if (!RecordRef.isZero(ref)) {
            blocks[count[0]] = (int) (block - window.first());
            refs[count[0]] = ref;
            masks[count[0]] = (byte) mask;
            count[0]++;
          }
        });
    return new WindowMap(window.first(), count[0], blocks, refs, masks);
  }

  /** How many pieces. */
  int count() {
    return count;
  }

  /** Bytes that this takes up in memory. */
  long heldBytes() {
    return 64 + 13L * block.length;
  }

  long block(final int piece) {
    return first + block[piece];
  }

  long ref(final int piece) {
    return ref[piece];
  }

  int mask(final int piece) {
    return mask[piece] & 0xff;
  }

  /** The first piece of a block or of one behind it. */
  int pieceFrom(final long wanted) {
    final long offset = wanted - first;
    if (offset <= 0) {
      return 0;
    }
    if (offset >= WindowStack.WINDOW_BLOCKS) {
      return count;
    }
    int at = Arrays.binarySearch(block, 0, count, (int) offset);
    if (at < 0) {
      return -at - 1;
    }
    while (at > 0 && block[at - 1] == offset) {
      at--;
    }
    return at;
  }
}
