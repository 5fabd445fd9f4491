package io.blockcam.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** The bytes of a file that no longer changes. */
record FileSource(Path file, long lengthBytes) implements ObjectSource {

  static FileSource of(final Path file) throws IOException {
    final BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    if (!attributes.isRegularFile()) {
      throw new NoSuchFileException(file.toString(), null, "not a regular file");
    }
    return new FileSource(file, attributes.size());
  }

  @Override
  public String describe() {
    return file.toString();
  }

  @Override
  public InputStream open() throws IOException {
    return Files.newInputStream(file);
  }
}
