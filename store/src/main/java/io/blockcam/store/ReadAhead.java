package io.blockcam.store;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * Reads a source on a thread of its own, a few pieces ahead of whoever sends them, so that reading
 * and summing up cost no time as long as the network is slower.
 *
 * <p>Used by one thread. Pieces are handed out in their order and given back after use.
 */
final class ReadAhead implements AutoCloseable {
  private static final int PIECES = 4;

  private final ObjectSource source;
  private final HdfsChecksum checksum;
  private final BlockingQueue<Piece> empty = new ArrayBlockingQueue<>(PIECES);
  private final BlockingQueue<Piece> filled = new ArrayBlockingQueue<>(PIECES + 1);
  private final Thread reader;

  /** A part of the source; without bytes it is the end. */
  static final class Piece {
    final byte[] bytes;
    int length;
    @Nullable Throwable failure;

    private Piece(final int capacityBytes) {
      bytes = new byte[capacityBytes];
    }
  }

  /**
   * Starts reading.
   *
   * @param source read once, from its start
   * @param checksum given every byte; complete once the end was handed out
   * @param pieceBytes capacity of a piece
   */
  ReadAhead(final ObjectSource source, final HdfsChecksum checksum, final int pieceBytes) {
    this.source = source;
    this.checksum = checksum;
    for (int i = 0; i < PIECES; i++) {
      empty.add(new Piece(pieceBytes));
    }
    reader = DaemonThread.of("store-read-ahead", this::read);
    reader.start();
  }

  /**
   * Returns the next piece, which the caller gives {@linkplain #giveBack back}; null at the end.
   *
   * @throws IOException what reading the source threw
   */
  @Nullable Piece next() throws IOException {
    final Piece piece;
    try {
      piece = filled.take();
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ClosedByInterruptException();
    }
    if (piece.failure instanceof final IOException e) {
      throw e;
    } else if (piece.failure instanceof final RuntimeException e) {
      throw e;
    } else if (piece.failure instanceof final Error e) {
      throw e;
    } else if (piece.failure != null) {
      throw new IllegalStateException(piece.failure);
    }
    return piece.length > 0 ? piece : null;
  }

  /** Takes a piece back to be filled again. */
  void giveBack(final Piece piece) {
    empty.add(piece);
  }

  /** Ends the thread, wherever it is, and waits for it. */
  @Override
  public void close() {
    reader.interrupt();
    boolean interrupted = false;
    while (reader.isAlive()) {
      try {
        reader.join();
      } catch (final InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void read() {
    final Piece end = new Piece(0);
    try (SourceReader in = SourceReader.open(source)) {
      while (true) {
        final Piece piece = empty.take();
        final int count = in.read(piece.bytes);
        if (count < 0) {
          break;
        }
        checksum.update(piece.bytes, 0, count);
        piece.length = count;
        filled.add(piece);
      }
    } catch (final Throwable e) {
      // Belongs to the thread that sends; an interrupt comes from close, and nobody asks any more.
      end.failure = e;
    }
    filled.add(end);
  }
}
