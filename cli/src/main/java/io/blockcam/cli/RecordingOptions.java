package io.blockcam.cli;

import io.blockcam.history.NoSuchRecordingException;
import io.blockcam.history.RecordingReader;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** One recording of an archive. */
final class RecordingOptions {

  @Mixin ArchiveOptions archive = new ArchiveOptions();

  @Option(
      names = "--name",
      required = true,
      paramLabel = "N",
      description = "Name of the recording.")
  String name = "";

  /** Opens the store; the recording comes from {@link #recording}. */
  ObjectStore openStore() throws IOException {
    ArchiveOptions.checkName(name);
    return archive.open();
  }

  RecordingReader recording(final ObjectStore store) throws IOException {
    try {
      return RecordingReader.open(store, name);
    } catch (final NoSuchRecordingException e) {
      throw CommandException.no(Messages.of(e));
    }
  }
}
