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
import org.jspecify.annotations.Nullable;
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

  @Option(
      names = "--tls-ca",
      paramLabel = "FILE",
      description =
          "PEM certificates that swebhdfs:// trusts, a private CA say (default: those of the Java"
              + " runtime).")
  @Nullable Path trusted;

  @Option(
      names = "--tls-identity",
      paramLabel = "FILE",
      description =
          "PEM certificate and key to show to a server that asks for one. Others must not be able to"
              + " read it.")
  @Nullable Path identity;

  ObjectStore open() throws IOException {
    try {
      final StoreUri parsed = StoreUri.parse(uri);
      StoreOptions options = StoreOptions.defaults(System.getenv());
      if (trusted != null || identity != null) {
        if (!(parsed instanceof StoreUri.WebHdfs hdfs) || !hdfs.tls()) {
          throw CommandException.usage(
              "--tls-ca and --tls-identity are for swebhdfs://, and the archive is " + uri);
        }
        options = trusted == null ? options : options.withTrustedCertificates(trusted);
        options = identity == null ? options : options.withIdentity(identity);
      }
      return Stores.open(parsed, options);
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
