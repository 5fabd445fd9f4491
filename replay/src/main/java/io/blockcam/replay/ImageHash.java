package io.blockcam.replay;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

import io.blockcam.history.Progress;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Hashes an image chunk by chunk: its {@link HashTree}, and any number of {@linkplain FlatHash flat
 * hashes}, side by side, each on a thread of its own. What is not given is zero.
 *
 * <p>The bytes are given in their order, by one thread at a time. It waits while all chunks that
 * may be in memory are waiting to be hashed.
 */
final class ImageHash implements Closeable {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int CHUNK_BLOCKS = CHUNK_BYTES / BLOCK_BYTES;
  private static final int CHUNK_LEVEL = Integer.numberOfTrailingZeros(CHUNK_BLOCKS);
  private static final int CHUNKS = 8;
  private static final int MOST_TREE_THREADS = 4;
  private static final long PROGRESS_MS = 200;

  private final long bytes;
  private final List<Flat> flats = new ArrayList<>();
  private final BlockingQueue<Chunk> idle = new ArrayBlockingQueue<>(CHUNKS);

  private final ExecutorService treeThreads =
      Executors.newFixedThreadPool(
          Math.min(MOST_TREE_THREADS, Runtime.getRuntime().availableProcessors()),
          Thread.ofPlatform().name("image-tree-", 0).daemon().factory());

  private final ThreadLocal<HashTree.Subtree> subtrees =
      ThreadLocal.withInitial(HashTree.Subtree::new);

  // Of whoever gives the bytes.
  private final HashTree tree = new HashTree();
  private final Deque<Node> nodes = new ArrayDeque<>();
  private @Nullable Chunk open;

  /** A chunk's subtree, on its way. */
  private record Node(long block, Future<byte[]> subtree) {}

  /** A piece of the image, zero where nothing was given. */
  private static final class Chunk {
    private final byte[] content = new byte[CHUNK_BYTES];
    private final AtomicInteger users = new AtomicInteger();
    private long offset;

    /** Blocks of which something was given. */
    private final BitSet given = new BitSet(CHUNK_BLOCKS);

    void clear() {
      for (int from = given.nextSetBit(0); from >= 0; ) {
        final int to = given.nextClearBit(from);
        Arrays.fill(content, from * BLOCK_BYTES, to * BLOCK_BYTES, (byte) 0);
        from = given.nextSetBit(to);
      }
      given.clear();
    }
  }

  /** Gives bytes of the image. */
  @FunctionalInterface
  interface Source {
    /**
     * Puts some into an array.
     *
     * @param offset in the image
     */
    void read(long offset, byte[] into, int at, int length) throws IOException;
  }

  /**
   * In hexadecimal.
   *
   * @param flat in the order of {@link FlatHash}
   */
  record Digests(String tree, Map<FlatHash, String> flat) {}

  /** A flat hash, on its thread. */
  private static final class Flat implements Closeable {
    private static final byte[] ZEROES = new byte[1 << 18];

    private final FlatHash kind;
    private final MessageDigest digest;
    private final ExecutorService thread;
    private volatile long hashed;

    Flat(final FlatHash kind) {
      this.kind = kind;
      this.digest = kind.begin();
      this.thread =
          Executors.newSingleThreadExecutor(
              Thread.ofPlatform().name("image-" + kind).daemon().factory());
    }

    void add(final Chunk chunk, final int length, final Runnable done) {
      thread.execute(
          () -> {
            try {
              zeroesUpTo(chunk.offset);
              digest.update(chunk.content, 0, length);
              hashed += length;
            } finally {
              done.run();
            }
          });
    }

    Future<?> end(final long bytes) {
      return thread.submit(() -> zeroesUpTo(bytes));
    }

    private void zeroesUpTo(final long offset) {
      while (hashed < offset) {
        final int length = (int) Math.min(ZEROES.length, offset - hashed);
        digest.update(ZEROES, 0, length);
        hashed += length;
      }
    }

