package io.blockcam.store;

/**
 * A tree of immutable objects, to be read and written. What its {@linkplain ReadableStore reading
 * half} says of paths, threads and errors holds for all of it.
 */
public interface ObjectStore extends ReadableStore {

  /**
   * Makes a directory and those above it. An existing directory is left as it is.
   *
   * @param dir the directory to make; empty for the root
   * @throws StoreException also when an object stands in the way
   */
  void mkdirs(String dir) throws StoreException;

  /**
   * Stores a whole object under a name that nobody reads yet, and replaces an object of that name.
   * After a failure anything may stand under the name, also a short object that looks complete:
   * only {@link #matches} tells.
   *
   * @param path the name; directories above it are made
   * @param source the bytes
   * @throws ObjectSourceException when the source cannot be read or has not the length it told
   */
  void create(String path, ObjectSource source) throws StoreException;

  /**
   * Compares an object with a source, by length and by checksum or by reading it back.
   *
   * @param path the name of an object
   * @param source the bytes it should hold
   * @return whether the store holds exactly the bytes of the source
   * @throws ObjectNotFoundException when there is no such object
   * @throws ObjectSourceException when the source cannot be read
   */
  boolean matches(String path, ObjectSource source) throws StoreException;

  /**
   * Gives an object its final name in one step; it never replaces anything.
   *
   * @param from an existing object
   * @param to the new name; the directory above it exists
   * @return false when something stands under the new name already; nothing has changed then
   * @throws ObjectNotFoundException when there is nothing to rename or no directory to move it to
   */
  boolean rename(String from, String to) throws StoreException;

  /**
   * Removes an object or an empty directory.
   *
   * @param path what to remove
   * @return false when nothing stands under the name
   */
  boolean delete(String path) throws StoreException;
}
