package io.blockcam.store;

/** The rules of {@link ObjectStore} for names, in one place for every store. */
final class ObjectPath {

  private ObjectPath() {}

  /**
   * Checks a path of the store.
   *
   * @param path may be empty, which is the root
   * @return the same path
   * @throws IllegalArgumentException if it breaks a rule
   */
  static String check(final String path) {
    if (!path.isEmpty()) {
      for (final String component : path.split("/", -1)) {
        checkComponent(component);
      }
    }
    return path;
  }

  /**
   * Checks the path of an object, which the root is not.
   *
   * @param path not empty
   * @return the same path
   * @throws IllegalArgumentException if it breaks a rule
   */
  static String checkObject(final String path) {
    if (path.isEmpty()) {
      throw new IllegalArgumentException("the root of a store is not an object");
    }
    return check(path);
  }

  /** Checks what stands between two slashes. HDFS allows no colon (DFSUtilClient.isValidName). */
  static void checkComponent(final String component) {
    if (component.isEmpty() || component.equals(".") || component.equals("..")) {
      throw new IllegalArgumentException("bad name '" + component + "' in a path");
    }
    for (int i = 0; i < component.length(); i++) {
      final char c = component.charAt(i);
      if (c < ' ' || c == 0x7f || c == '\\' || c == ':' || c == '/') {
        throw new IllegalArgumentException(
            String.format("bad character 0x%02x in a name of a path", (int) c));
      }
    }
  }

  /** Returns the directory a path stands in; empty for a name in the root. */
  static String parent(final String path) {
    final int slash = path.lastIndexOf('/');
    return slash < 0 ? "" : path.substring(0, slash);
  }

  /** Returns the last component. */
  static String name(final String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /** Returns the path of a name inside a directory. */
  static String join(final String dir, final String name) {
    return dir.isEmpty() ? name : dir + "/" + name;
  }
}
