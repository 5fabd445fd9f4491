package io.blockcam.archive.faults;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.CopyOption;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.apache.lucene.tests.mockfile.FilterFileChannel;
import org.apache.lucene.tests.mockfile.FilterFileStore;
import org.apache.lucene.tests.mockfile.FilterFileSystemProvider;

/**
 * A POSIX file system in memory that can be full, fail, and lose its power.
 *
 * <p>What a power cut leaves, by fsync(2): the bytes of a file as they were at its last sync, with
 * any of the pages written since; its names as they were at the last sync of their directory, with
 * the first few of the changes since (a journaling file system keeps their order) or with any of
 * them (POSIX promises none). Directories themselves are durable at once.
 */
public final class FaultyDisk implements AutoCloseable {

  private static final int PAGE_BYTES = 4096;

  /** A file, whatever it is called. */
  private static final class Inode {
    private byte[] durable = new byte[0];

    /** Pages whose write-back failed and was reported, and that were not written since. */
    private final Set<Long> lostPages = new HashSet<>();
  }

  /** What one system call has made of names: of this file, or of none. Atomic. */
  private record Change(Path directory, Map<Path, Optional<Inode>> names) {

    void applyTo(final Map<Path, Inode> all) {
      names.forEach(
          (name, inode) ->
              inode.ifPresentOrElse(file -> all.put(name, file), () -> all.remove(name)));
    }
  }

  private final RandomGenerator random;
  private final FileSystem memory;
  private final Path dummy;
  private final Provider provider;

  /** What the names stand for, for whoever looks. Sorted: what a seed decides must not vary. */
  private Map<Path, Inode> names = new TreeMap<>();

  /** What they stood for at the last sync of their directory. */
  private Map<Path, Inode> durableNames = new TreeMap<>();

  /** What was made of them since, in that order. */
  private final List<Change> changes = new ArrayList<>();

  private int power; // counts the cuts: what was opened before one is dead
  private long roomBytes = Long.MAX_VALUE;
  private int soundSyncs;
  private int failingSyncs;
  private boolean shortWrites;

  /** Calls that the process still makes before it is killed. */
  private int callsToLive = Integer.MAX_VALUE;

