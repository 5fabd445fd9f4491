package io.blockcam.store;

import static io.blockcam.store.StoreUri.USAGE;

import io.blockcam.store.StoreUri.Directory;
import io.blockcam.store.StoreUri.HostPort;
import io.blockcam.store.StoreUri.WebHdfs;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads {@link StoreUri}s. A password that somebody wrote into one is never repeated. */
final class StoreUriParser {
  private static final Pattern HOST_PORT =
      Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(?::([0-9]{1,5}))?");
  private static final Pattern PASSWORD = Pattern.compile("(//[^/@:]*):.*@");

  private StoreUriParser() {}

  static StoreUri parse(final String text) {
    final URI uri;
    try {
      uri = new URI(text);
    } catch (final URISyntaxException e) {
      throw new StoreUriException(
          "bad archive URI '" + redact(text) + "': " + e.getReason() + "; " + USAGE);
    }
    final String scheme = uri.getScheme();
    if (scheme == null) {
      throw new StoreUriException("archive '" + redact(text) + "' has no scheme: " + USAGE);
    }
    if (uri.getRawQuery() != null || uri.getRawFragment() != null) {
      throw new StoreUriException(
          "archive URI '" + redact(text) + "' has a query or a fragment: " + USAGE);
    }
    return switch (scheme.toLowerCase(Locale.ROOT)) {
      case "file" -> directory(text, uri);
      case "webhdfs" -> webHdfs(text, uri, false, 9870);
      case "swebhdfs" -> webHdfs(text, uri, true, 9871);
      default ->
          throw new StoreUriException(
              "unknown archive scheme '" + scheme + "' in " + redact(text) + ": " + USAGE);
    };
  }

  private static StoreUri directory(final String text, final URI uri) {
    final String authority = uri.getRawAuthority();
    if (authority != null && !authority.isEmpty() && !authority.equals("localhost")) {
      throw new StoreUriException(
          "archive URI '" + redact(text) + "' names a host: use file:///dir");
    }
    final String path = uri.getPath();
    if (path == null || !path.startsWith("/") || path.indexOf('\0') >= 0) {
      throw new StoreUriException(
          "archive URI '" + redact(text) + "' has no absolute path: use file:///dir");
    }
    return new Directory(Path.of(path).normalize());
  }

  private static StoreUri webHdfs(
      final String text, final URI uri, final boolean tls, final int defaultPort) {
    String authority = uri.getRawAuthority();
    if (authority == null || authority.isEmpty()) {
      throw new StoreUriException("archive URI '" + redact(text) + "' names no host: " + USAGE);
    }
    Optional<String> user = Optional.empty();
    final int at = authority.lastIndexOf('@');
    if (at >= 0) {
      final String userInfo = authority.substring(0, at);
      if (userInfo.indexOf(':') >= 0) {
        throw new StoreUriException(
            "archive URI '"
                + redact(text)
                + "' holds a password, which WebHDFS does not use:"
                + " leave it away");
      }
      if (userInfo.isEmpty()) {
        throw new StoreUriException(
            "archive URI '" + redact(text) + "' has an empty user name: " + USAGE);
      }
      // A URI of nothing but this user info decodes its percent escapes.
      user = Optional.of(URI.create("u:///" + userInfo).getPath().substring(1));
      authority = authority.substring(at + 1);
    }
    final List<HostPort> nameNodes = new ArrayList<>();
    for (final String part : authority.split(",", -1)) {
      nameNodes.add(hostPort(text, part, defaultPort));
    }
    final String path = uri.getPath();
    final StringBuilder clean = new StringBuilder();
    for (final String component : (path == null ? "" : path).split("/", -1)) {
      if (component.isEmpty()) {
        continue;
      }
      try {
        ObjectPath.checkComponent(component);
      } catch (final IllegalArgumentException e) {
        throw new StoreUriException(
            "archive URI '" + redact(text) + "': " + e.getMessage() + "; " + USAGE);
      }
      clean.append('/').append(component);
    }
    return new WebHdfs(tls, user, nameNodes, clean.isEmpty() ? "/" : clean.toString());
  }

  private static HostPort hostPort(final String text, final String part, final int defaultPort) {
    final Matcher matcher = HOST_PORT.matcher(part);
    if (!matcher.matches()) {
      throw new StoreUriException(
          "archive URI '" + redact(text) + "' has the bad host '" + part + "': " + USAGE);
    }
    @Nullable final String port = matcher.group(2);
    final int number = port == null ? defaultPort : Integer.parseInt(port);
    if (number < 1 || number > 65535) {
      throw new StoreUriException(
          "archive URI '" + redact(text) + "' has the port " + number + ": use 1 to 65535");
    }
    return new HostPort(matcher.group(1), number);
  }

  /** Hides a password that somebody put into a URI by mistake. */
  private static String redact(final String text) {
    return PASSWORD.matcher(text).replaceFirst("$1:***@");
  }
}
