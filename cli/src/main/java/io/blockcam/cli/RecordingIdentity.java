package io.blockcam.cli;

import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.RecordingFormatException;
import io.blockcam.capture.spool.Spool;
import io.blockcam.history.RecordingReader;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreUnavailableException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which recording a start goes on with, or that it begins one.
 *
 * <p>The spool knows: it was made with the recording. The archive may hold a recording of the same
 * name only if it is the spool's; another one is refused rather than mixed with. An archive that
 * cannot be reached decides nothing: the uploader finds out later and touches nothing that is not
 * ours. One that answers but refuses (permission, certificate, credentials, no WebHDFS there) would
 * refuse for ever, so the start fails.
 */
final class RecordingIdentity {

  private static final Logger LOG = LoggerFactory.getLogger(RecordingIdentity.class);

  private RecordingIdentity() {}

  /**
   * @param spoolDirectory of the recording
   * @param diskBytes size of the disk
   * @param empty whether the disk is known to be all zeroes
   * @param note free text for a new recording
   */
  static Recording decide(
      final ObjectStore store,
      final String name,
      final Path spoolDirectory,
      final long diskBytes,
      final boolean empty,
      final String note)
      throws IOException {
    final Optional<Recording> spooled = spooled(name, spoolDirectory);
    final Optional<Recording> archived = archived(store, name);
    if (spooled.isPresent()) {
      final Recording recording = spooled.get();
      if (archived.isPresent() && !archived.get().id().equals(recording.id())) {
        throw CommandException.usage(
            store.describe()
                + " has another recording under the name '"
                + name
                + "' ("
                + archived.get().id()
                + ", the spool's is "
                + recording.id()
                + "): choose another --name");
      }
      return recording;
    }
    if (archived.isPresent()) {
      throw CommandException.usage(
          store.describe()
              + " has a recording '"
              + name
              + "' already, begun "
              + archived.get().created()
              + " on "
              + archived.get().host()
              + ", and spool "
              + spoolDirectory
              + " does not know it: choose another --name, or give the --spool it was begun with");
    }
    if (!empty) {
      LOG.warn(
          "the disk may hold data already; what stands on it now is not in the record, only what is"
              + " written from now on");
    }
    return new Recording(
        UUID.randomUUID(),
        name,
        diskBytes,
        Instant.now(),
        host(),
        note,
        empty ? Baseline.EMPTY : Baseline.NONE);
  }

  /**
   * The recording that a spool was made for.
   *
   * @return empty when it was made for none
   * @throws CommandException when it is another one
   */
  static Optional<Recording> spooled(final String name, final Path spoolDirectory)
      throws IOException {
    final Optional<Recording> spooled = Spool.recordingOf(spoolDirectory);
    if (spooled.isPresent()) {
      final Recording recording = spooled.get();
      if (!recording.name().equals(name)) {
        throw CommandException.usage(
            "spool "
                + spoolDirectory
                + " belongs to the recording '"
                + recording.name()
                + "', not '"
                + name
                + "': give its own --spool");
      }
    }
    return spooled;
  }

  private static Optional<Recording> archived(final ObjectStore store, final String name)
      throws IOException {
    try {
      return RecordingReader.read(store, name);
    } catch (final RecordingFormatException e) {
      throw CommandException.usage(Messages.of(e) + ": choose another --name");
    } catch (final StoreUnavailableException e) {
      LOG.warn(
          "the archive cannot be reached; recording starts all the same, into the spool, and ships"
              + " later: {}",
          Messages.of(e));
      return Optional.empty();
    }
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (final UnknownHostException e) {
      return "unknown";
    }
  }
}