  /** An empty one, for whoever cannot throw. */
  public static FaultyDisk of(final long seed) {
    try {
      return new FaultyDisk(new SplittableRandom(seed));
    } catch (final IOException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Makes an empty one.
   *
   * @param random decides what a power cut leaves
   */
  public FaultyDisk(final RandomGenerator random) throws IOException {
    this.random = random;
    memory =
        Jimfs.newFileSystem(
            Configuration.unix().toBuilder()
                .setAttributeViews("basic", "owner", "posix", "unix")
                .build());
    dummy = Files.createFile(memory.getPath("/directory"));
    provider = new Provider(memory);
    Files.createDirectory(memory.getPath("/disk"));
  }

  /** Its root directory. */
  public Path root() {
    return provider.wrapPath(memory.getPath("/disk"));
  }

  /**
   * From now on there is room for so many bytes, and those of files that are removed; then ENOSPC.
   */
  public void setRoom(final long bytes) {
    roomBytes = bytes;
  }

  /**
   * The next syncs fail with EIO. What those of files should have written is lost at a power cut,
   * though the next sync says that all is well: Linux reports a write-back error once.
   */
  public void failSyncs(final int count) {
    failSyncs(0, count);
  }

  /** The same after so many more that are well. */
  public void failSyncs(final int after, final int count) {
    soundSyncs = after;
    failingSyncs = count;
  }

  private boolean syncFails() {
    if (failingSyncs == 0) {
      return false;
    }
    if (soundSyncs > 0) {
      soundSyncs--;
      return false;
    }
    failingSyncs--;
    return true;
  }

  /** Whether a write may write less than it was given. */
  public void setShortWrites(final boolean on) {
    shortWrites = on;
  }

  /**
   * After so many more calls the process that makes them is dead: they all fail and change nothing,
   * until {@link #revive}. What it wrote before stays.
   */
  public void killAfter(final int calls) {
    callsToLive = calls;
  }

  /** Whether the process died. */
  public boolean isDead() {
    return callsToLive < 0;
  }

  /** From now on another process makes the calls. */
  public void revive() {
    callsToLive = Integer.MAX_VALUE;
  }

  /** Each call that changes something comes here first. */
  private void call() throws IOException {
    if (callsToLive != Integer.MAX_VALUE && callsToLive-- <= 0) {
      callsToLive = -1;
      throw new IOException("the process was killed");
    }
  }

  /** Cuts the power and brings it back: what was not synced may be there, in part, or not. */
  public void cutPower() throws IOException {
    power++;
    final Map<Inode, byte[]> now = new HashMap<>();
    for (final Map.Entry<Path, Inode> name : names.entrySet()) {
      now.put(name.getValue(), Files.readAllBytes(name.getKey()));
      Files.delete(name.getKey());
    }
    if (random.nextBoolean()) {
      changes
          .subList(0, random.nextInt(changes.size() + 1))
          .forEach(change -> change.applyTo(durableNames));
    } else {
      changes.stream()
          .filter(change -> random.nextBoolean())
          .forEach(change -> change.applyTo(durableNames));
    }
    changes.clear();
    for (final Map.Entry<Path, Inode> name : durableNames.entrySet()) {
      final Inode inode = name.getValue();
      inode.durable = torn(inode, now.getOrDefault(inode, inode.durable));
      inode.lostPages.clear();
      Files.write(name.getKey(), inode.durable);
    }
    names = new TreeMap<>(durableNames);
  }

  /** Each page as it was at the sync or as it is now; the end anywhere between the two. */
  private byte[] torn(final Inode inode, final byte[] now) {
    final int shorter = Math.min(inode.durable.length, now.length);
    final int longer = Math.max(inode.durable.length, now.length);
    final byte[] left = Arrays.copyOf(inode.durable, random.nextInt(shorter, longer + 1));
    copyPages(inode, now, left, random::nextBoolean);
    return left;
  }

  /** What a successful sync makes durable: all but what an earlier one has lost. */
  private static byte[] synced(final Inode inode, final byte[] now) {
    final byte[] durable = Arrays.copyOf(inode.durable, now.length);
    copyPages(inode, now, durable, () -> true);
    return durable;
  }

  private static void copyPages(
      final Inode inode, final byte[] from, final byte[] to, final BooleanSupplier whether) {
    final int length = Math.min(from.length, to.length);
    for (int at = 0; at < length; at += PAGE_BYTES) {
      if (!inode.lostPages.contains((long) at / PAGE_BYTES) && whether.getAsBoolean()) {
        System.arraycopy(from, at, to, at, Math.min(PAGE_BYTES, length - at));
      }
    }
  }

  private void sync(final Inode inode, final byte[] now) throws IOException {
    if (!syncFails()) {
      inode.durable = synced(inode, now);
      return;
    }
    for (int at = 0; at < now.length; at += PAGE_BYTES) {
      final int end = Math.min(now.length, at + PAGE_BYTES);
      if (end > inode.durable.length || !Arrays.equals(now, at, end, inode.durable, at, end)) {
        inode.lostPages.add((long) at / PAGE_BYTES);
      }
    }
    throw new IOException("Input/output error");
  }

  private void syncDirectory(final Path directory) throws IOException {
    if (syncFails()) {
      throw new IOException("Input/output error");
    }
    for (final Change change : List.copyOf(changes)) {
      if (change.directory().equals(directory)) {
        change.applyTo(durableNames);
        changes.remove(change);
      }
    }
  }

  private void changed(final Map<Path, Optional<Inode>> changed) {
    final Path directory = Objects.requireNonNull(changed.keySet().iterator().next().getParent());
    final Change change = new Change(directory, changed);
    change.applyTo(names);
    changes.add(change);
  }

  @Override
  public void close() throws IOException {
    memory.close();
  }

  private final class Provider extends FilterFileSystemProvider {

    Provider(final FileSystem memory) {
      super("faulty://", memory);
    }

    @Override
    public FileChannel newFileChannel(
        final Path path, final Set<? extends OpenOption> options, final FileAttribute<?>... attrs)
        throws IOException {
      call();
      final Path name = toDelegate(path);
      if (Files.isDirectory(name)) {
        return new DirectoryChannel(FileChannel.open(dummy), name);
      }
      final Set<OpenOption> andRead = new HashSet<>(options); // a sync looks at what is there
      andRead.add(StandardOpenOption.READ);
      final FileChannel channel = super.newFileChannel(path, andRead, attrs);
      if (!names.containsKey(name)) {
        changed(Map.of(name, Optional.of(new Inode())));
      }
      return new Channel(channel, Objects.requireNonNull(names.get(name)));
    }

    @Override
    public SeekableByteChannel newByteChannel(
        final Path path, final Set<? extends OpenOption> options, final FileAttribute<?>... attrs)
        throws IOException {
      return newFileChannel(path, options, attrs);
    }

    @Override
    public void move(final Path source, final Path target, final CopyOption... options)
        throws IOException {
      call();
      final Set<CopyOption> asRename = new HashSet<>(List.of(options));
      if (asRename.contains(StandardCopyOption.ATOMIC_MOVE)) {
        asRename.add(StandardCopyOption.REPLACE_EXISTING); // as rename(2) does
      }
      super.move(source, target, asRename.toArray(CopyOption[]::new));
      final Inode inode = Objects.requireNonNull(names.get(toDelegate(source)));
      changed(Map.of(toDelegate(target), Optional.of(inode), toDelegate(source), Optional.empty()));
    }

    @Override
    public FileStore getFileStore(final Path path) throws IOException {
      return new FilterFileStore(super.getFileStore(path), "faulty://") {
        @Override
        public long getUsableSpace() {
          return roomBytes;
        }
      };
    }

    @Override
    public void createLink(final Path link, final Path existing) throws IOException {
      call();
      Files.createLink(toDelegate(link), toDelegate(existing));
      final Inode inode = Objects.requireNonNull(names.get(toDelegate(existing)));
      changed(Map.of(toDelegate(link), Optional.of(inode)));
    }

    @Override
    public void delete(final Path path) throws IOException {
      call();
      final long freed = Files.size(path);
      super.delete(path);
      roomBytes = roomBytes > Long.MAX_VALUE - freed ? Long.MAX_VALUE : roomBytes + freed;
      changed(Map.of(toDelegate(path), Optional.empty()));
    }

    @Override
    public boolean deleteIfExists(final Path path) throws IOException {
      if (!Files.exists(path)) {
        return false;
      }
      delete(path);
      return true;
    }
  }

  /** Can only be synced. */
  private final class DirectoryChannel extends FilterFileChannel {
    private final Path directory;

    DirectoryChannel(final FileChannel delegate, final Path directory) {
      super(delegate);
      this.directory = directory;
    }

    @Override
    public void force(final boolean metaData) throws IOException {
      call();
      syncDirectory(directory);
    }
  }

  /** An open file. */
  private final class Channel extends FilterFileChannel {
    private final Inode inode;
    private final int opened = power;

    Channel(final FileChannel delegate, final Inode inode) {
      super(delegate);
      this.inode = inode;
    }

    @Override
    public int read(final ByteBuffer into, final long at) throws IOException {
      checkPower();
      return super.read(into, at);
    }

    @Override
    public int write(final ByteBuffer bytes) throws IOException {
      final long at = position();
      final int written = write(bytes, at);
      position(at + written);
      return written;
    }

    @Override
    public FileChannel truncate(final long size) throws IOException {
      checkPower();
      call();
      return super.truncate(size);
    }

    @Override
    public long write(final ByteBuffer[] from, final int first, final int count) {
      throw new UnsupportedOperationException("not used by what is tested");
    }

    @Override
    public int write(final ByteBuffer bytes, final long at) throws IOException {
      checkPower();
      call();
      int length = bytes.remaining();
      if (shortWrites && length > 1) {
        length = random.nextInt(1, length + 1);
      }
      if (length > 0 && roomBytes == 0) {
        throw new IOException("No space left on device");
      }
      length = (int) Math.min(length, roomBytes);
      final ByteBuffer part = bytes.slice(bytes.position(), length);
      while (part.hasRemaining()) {
        super.write(part, at + part.position());
      }
      bytes.position(bytes.position() + length);
      roomBytes -= length;
      for (long page = at / PAGE_BYTES; page * PAGE_BYTES < at + length; page++) {
        inode.lostPages.remove(page);
      }
      return length;
    }

    @Override
    public void force(final boolean metaData) throws IOException {
      checkPower();
      call();
      final ByteBuffer now = ByteBuffer.allocate((int) size());
      while (now.hasRemaining() && super.read(now, now.position()) >= 0) {}
      sync(inode, now.array());
    }

    private void checkPower() throws IOException {
      if (opened != power) {
        throw new IOException("the power was cut since this file was opened");
      }
    }
  }
}
