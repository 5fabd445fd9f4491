package io.blockcam.spark;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** The local file system as {@code counted:}, which knows how much was read of each file. */
public final class CountedFileSystem extends RawLocalFileSystem {
  private static final Map<String, Long> READ = new ConcurrentHashMap<>();

  /** Bytes that were read of files, by their names, since the last call. */
  static Map<String, Long> takeRead() {
    final Map<String, Long> read = new TreeMap<>(READ);
    READ.clear();
    return read;
  }

  @Override
  public void initialize(final URI name, final Configuration conf) throws IOException {
    super.initialize(URI.create("file:///"), conf);
  }

  @Override
  public String getScheme() {
    return "counted";
  }

  @Override
  public URI getUri() {
    return URI.create("counted:///");
  }

  @Override
  protected void checkPath(final Path path) {} // it is that of another scheme, too

  @Override
  public File pathToFile(final Path path) {
    return new File(path.toUri().getPath());
  }

  @Override
  public FSDataInputStream open(final Path path, final int bufferBytes) throws IOException {
    return new FSDataInputStream(new Counted(super.open(path, bufferBytes), path.getName()));
  }

  /** Counts whatever is read, one after the other or at a place. */
  private static final class Counted extends FSInputStream {
    private final FSDataInputStream in;
    private final String name;

    Counted(final FSDataInputStream in, final String name) {
      this.in = in;
      this.name = name;
    }

    private int counted(final int count) {
      if (count > 0) {
        READ.merge(name, (long) count, Long::sum);
      }
      return count;
    }

    @Override
    public int read() throws IOException {
      final int one = in.read();
      counted(one < 0 ? 0 : 1);
      return one;
    }

    @Override
    public int read(final byte[] buffer, final int offset, final int length) throws IOException {
      return counted(in.read(buffer, offset, length));
    }

    @Override
    public int read(final long position, final byte[] buffer, final int offset, final int length)
        throws IOException {
      return counted(in.read(position, buffer, offset, length));
    }

    @Override
    public void seek(final long position) throws IOException {
      in.seek(position);
    }

    @Override
    public long getPos() throws IOException {
      return in.getPos();
    }

    @Override
    public boolean seekToNewSource(final long position) throws IOException {
      return in.seekToNewSource(position);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
