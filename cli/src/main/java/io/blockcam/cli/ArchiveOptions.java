package io.blockcam.cli;

import io.blockcam.archive.RecordingName;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreOptions;
import io.blockcam.store.StoreUri;
import io.blockcam.store.StoreUriException;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Where the recordings are. */
final class ArchiveOptions {

  @Option(
      names = "--archive",
      required = true,
      paramLabel = "URI",
      description =
          "Where recordings are kept: file:///dir, webhdfs://host:port/dir or swebhdfs://...")
  String uri = "";

  ObjectStore open() throws IOException {
    try {
      return Stores.open(StoreUri.parse(uri), StoreOptions.defaults(System.getenv()));
    } catch (final StoreUriException e) {
      throw CommandException.usage(Messages.of(e));
    }
  }

  /** Where on this machine it is, if it is. */
  Optional<Path> directory() {
    try {
      return StoreUri.parse(uri) instanceof StoreUri.Directory local
          ? Optional.of(local.directory())
          : Optional.empty();
    } catch (final StoreUriException e) {
      throw CommandException.usage(Messages.of(e));
    }
  }

  /** Checks the name of a recording as a person gave it. */
  static String checkName(final String name) {
    try {
      return RecordingName.check(name);
    } catch (final IllegalArgumentException e) {
      throw CommandException.usage("--name: " + Messages.of(e));
    }
  }
}
