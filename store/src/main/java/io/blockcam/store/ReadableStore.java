package io.blockcam.store;

import java.io.Closeable;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A tree of immutable objects, to be read.
 *
 * <p>Paths are slash-separated and relative to the root of the store; the empty path is the root.
 * No component may be empty, {@code .} or {@code ..}, or hold a control character, a backslash or a
 * colon: such a path is an {@link IllegalArgumentException}.
 *
 * <p>Every method blocks, may be called from any thread, and ends early with a {@link
 * StoreUnavailableException} when the calling thread is interrupted or the store is closed. Beside
 * what a method names, every method throws {@link StoreUnavailableException} (try again later),
 * {@link StoreRefusedException} (somebody must change something first) or a bare {@link
 * StoreException}.
 */
public interface ReadableStore extends Closeable {

  /** Returns the URI of the store, without secrets. */
  String describe();

  /**
   * Looks an object or directory up.
   *
   * @param path the name to look up; empty for the root
   * @return empty when nothing stands under that name
   */
  Optional<ObjectStatus> status(String path) throws StoreException;

  /**
   * Lists what stands in a directory, not deeper.
   *
   * @param dir a directory; empty for the root
   * @return sorted by name; empty when the directory does not exist
   * @throws StoreException also when the name stands for an object
   */
  List<ObjectStatus> list(String dir) throws StoreException;

  /**
   * Reads a range into a buffer and fills it wholly.
   *
   * @param path an object
   * @param offset first byte of the range
   * @param into receives {@code into.remaining()} bytes; its position moves to its limit
   * @throws ObjectNotFoundException when there is no such object
   * @throws StoreException also when the object ends before the buffer is full
   */
  void read(String path, long offset, ByteBuffer into) throws StoreException;

  /**
   * Opens a range for reading from start to end.
   *
   * @param path an object
   * @param offset first byte of the range
   * @param length bytes of the range, 0 or more
   * @return a stream owned by the caller, of exactly {@code length} bytes: it throws a {@link
   *     StoreException} instead of ending early. It may be closed before its end
   * @throws ObjectNotFoundException when there is no such object
   * @throws StoreException also when the object is shorter than the end of the range
   */
  InputStream open(String path, long offset, long length) throws StoreException;

  /** Ends what is under way in other threads and frees connections. */
  @Override
  void close() throws StoreException;
}