    @Override
    public void close() {
      thread.shutdownNow();
    }
  }

  /**
   * @param bytes of the image
   * @param kinds which flat hashes to take
   */
  ImageHash(final long bytes, final Set<FlatHash> kinds) {
    this.bytes = bytes;
    kinds.forEach(kind -> flats.add(new Flat(kind)));
    for (int i = 0; i < CHUNKS; i++) {
      idle.add(new Chunk());
    }
  }

  /** Takes bytes that come behind those that were taken before. */
  void add(final long offset, final long length, final Source source) throws IOException {
    for (long at = offset; at < offset + length; ) {
      final Chunk chunk = chunk(at);
      final int begin = (int) (at - chunk.offset);
      final int count = (int) Math.min(CHUNK_BYTES - begin, offset + length - at);
      chunk.given.set(begin / BLOCK_BYTES, Math.ceilDiv(begin + count, BLOCK_BYTES));
      source.read(at, chunk.content, begin, count);
      at += count;
    }
  }

  private Chunk chunk(final long offset) throws IOException {
    if (open != null && offset < open.offset + CHUNK_BYTES) {
      return open;
    }
    submit();
    try {
      final Chunk next = idle.take();
      next.offset = offset - offset % CHUNK_BYTES;
      open = next;
      return next;
    } catch (final InterruptedException e) {
      throw interrupted();
    }
  }

  private void submit() throws IOException {
    final Chunk full = open;
    if (full == null) {
      return;
    }
    open = null;
    full.users.set(1 + flats.size());
    final Runnable done =
        () -> {
          if (full.users.decrementAndGet() == 0) {
            full.clear();
            idle.add(full);
          }
        };
    final int length = (int) Math.min(CHUNK_BYTES, bytes - full.offset);
    flats.forEach(flat -> flat.add(full, length, done));
    nodes.add(
        new Node(
            full.offset / BLOCK_BYTES,
            treeThreads.submit(
                () -> {
                  try {
                    return subtrees.get().of(full.content, full.given);
                  } finally {
                    done.run();
                  }
                })));
    while (nodes.size() > CHUNKS) {
      addFirstNode();
    }
  }

  private void addFirstNode() throws IOException {
    final Node first = nodes.remove();
    tree.add(first.block, CHUNK_LEVEL, await(first.subtree));
  }

  /** Hashes what is left. */
  Digests finish(final Progress progress) throws IOException {
    submit();
    while (!nodes.isEmpty()) {
      addFirstNode();
    }
    final Map<FlatHash, String> digests = new EnumMap<>(FlatHash.class);
    final List<Future<?>> ends = new ArrayList<>();
    flats.forEach(flat -> ends.add(flat.end(bytes)));
    for (int i = 0; i < flats.size(); i++) {
      final Flat flat = flats.get(i);
      while (!isOver(ends.get(i))) {
        progress.update(flat.hashed, bytes);
      }
      progress.update(flat.hashed, bytes);
      digests.put(flat.kind, HexFormat.of().formatHex(flat.digest.digest()));
    }
    return new Digests(tree.finish(bytes).toString(), digests);
  }

  private static boolean isOver(final Future<?> end) throws IOException {
    try {
      end.get(PROGRESS_MS, TimeUnit.MILLISECONDS);
      return true;
    } catch (final TimeoutException e) {
      return false;
    } catch (final ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (final InterruptedException e) {
      throw interrupted();
    }
  }

  private static <T> T await(final Future<T> result) throws IOException {
    try {
      return result.get();
    } catch (final ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (final InterruptedException e) {
      throw interrupted();
    }
  }

  private static InterruptedIOException interrupted() {
    Thread.currentThread().interrupt();
    return new InterruptedIOException("interrupted while the image was hashed");
  }

  @Override
  public void close() {
    treeThreads.shutdownNow();
    flats.forEach(Flat::close);
  }
}
