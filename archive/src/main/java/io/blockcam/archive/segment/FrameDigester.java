package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;

/**
 * Takes the payloads of a segment in their order and gives the digests of their frames. SHA-256 is
 * half of what a record costs, so whole frames are hashed by whatever processor has nothing to do;
 * what there are too many of, by the caller. One thread.
 */
final class FrameDigester {
  /** Frames in the hands of others, at most: 1 MiB. On a single processor there are no others. */
  private static final int MOST_UNDER_WAY = Runtime.getRuntime().availableProcessors() > 1 ? 8 : 0;

  private final Sha256 sha = new Sha256();
  private final Deque<Hashing> underWay = new ArrayDeque<>();
  private final Deque<byte[]> free = new ArrayDeque<>();
  private byte[] frame = new byte[Frames.FRAME_BYTES];
  private byte[] digests = new byte[64 * Sha256Digest.BYTES];
  private int payloads;

  /** A frame that somebody hashes. */
  private record Hashing(int number, byte[] frame, ForkJoinTask<Sha256Digest> task) {}

  /** Where the next one is to be put, from {@link #offset} on; until {@link #add}. */
  byte[] frame() {
    return frame;
  }

  /** See {@link #frame}. */
  int offset() {
    return payloads % Frames.FRAME_PAYLOADS * BLOCK_BYTES;
  }

  /** Takes the one that was put there. */
  void add() {
    payloads++;
    if (payloads % Frames.FRAME_PAYLOADS == 0) {
      hash(payloads / Frames.FRAME_PAYLOADS - 1);
    }
  }

  private void hash(final int number) {
    while (!underWay.isEmpty() && underWay.getFirst().task().isDone()) {
      take(underWay.removeFirst());
    }
    if (underWay.size() >= MOST_UNDER_WAY) {
      sha.update(frame, 0, frame.length);
      put(number, sha.finish());
      return;
    }
    final byte[] whole = frame;
    final ForkJoinTask<Sha256Digest> task = ForkJoinTask.adapt(() -> Sha256.of(whole));
    ForkJoinPool.commonPool().execute(task);
    underWay.add(new Hashing(number, whole, task));
    frame = free.isEmpty() ? new byte[Frames.FRAME_BYTES] : free.removeFirst();
  }

  private void take(final Hashing done) {
    put(done.number(), done.task().join());
    free.add(done.frame());
  }

  /** The digests of all frames, one behind the other, also of the one that is not whole yet. */
  byte[] current() {
    while (!underWay.isEmpty()) {
      take(underWay.removeFirst());
    }
    final int rest = payloads % Frames.FRAME_PAYLOADS;
    if (rest != 0) {
      sha.update(frame, 0, rest * BLOCK_BYTES);
      put(payloads / Frames.FRAME_PAYLOADS, sha.finish());
    }
    return Arrays.copyOf(digests, Frames.count(payloads) * Sha256Digest.BYTES);
  }

  private void put(final int number, final Sha256Digest digest) {
    final int at = number * Sha256Digest.BYTES;
    if (at >= digests.length) {
      digests = Arrays.copyOf(digests, Math.max(2 * digests.length, at + Sha256Digest.BYTES));
    }
    System.arraycopy(digest.toByteArray(), 0, digests, at, Sha256Digest.BYTES);
  }
}
