package io.blockcam.spark;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
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
    return new Counted(super.open(path, bufferBytes), path.getName());
  }

  private static final class Counted extends FSDataInputStream {
    private final String name;

    Counted(final FSDataInputStream in, final String name) {
      super(in);
      this.name = name;
    }

    @Override
    public void readFully(final long position, final byte[] buffer) throws IOException {
      super.readFully(position, buffer);
      READ.merge(name, (long) buffer.length, Long::sum);
    }
  }
}
