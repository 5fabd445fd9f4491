package io.blockcam.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store in a directory of this machine: a local disk or a mounted share.
 *
 * <p>Files are 0640, directories 0750. What a method changed has reached the disk when it returns:
 * the file and the directories that name it are synced. Symbolic links are followed as long as they
 * stay inside the root.
 */
final class DirectoryStore implements ObjectStore {
  private static final Logger LOG = LoggerFactory.getLogger(DirectoryStore.class);
  private static final int BUFFER_BYTES = 1 << 20;
  private static final int KEPT_OPEN = 16;
  private static final Set<PosixFilePermission> FILE_MODE =
      PosixFilePermissions.fromString("rw-r-----");
  private static final Set<PosixFilePermission> DIRECTORY_MODE =
      PosixFilePermissions.fromString("rwxr-x---");
  private static final FileAttribute<?>[] NONE = {};

  private final StoreUri.Directory uri;
  private final Path root;
  private final OpenFiles reading = new OpenFiles(KEPT_OPEN, Duration.ofSeconds(1));
  private volatile boolean closed;

  DirectoryStore(final StoreUri.Directory uri) {
    this.uri = uri;
    this.root = uri.directory();
  }

  @Override
  public String describe() {
    return uri.toString();
  }

  @Override
  public Optional<ObjectStatus> status(final String path) throws StoreException {
    ObjectPath.check(path);
    try {
      return Optional.of(toStatus(path, resolve(path)));
    } catch (final NoSuchFileException | NotDirectoryException e) {
      return Optional.empty();
    } catch (final IOException e) {
      if (isBelowAnObject(path, e)) {
        return Optional.empty();
      }
      throw failure("look up", path, e);
    }
  }

