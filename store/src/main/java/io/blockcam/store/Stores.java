package io.blockcam.store;

/** Opens stores from URIs. */
public final class Stores {

  private Stores() {}

  /**
   * Opens a store with default options. Nothing is contacted yet.
   *
   * @param uri as given by a person, see {@link StoreUri}
   * @return a store owned by the caller
   * @throws StoreUriException if the URI names no usable place
   * @throws StoreException if the store cannot be set up
   */
  public static ObjectStore open(final String uri) throws StoreException {
    return open(StoreUri.parse(uri), StoreOptions.defaults(System.getenv()));
  }

  /**
   * Opens a store. Nothing is contacted yet.
   *
   * @param uri where
   * @param options how
   * @return a store owned by the caller
   * @throws StoreException if the store cannot be set up
   */
  public static ObjectStore open(final StoreUri uri, final StoreOptions options)
      throws StoreException {
    return uri instanceof final StoreUri.Directory directory
        ? new DirectoryStore(directory)
        : new WebHdfsStore((StoreUri.WebHdfs) uri, options);
  }
}
