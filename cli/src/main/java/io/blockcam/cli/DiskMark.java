package io.blockcam.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a disk's file says about itself, in extended attributes (xattr(7)): which recording it
 * belongs to, and that it was written to without being recorded.
 *
 * <p>Block devices and some file systems have none; then there is no mark and no warning. What is
 * read is text from a file that anybody may have written: it is shown, never believed.
 */
final class DiskMark {

  private static final Logger LOG = LoggerFactory.getLogger(DiskMark.class);

  private static final String RECORDING = "blockcam.recording";
  private static final String UNRECORDED = "blockcam.unrecorded";

  /** Longer values are not ours. */
  private static final int MAX_BYTES = 512;

  private final Path file;

  DiskMark(final String backing) {
    this.file = Path.of(backing);
  }

  /** Name of the recording that the disk belongs to. */
  Optional<String> recording() {
    return get(RECORDING);
  }

  /** Since when it may have been changed unseen. */
  Optional<String> unrecordedSince() {
    return get(UNRECORDED);
  }

  void setRecording(final String name) {
    set(RECORDING, name);
  }

  void setUnrecordedSince(final String time) {
    set(UNRECORDED, time);
  }

  void clearUnrecorded() {
    try {
      final UserDefinedFileAttributeView view = view();
      if (view.list().contains(UNRECORDED)) {
        view.delete(UNRECORDED);
      }
    } catch (final IOException | RuntimeException e) {
      LOG.debug("{}: no extended attributes: {}", file, e.toString());
    }
  }

  private Optional<String> get(final String attribute) {
    try {
      final UserDefinedFileAttributeView view = view();
      if (view.list().contains(attribute) && view.size(attribute) <= MAX_BYTES) {
        final ByteBuffer bytes = ByteBuffer.allocate(MAX_BYTES);
        view.read(attribute, bytes);
        return Optional.of(Printable.of(StandardCharsets.UTF_8.decode(bytes.flip()).toString()));
      }
    } catch (final IOException | RuntimeException e) {
      LOG.debug("{}: no extended attributes: {}", file, e.toString());
    }
    return Optional.empty();
  }

  private void set(final String attribute, final String value) {
    try {
      view().write(attribute, StandardCharsets.UTF_8.encode(value));
    } catch (final IOException | RuntimeException e) {
      LOG.debug("{}: no extended attributes: {}", file, e.toString());
    }
  }

  private UserDefinedFileAttributeView view() {
    return Files.getFileAttributeView(file, UserDefinedFileAttributeView.class);
  }
}
