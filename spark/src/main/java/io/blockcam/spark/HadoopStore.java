package io.blockcam.spark;

import io.blockcam.store.ExactInputStream;
import io.blockcam.store.ObjectNotFoundException;
import io.blockcam.store.ObjectStatus;
import io.blockcam.store.ReadableStore;
import io.blockcam.store.StoreException;
import io.blockcam.store.StoreRefusedException;
import java.io.FileNotFoundException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.BlockLocation;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsAction;
import org.apache.hadoop.io.IOUtils;
import org.apache.hadoop.security.AccessControlException;
import org.jspecify.annotations.Nullable;

/**
 * An archive as Hadoop shows it, with the tokens that Spark has for it. Never changes anything.
 * Safe for several threads.
 */
final class HadoopStore implements ReadableStore {
  private final FileSystem files;
  private final Path root;

  private final ReentrantLock lastOpen = new ReentrantLock();

  /** The object that was read last; guarded by that lock. */
  private @Nullable Open open;

  private record Open(String path, FSDataInputStream stream) {}

  /**
   * @param archive URI of it
   * @throws StoreException when no file system answers for it
   */
  HadoopStore(final String archive, final Configuration configuration) throws StoreException {
    this.root = new Path(archive);
    try {
      this.files = root.getFileSystem(configuration);
    } catch (final IOException | IllegalArgumentException e) {
      throw new StoreException(archive + " cannot be reached: " + e.getMessage(), e);
    }
  }

  @Override
  public String describe() {
    return files.makeQualified(root).toString();
  }

  private Path path(final String path) {
    return path.isEmpty() ? root : new Path(root, path);
  }

  @Override
  public Optional<ObjectStatus> status(final String path) throws StoreException {
    try {
      return Optional.of(status(path, files.getFileStatus(path(path))));
    } catch (final FileNotFoundException e) {
      return Optional.empty();
    } catch (final IOException e) {
      throw failed(path, e);
    }
  }

  private static ObjectStatus status(final String path, final FileStatus of) {
    return new ObjectStatus(
        path,
        of.isDirectory() ? ObjectStatus.Kind.DIRECTORY : ObjectStatus.Kind.OBJECT,
        of.isDirectory() ? 0 : of.getLen(),
        Instant.ofEpochMilli(of.getModificationTime()));
  }

  @Override
  public List<ObjectStatus> list(final String dir) throws StoreException {
    final FileStatus[] found;
    try {
      found = files.listStatus(path(dir));
    } catch (final FileNotFoundException e) {
      return List.of();
    } catch (final IOException e) {
      throw failed(dir, e);
    }
    final String prefix = dir.isEmpty() ? "" : dir + "/";
    return Arrays.stream(found)
        .map(each -> status(prefix + each.getPath().getName(), each))
        .sorted(Comparator.comparing(ObjectStatus::name))
        .toList();
  }

  @Override
  public void read(final String path, final long offset, final ByteBuffer into)
      throws StoreException {
    try {
      if (lastOpen.tryLock()) {
        try {
          read(stream(path), offset, into);
        } finally {
          lastOpen.unlock();
        }
      } else { // somebody else reads: not worth waiting for
        try (FSDataInputStream own = files.open(path(path))) {
          read(own, offset, into);
        }
      }
    } catch (final IOException e) {
      throw failed(path, e);
    }
  }

  private static void read(final FSDataInputStream from, final long offset, final ByteBuffer into)
      throws IOException {
    if (into.hasArray()) {
      final int length = into.remaining();
      from.readFully(offset, into.array(), into.arrayOffset() + into.position(), length);
      into.position(into.limit());
    } else {
      final byte[] bytes = new byte[into.remaining()];
      from.readFully(offset, bytes);
      into.put(bytes);
    }
  }

  /** Most reads are of the object that was read before. */
  private FSDataInputStream stream(final String path) throws IOException {
    final Open known = open;
    if (known != null && known.path.equals(path)) {
      return known.stream;
    }
    open = null;
    if (known != null) {
      known.stream.close();
    }
    final FSDataInputStream stream = files.open(path(path));
    open = new Open(path, stream);
    return stream;
  }

  @Override
  public InputStream open(final String path, final long offset, final long length)
      throws StoreException {
    FSDataInputStream opened = null;
    try {
      opened = files.open(path(path));
      opened.seek(offset);
      final InputStream in = new ExactInputStream(new Failing(path, opened), length, place(path));
      opened = null;
      return in;
    } catch (final IOException e) {
      throw failed(path, e);
    } finally {
      IOUtils.closeStream(opened);
    }
  }

  /** Says of which object it is when it fails. */
  private final class Failing extends FilterInputStream {
    private final String path;

    Failing(final String path, final InputStream in) {
      super(in);
      this.path = path;
    }

    @Override
    public int read(final byte[] into, final int at, final int length) throws IOException {
      try {
        return in.read(into, at, length);
      } catch (final IOException e) {
        throw failed(path, e);
      }
    }
  }

  /** Whether anybody knows which hosts have something. */
  boolean hasHosts() {
    return files.getScheme().endsWith("hdfs");
  }

  /** Hosts that have the beginning of an object. */
  List<String> hosts(final String path) throws StoreException {
    try {
      final FileStatus status = files.getFileStatus(path(path));
      final BlockLocation[] blocks = files.getFileBlockLocations(status, 0, status.getLen());
      return blocks.length == 0 ? List.of() : List.of(blocks[0].getHosts());
    } catch (final FileNotFoundException e) {
      return List.of();
    } catch (final IOException e) {
      throw failed(path, e);
    }
  }

  private String place(final String path) {
    return path.isEmpty() ? describe() : describe() + "/" + path;
  }

  private StoreException failed(final String path, final IOException why) {
    final String place = place(path);
    if (why instanceof FileNotFoundException) {
      return new ObjectNotFoundException(place + " does not exist");
    }
    if (why instanceof AccessControlException) {
      return new StoreRefusedException(
          place + " may not be looked at (" + FsAction.READ_EXECUTE.SYMBOL + ")", why);
    }
    final String message = String.valueOf(why.getMessage());
    return new StoreException(place + ": " + message.lines().findFirst().orElse(""), why);
  }

  @Override
  public void close() throws StoreException {
    lastOpen.lock();
    try {
      if (open != null) {
        open.stream.close();
        open = null;
      }
    } catch (final IOException e) {
      throw failed("", e);
    } finally {
      lastOpen.unlock();
    }
  }
}
