package io.blockcam.capture;

import io.blockcam.capture.disk.BackingReader;
import io.blockcam.capture.disk.DiskChunk;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A piece of the disk that is being read, or was: by somebody else, so that several are on their
 * way. All but the reading belongs to one thread.
 */
final class Piece {

  private final int place;
  private final DiskChunk chunk;
  private final Executor readers;
  private final Runnable whenRead;
  private long block;
  private int blocks;
  private int offered;
  private boolean wanted;

  /** Written by a reader. */
  private volatile State state = State.FREE;

  private volatile @Nullable IOException error;

  private enum State {
    FREE,
    READING,
    READ
  }

  /**
   * @param place in which its range is locked
   * @param readers do the reading
   * @param whenRead called by a reader afterwards
   */
  Piece(
      final int place,
      final BackingReader disk,
      final long diskBytes,
      final Arena arena,
      final Executor readers,
      final Runnable whenRead) {
    this.place = place;
    this.chunk = new DiskChunk(disk, diskBytes, arena);
    this.readers = readers;
    this.whenRead = whenRead;
  }

  /** Begins to read blocks, whose range is locked. */
  void begin(final long firstBlock, final int count) {
    block = firstBlock;
    blocks = count;
    offered = 0;
    wanted = true;
    error = null;
    state = State.READING;
    readers.execute(this::read);
  }

  private void read() {
    try {
      chunk.read(block, blocks);
    } catch (final IOException e) {
      error = e;
    } catch (final RuntimeException | Error e) {
      error = new IOException(e);
    } finally {
      state = State.READ;
      whenRead.run();
    }
  }

  /** Whether nobody reads into it, and nothing in it is wanted. */
  boolean isFree() {
    return state == State.FREE || (state == State.READ && !wanted);
  }

  /** Whether somebody reads into it. */
  boolean isReading() {
    return state == State.READING;
  }

  /** Whether it holds what is wanted of it, or why that could not be read. */
  boolean isRead() {
    return state == State.READ && wanted;
  }

  /** Whether its range is locked. */
  boolean isHeld() {
    return wanted;
  }

  /** It is not wanted any more; its range is not locked any more. */
  void forget() {
    wanted = false;
  }

  /** Why it could not be read. */
  @Nullable IOException error() {
    return error;
  }

  int place() {
    return place;
  }

  DiskChunk chunk() {
    return chunk;
  }

  long block() {
    return block;
  }

  int blocks() {
    return blocks;
  }

  /** How many of its blocks are in the ring. */
  int offered() {
    return offered;
  }

  void offeredUpTo(final int end) {
    offered = end;
  }
}
