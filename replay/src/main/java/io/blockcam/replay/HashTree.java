package io.blockcam.replay;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordDescriptor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.BitSet;

/**
 * A digest of an image of which holes cost nothing: a Merkle tree of SHA-256 over its 4 KiB blocks,
 * the last one filled with zeroes, and zero blocks behind it up to a power of two, 256 at least. As
 * in RFC 6962 a leaf is told from a node by the byte before it: SHA-256(0, block), SHA-256(1, left,
 * right), and the root SHA-256(2, bytes of the image as u64 little endian, the node of all blocks).
 * Subtrees of zeroes are known beforehand. docs/replay.md describes it.
 *
 * <p>Nodes are added in the order of their blocks. One thread.
 */
final class HashTree {
  private static final byte LEAF = 0;
  private static final byte NODE = 1;
  private static final byte ROOT = 2;
  private static final int LEAST_LEVELS = 8;
  private static final int MOST_LEVELS = Long.SIZE;

  /** Of subtrees of 2^i blocks of zeroes. */
  private static final byte[][] ZEROES = zeroes();

  private final Sha256 sha = new Sha256();

  /** The left ones of nodes of which the right one is still to come, by level. */
  private final byte[][] left = new byte[MOST_LEVELS][];

  /** The block behind the last one that was added. */
  private long next;

  /** Hashes subtrees. One thread at a time. */
  static final class Subtree {
    private final Sha256 sha = new Sha256();
    private final byte[] leaf = new byte[1 + BLOCK_BYTES];

    /**
     * The subtree of all blocks in an array, a power of two.
     *
     * @param given which of them may hold something; the others are not looked at
     */
    byte[] of(final byte[] content, final BitSet given) {
      return of(content, given, 0, content.length / BLOCK_BYTES);
    }

    private byte[] of(final byte[] content, final BitSet given, final int first, final int blocks) {
      final int level = Integer.numberOfTrailingZeros(blocks);
      final int next = given.nextSetBit(first);
      if (next < 0 || next >= first + blocks) {
        return ZEROES[level];
      }
      if (blocks == 1) {
        return leaf(content, first * BLOCK_BYTES);
      }
      final int half = blocks / 2;
      final byte[] left = of(content, given, first, half);
      final byte[] right = of(content, given, first + half, half);
      return left == ZEROES[level - 1] && right == left ? ZEROES[level] : node(sha, left, right);
    }

    private byte[] leaf(final byte[] content, final int offset) {
      if (Arrays.mismatch(content, offset, offset + BLOCK_BYTES, NOTHING, 0, BLOCK_BYTES) < 0) {
        return ZEROES[0];
      }
      leaf[0] = LEAF;
      System.arraycopy(content, offset, leaf, 1, BLOCK_BYTES);
      sha.update(leaf, 0, leaf.length);
      return sha.finish().toByteArray();
    }
  }

  private static final byte[] NOTHING = new byte[BLOCK_BYTES];

  private static byte[][] zeroes() {
    final Sha256 sha = new Sha256();
    final byte[][] nodes = new byte[MOST_LEVELS][];
    nodes[0] = Sha256.of(new byte[1 + BLOCK_BYTES]).toByteArray();
    for (int level = 1; level < MOST_LEVELS; level++) {
      nodes[level] = node(sha, nodes[level - 1], nodes[level - 1]);
    }
    return nodes;
  }

  private static byte[] node(final Sha256 sha, final byte[] left, final byte[] right) {
    final byte[] both = new byte[1 + 2 * Sha256Digest.BYTES];
    both[0] = NODE;
    System.arraycopy(left, 0, both, 1, Sha256Digest.BYTES);
    System.arraycopy(right, 0, both, 1 + Sha256Digest.BYTES, Sha256Digest.BYTES);
    sha.update(both, 0, both.length);
    return sha.finish().toByteArray();
  }

  /**
   * Adds a subtree; what lies between it and the one before is zero.
   *
   * @param block its first one, a multiple of how many it has
   * @param level it has 2^level blocks, 2^8 at most
   */
  void add(final long block, final int level, final byte[] subtree) {
    zeroesUpTo(block);
    put(level, subtree);
  }

  private void zeroesUpTo(final long block) {
    while (next < block) {
      final int room = Long.SIZE - 1 - Long.numberOfLeadingZeros(block - next);
      final int level = next == 0 ? room : Math.min(room, Long.numberOfTrailingZeros(next));
      put(level, ZEROES[level]);
    }
  }

  private void put(final int level, final byte[] subtree) {
    byte[] node = subtree;
    int at = level;
    while ((next >>> at & 1) != 0) {
      node =
          left[at] == ZEROES[at] && node == ZEROES[at] ? ZEROES[at + 1] : node(sha, left[at], node);
      at++;
    }
    left[at] = node;
    next += 1L << level;
  }

  /**
   * The root.
   *
   * @param bytes of the image
   */
  Sha256Digest finish(final long bytes) {
    final long blocks = Math.max(1, RecordDescriptor.blocks(bytes));
    final int levels = Math.max(LEAST_LEVELS, Long.SIZE - Long.numberOfLeadingZeros(blocks - 1));
    zeroesUpTo(1L << levels);
    final ByteBuffer root =
        ByteBuffer.allocate(1 + Long.BYTES + Sha256Digest.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    root.put(ROOT).putLong(bytes).put(left[levels]);
    return Sha256.of(root.array());
  }
}