  @Override
  public List<ObjectStatus> list(final String dir) throws StoreException {
    ObjectPath.check(dir);
    final List<ObjectStatus> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(resolve(dir))) {
      for (final Path entry : entries) {
        final String path = ObjectPath.join(dir, String.valueOf(entry.getFileName()));
        try {
          found.add(toStatus(path, entry));
        } catch (final NoSuchFileException e) {
          // Removed, or a dangling link: not there.
        }
      }
    } catch (final NotDirectoryException e) {
      throw new StoreException("cannot list " + where(dir) + ": it is not a directory", e);
    } catch (final NoSuchFileException e) {
      return List.of();
    } catch (final IOException e) {
      throw failure("list", dir, e);
    }
    found.sort(Comparator.comparing(ObjectStatus::path));
    return found;
  }

  @Override
  public void mkdirs(final String dir) throws StoreException {
    ObjectPath.check(dir);
    try {
      makeDirectories(resolve(dir));
    } catch (final FileAlreadyExistsException e) {
      throw new StoreException("cannot make " + where(dir) + ": an object stands in the way", e);
    } catch (final IOException e) {
      throw failure("make", dir, e);
    }
  }

  @Override
  public void create(final String path, final ObjectSource source) throws StoreException {
    ObjectPath.checkObject(path);
    try {
      final Path file = resolve(path);
      final Path parent = parentOf(file);
      makeDirectories(parent);
      try (FileChannel out =
          FileChannel.open(
              file,
              Set.<OpenOption>of(
                  StandardOpenOption.WRITE,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.TRUNCATE_EXISTING),
              fileMode(parent))) {
        copy(source, out);
        out.force(true);
      }
      force(parent);
    } catch (final FileAlreadyExistsException e) {
      throw new StoreException("cannot store " + where(path) + ": an object stands in the way", e);
    } catch (final IOException e) {
      throw failure("store", path, e);
    }
  }

  @Override
  public boolean matches(final String path, final ObjectSource source) throws StoreException {
    final ObjectStatus status = status(path).orElseThrow(() -> notFound("compare", path));
    if (status.isDirectory() || status.lengthBytes() != source.lengthBytes()) {
      return false;
    }
    return SourceComparison.same(this, path, source);
  }

  /**
   * {@inheritDoc}
   *
   * <p>A hard link to the new name, then removal of the old one: link(2) never replaces. After a
   * crash between the two both names exist, which hurts nobody: the old one is a temporary name and
   * is swept. File systems without hard links (FAT, some shares) get a look and a rename(2), which
   * leaves a moment in which an object made by another process could be replaced.
   */
  @Override
  public boolean rename(final String from, final String to) throws StoreException {
    ObjectPath.checkObject(from);
    ObjectPath.checkObject(to);
    try {
      final Path source = resolve(from);
      final Path target = resolve(to);
      if (!Files.isRegularFile(source)) {
        throw notFound("rename", from);
      }
      try {
        Files.createLink(target, source);
      } catch (final FileAlreadyExistsException e) {
        // NFS may report this for a link that a lost reply has hidden from us.
        if (!Files.isSameFile(source, target)) {
          return false;
        }
      } catch (final NoSuchFileException e) {
        throw notFound("rename to", to);
      } catch (final UnsupportedOperationException | FileSystemException e) {
        if (e instanceof AccessDeniedException) {
          throw e;
        }
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
          return false;
        }
        Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
      }
      force(parentOf(target));
      Files.deleteIfExists(source);
      force(parentOf(source));
      return true;
    } catch (final IOException e) {
      throw failure("rename", from, e);
    }
  }

  @Override
  public boolean delete(final String path) throws StoreException {
    ObjectPath.checkObject(path);
    try {
      final Path file = resolve(path);
      reading.forget(file);
      final boolean existed = Files.deleteIfExists(file);
      if (existed) {
        force(parentOf(file));
      }
      return existed;
    } catch (final DirectoryNotEmptyException e) {
      throw new StoreException("cannot remove " + where(path) + ": the directory is not empty", e);
    } catch (final IOException e) {
      if (isBelowAnObject(path, e)) {
        return false;
      }
      throw failure("remove", path, e);
    }
  }

  @Override
  public void read(final String path, final long offset, final ByteBuffer into)
      throws StoreException {
    final int start = into.position();
    try {
      while (into.hasRemaining()) {
        final long position = offset + into.position() - start;
        try (OpenFiles.File in = openObject(path)) {
          readAll(in.channel(), position, into, path);
        } catch (final ClosedByInterruptException e) {
          throw e;
        } catch (final ClosedChannelException e) {
          LOG.trace("{} was closed, for another of its readers was interrupted", path);
        }
      }
    } catch (final IOException e) {
      throw failure("read", path, e);
    }
  }

  private void readAll(
      final FileChannel in, final long from, final ByteBuffer into, final String path)
      throws IOException {
    long position = from;
    while (into.hasRemaining()) {
      final int count = in.read(into, position);
      if (count < 0) {
        throw new StoreException(where(path) + " ends at byte " + position);
      }
      position += count;
    }
  }

  @Override
  public InputStream open(final String path, final long offset, final long length)
      throws StoreException {
    OpenFiles.@Nullable File file = null;
    try {
      file = openObject(path);
      final long bytes = file.channel().size();
      if (length < 0 || offset < 0 || bytes - offset < length) {
        throw new StoreException(
            String.format(
                "cannot read %s: it has %d bytes, wanted %d from byte %d",
                where(path), bytes, length, offset));
      }
      final InputStream in =
          new ExactInputStream(new Stream(path, file, offset), length, where(path));
      file = null;
      return in;
    } catch (final IOException e) {
      throw failure("read", path, e);
    } finally {
      if (file != null) {
        closeQuietly(file);
      }
    }
  }

  /** An object from a place on. */
  private final class Stream extends InputStream {
    private final String path;
    private OpenFiles.File file;
    private long position;
    private boolean closed;

    Stream(final String path, final OpenFiles.File file, final long position) {
      this.path = path;
      this.file = file;
      this.position = position;
    }

    @Override
    public int read() throws IOException {
      final byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(final byte[] b, final int off, final int len) throws IOException {
      try {
        while (true) {
          try {
            final int count = file.channel().read(ByteBuffer.wrap(b, off, len), position);
            position += Math.max(0, count);
            return count;
          } catch (final ClosedByInterruptException e) {
            throw e;
          } catch (final ClosedChannelException e) { // another of its readers was interrupted
            final OpenFiles.File broken = file;
            file = openObject(path);
            broken.close();
          }
        }
      } catch (final IOException e) {
        throw failure("read", path, e);
      }
    }

    @Override
    public void close() throws IOException {
      if (!closed) { // or it would close the file of another reader
        closed = true;
        file.close();
      }
    }
  }

  private static void closeQuietly(final OpenFiles.File file) {
    try {
      file.close();
    } catch (final IOException e) {
      LOG.debug("of a file that was only read: {}", e.toString());
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      reading.close();
    } catch (final IOException e) {
      LOG.debug("of files that were only read: {}", e.toString());
    }
  }

  private OpenFiles.File openObject(final String path) throws IOException {
    ObjectPath.checkObject(path);
    return reading.open(root.resolve(path), () -> openFile(path));
  }

  private FileChannel openFile(final String path) throws StoreException {
    try {
      final Path file = resolve(path);
      if (Files.isDirectory(file)) {
        throw new StoreException("cannot read " + where(path) + ": it is a directory");
      }
      if (Files.exists(file) && !Files.isRegularFile(file)) { // a pipe would be waited for
        throw new StoreException("cannot read " + where(path) + ": it is no regular file");
      }
      return FileChannel.open(file, StandardOpenOption.READ);
    } catch (final NoSuchFileException e) {
      throw notFound("read", path);
    } catch (final IOException e) {
      if (isBelowAnObject(path, e)) {
        throw notFound("read", path);
      }
      throw failure("read", path, e);
    }
  }

  /** Returns the file of a path; links may lead anywhere inside the root, not out of it. */
  private Path resolve(final String path) throws IOException {
    if (closed) {
      throw new StoreUnavailableException(describe() + " is closed");
    }
    final Path file = path.isEmpty() ? root : root.resolve(path);
    Path existing = file;
    while (!existing.equals(root)) {
      if (Files.exists(existing)) {
        if (!existing.toRealPath().startsWith(root.toRealPath())) {
          throw new StoreRefusedException(
              "refusing " + where(path) + ": a symbolic link leads out of " + describe());
        }
        break;
      }
      existing = parentOf(existing);
    }
    return file;
  }

  private void copy(final ObjectSource source, final FileChannel out) throws IOException {
    final byte[] buffer = new byte[(int) Math.max(1, Math.min(source.lengthBytes(), BUFFER_BYTES))];
    final ByteBuffer wrapped = ByteBuffer.wrap(buffer);
    try (SourceReader in = SourceReader.open(source)) {
      int count;
      while ((count = in.read(buffer)) >= 0) {
        if (closed) {
          throw new StoreUnavailableException(describe() + " is closed");
        }
        wrapped.clear().limit(count);
        while (wrapped.hasRemaining()) {
          out.write(wrapped);
        }
      }
    }
  }

  private void makeDirectories(final Path directory) throws IOException {
    if (Files.isDirectory(directory)) {
      return;
    }
    final Path parent = directory.getParent();
    if (parent != null) {
      makeDirectories(parent);
    }
    try {
      Files.createDirectory(directory, directoryMode(directory));
    } catch (final FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) {
        throw e;
      }
    }
    if (parent != null) {
      force(parent);
    }
  }

  private static ObjectStatus toStatus(final String path, final Path file) throws IOException {
    final BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    final boolean directory = attributes.isDirectory();
    return new ObjectStatus(
        path,
        directory ? ObjectStatus.Kind.DIRECTORY : ObjectStatus.Kind.OBJECT,
        directory ? 0 : attributes.size(),
        attributes.lastModifiedTime().toInstant());
  }

  private static FileAttribute<?>[] fileMode(final Path near) {
    return isPosix(near)
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(FILE_MODE)}
        : NONE;
  }

  private static FileAttribute<?>[] directoryMode(final Path near) {
    return isPosix(near)
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(DIRECTORY_MODE)}
        : NONE;
  }

  private static boolean isPosix(final Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static Path parentOf(final Path file) {
    final Path parent = file.getParent();
    return parent == null ? file : parent;
  }

  /** Whether what stands above the path is no directory, which Java tells by a mere text. */
  private boolean isBelowAnObject(final String path, final IOException e) {
    if (e instanceof StoreException) {
      return false;
    }
    Path above = root.resolve(path);
    do {
      above = parentOf(above);
    } while (!Files.exists(above) && !above.equals(parentOf(above)));
    return !Files.isDirectory(above);
  }

  private String where(final String path) {
    return path.isEmpty() ? describe() : describe() + "/" + path;
  }

  private ObjectNotFoundException notFound(final String verb, final String path) {
    return new ObjectNotFoundException("cannot " + verb + " " + where(path) + ": no such object");
  }

  private StoreException failure(final String verb, final String path, final IOException e) {
    if (e instanceof StoreException already) {
      return already;
    }
    final String what = "cannot " + verb + " " + where(path) + ": ";
    if (e instanceof ClosedByInterruptException) {
      return new StoreUnavailableException(what + "interrupted", e);
    }
    if (e instanceof AccessDeniedException) {
      return new StoreRefusedException(what + "permission denied", e);
    }
    final String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    final String text = reason == null ? e.getClass().getSimpleName() : reason;
    return switch (text) {
      // The texts of strerror(3), which is all that Java passes on of EPERM, ENOSPC, EDQUOT, EROFS.
      // They come in the language of LC_MESSAGES: bin/blockcam sets it to C for that.
      case "Operation not permitted",
          "No space left on device",
          "Disk quota exceeded",
          "Read-only file system",
          "File name too long" ->
          new StoreRefusedException(what + text, e);
      // EIO, ESTALE, ENOTCONN, ETIMEDOUT of a share that is away.
      case "Input/output error",
          "Stale file handle",
          "Transport endpoint is not connected",
          "Connection timed out",
          "Host is down" ->
          new StoreUnavailableException(what + text, e);
      default -> new StoreException(what + text, e);
    };
  }

  /** Makes the names in it durable (fsync(2)). */
  private static void force(final Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
