package io.blockcam.store;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where an archive is kept, as a person writes it: {@code file:///dir}, {@code
 * webhdfs://[user@]host[:port]/dir} or {@code swebhdfs://...}. Several NameNodes of one HDFS stand
 * beside each other, parted by commas. As a string it is in its canonical form.
 */
public sealed interface StoreUri {

  /** What every message about a bad URI ends with. */
  String USAGE = "use file:///dir, webhdfs://host:port/dir or swebhdfs://host:port/dir";

  /**
   * A directory of this machine.
   *
   * @param directory absolute and normalised
   */
  record Directory(Path directory) implements StoreUri {
    @Override
    public String toString() {
      return "file://" + PercentEncoding.encode(directory.toString());
    }
  }

  /**
   * A directory in HDFS.
   *
   * @param tls whether HTTPS is spoken with NameNodes and DataNodes
   * @param user the user named in the URI
   * @param nameNodes at least one; more than one when any of them may be the active one
   * @param path absolute, without a slash at its end unless it is the root
   */
  record WebHdfs(boolean tls, Optional<String> user, List<HostPort> nameNodes, String path)
      implements StoreUri {
    /** Copies the list. */
    public WebHdfs {
      nameNodes = List.copyOf(nameNodes);
    }

    @Override
    public String toString() {
      final StringBuilder text = new StringBuilder(tls ? "swebhdfs://" : "webhdfs://");
      user.ifPresent(name -> text.append(PercentEncoding.encode(name)).append('@'));
      text.append(String.join(",", nameNodes.stream().map(HostPort::toString).toList()));
      return text.append(PercentEncoding.encode(path)).toString();
    }
  }

  /**
   * A host and a TCP port.
   *
   * @param host a name, an IPv4 address or an IPv6 address in brackets
   * @param port 1 to 65535
   */
  record HostPort(String host, int port) {
    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  /**
   * Reads a URI.
   *
   * @param text as given by a person
   * @throws StoreUriException if it names no usable place
   */
  static StoreUri parse(final String text) {
    return StoreUriParser.parse(text);
  }
}
