package io.blockcam.store;

import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives an object its final name only when the store holds it whole: temporary name, comparison,
 * rename. Trying again after any failure is safe, also after one that hid a success.
 *
 * <p>One thread at a time, and one object.
 */
public final class Publisher {
  private static final Logger LOG = LoggerFactory.getLogger(Publisher.class);

  private static final Pattern TEMPORARY_NAME =
      Pattern.compile(".+\\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}");

  private final ObjectStore store;
  private final String tempDir;

  /** Final directory that is known to exist, and the temporary one with it. */
  private @Nullable String madeDir;

  /** Left behind by an attempt that failed; at most one, since it goes before the next attempt. */
  private @Nullable String abandoned;

  /**
   * @param store where to publish; not closed by this object
   * @param tempDir directory of temporary names, in the same store and read by nobody
   */
  public Publisher(final ObjectStore store, final String tempDir) {
    this.store = store;
    this.tempDir = ObjectPath.check(tempDir);
  }

  /** How an object came to be published. */
  public enum Outcome {
    /** This call has published it. */
    PUBLISHED,
    /** It stood there already, with the same bytes. */
    ALREADY_THERE
  }

  /**
   * Returns whether a name is one that a publisher gives to an object that is not published yet:
   * the final name, a dot and a UUID.
   */
  public static boolean isTemporaryName(final String name) {
    return TEMPORARY_NAME.matcher(name).matches();
  }

  /**
   * An object that the store holds whole, but for its name.
   *
   * @param source its bytes
   * @param finalPath its name to be
   * @param temporaryPath the name it has; null when the final one was its name already
   */
  public record Staged(ObjectSource source, String finalPath, @Nullable String temporaryPath) {}

  /**
   * Publishes a source.
   *
   * @param source the bytes
   * @param finalPath name of the object; directories above it are made
   * @return how it came to be there; when this returns, it is there and whole
   * @throws ObjectConflictException when an object of that name holds other bytes; it stays as it
   *     is
   * @throws StoreException when it could not be published; whether it was is unknown
   */
  public Outcome publish(final ObjectSource source, final String finalPath) throws StoreException {
    return commit(stage(source, finalPath));
  }

  /**
   * The first half of {@link #publish}: brings the bytes into the store, under a name that nobody
   * reads, and compares them. What was staged before and not committed is removed.
   *
   * @return for {@link #commit}
   * @throws ObjectConflictException as {@link #publish}
   */
  public Staged stage(final ObjectSource source, final String finalPath) throws StoreException {
    ObjectPath.checkObject(finalPath);
    if (abandoned != null) {
      madeDir = null;
      removeAbandoned(abandoned);
      abandoned = null;
    }
    if (isThere(source, finalPath)) {
      return new Staged(source, finalPath, null);
    }
    makeDirectories(ObjectPath.parent(finalPath));
    final String temp =
        ObjectPath.join(tempDir, ObjectPath.name(finalPath) + "." + UUID.randomUUID());
    abandoned = temp;
    store.create(temp, source);
    if (!store.matches(temp, source)) {
      throw new StoreUnavailableException(
          String.format(
              "%s arrived damaged at %s/%s: it has to be sent again",
              source.describe(), store.describe(), temp));
    }
    return new Staged(source, finalPath, temp);
  }

  /**
   * The second half: gives an object its final name. After a failure it has to be staged again.
   *
   * @param staged what {@link #stage} of this publisher returned last
   * @throws ObjectConflictException as {@link #publish}
   */
  public Outcome commit(final Staged staged) throws StoreException {
    final String temp = staged.temporaryPath();
    if (temp == null) {
      return Outcome.ALREADY_THERE;
    }
    if (store.rename(temp, staged.finalPath())) {
      abandoned = null;
      return Outcome.PUBLISHED;
    }
    if (isThere(staged.source(), staged.finalPath())) {
      discard(temp);
      return Outcome.ALREADY_THERE;
    }
    throw new StoreUnavailableException(
        String.format(
            "%s/%s came and went while it was published", store.describe(), staged.finalPath()));
  }

  /** Once is enough, as long as nothing fails. */
  private void makeDirectories(final String finalDir) throws StoreException {
    if (!finalDir.equals(madeDir)) {
      store.mkdirs(finalDir);
      store.mkdirs(tempDir);
      madeDir = finalDir;
    }
  }

  private boolean isThere(final ObjectSource source, final String finalPath) throws StoreException {
    if (store.status(finalPath).isEmpty()) {
      return false;
    }
    if (store.matches(finalPath, source)) {
      return true;
    }
    throw new ObjectConflictException(
        String.format(
            "%s/%s exists and differs from %s: it is left as it is",
            store.describe(), finalPath, source.describe()));
  }

  /** One that may not be removed must not hold up what can be published. */
  private void removeAbandoned(final String temp) throws StoreException {
    try {
      store.delete(temp);
    } catch (final StoreRefusedException e) {
      LOG.warn("an unfinished upload stays: {}", e.getMessage());
    }
  }

  private void discard(final String temp) {
    try {
      store.delete(temp);
      abandoned = null;
    } catch (final StoreException e) {
      LOG.debug("temporary object left for the next attempt: {}", e.getMessage());
    }
  }
}
