package io.blockcam.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;

/**
 * One answer of a NameNode, a DataNode or an HttpFS, read whole.
 *
 * <p>WebHDFS says what went wrong in a JSON object {@code RemoteException}; the HTTP status alone
 * says little (403 stands for a missing permission, safe mode and a full disk alike). A 404 without
 * that object does not come from WebHDFS and never means that a file is absent.
 *
 * @param from host and port that answered
 * @param status HTTP status
 * @param contentType as sent, empty when missing
 * @param body the whole body
 * @param location the header Location
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, never kept
record WebHdfsReply(
    String from, int status, String contentType, byte[] body, Optional<String> location) {
  private static final ObjectReader JSON = new ObjectMapper().reader();
  private static final int MAX_MESSAGE_CHARS = 300;

  /** Ends with time, without anybody's doing, or by asking another NameNode. */
  private static final Set<String> UNAVAILABLE =
      Set.of(
          "SafeModeException",
          "StandbyException",
          "ObserverRetryOnActiveException",
          "RetriableException",
          "ServerTooBusyException",
          "NotReplicatedYetException",
          "LeaseExpiredException",
          "AlreadyBeingCreatedException",
          "RecoveryInProgressException",
          "ConnectException",
          "ConnectTimeoutException",
          "SocketTimeoutException",
          "NoRouteToHostException",
          "UnknownHostException",
          "EOFException",
          "IOException",
          "PathIOException",
          "BlockMissingException",
          "RemoteException",
          "RuntimeException",
          "NullPointerException",
          "InterruptedIOException",
          "ClosedChannelException");

  /** Stays until somebody changes something. */
  private static final Set<String> REFUSED =
      Set.of(
          "AccessControlException",
          "AuthorizationException",
          "AuthenticationException",
          "SecurityException",
          "InvalidToken",
          "NSQuotaExceededException",
          "DSQuotaExceededException",
          "QuotaByStorageTypeExceededException",
          "QuotaExceededException",
          "MaxDirectoryItemsExceededException",
          "PathComponentTooLongException",
          "FSLimitException",
          "DiskOutOfSpaceException",
          "NoSpaceException");

  /** What a WebHDFS server reports about itself. */
  record RemoteError(String exception, String message) {}

  boolean succeeded() {
    return status >= 200 && status < 300;
  }

  /** Returns the RemoteException of a failure; empty when the answer is not of WebHDFS. */
  Optional<RemoteError> remoteError() {
    if (succeeded()) {
      return Optional.empty();
    }
    try {
      final JsonNode error = JSON.readTree(body).path("RemoteException");
      final String exception = error.path("exception").asText("");
      return exception.isEmpty()
          ? Optional.empty()
          : Optional.of(new RemoteError(exception, error.path("message").asText("")));
    } catch (final IOException e) {
      return Optional.empty();
    }
  }

  /** Returns whether this is a failure with one of the given exceptions (simple class names). */
  boolean failedWith(final String... exceptions) {
    return remoteError().map(e -> Set.of(exceptions).contains(e.exception())).orElse(false);
  }

  /** Returns whether the server does not know the operation or a parameter of it. */
  boolean isUnsupported() {
    return failedWith("UnsupportedOperationException", "IllegalArgumentException")
        || status == 405
        || status == 501;
  }

  /**
   * Returns the JSON of a success.
   *
   * @param what begins the message when there is none: "cannot ..."
   */
  JsonNode json(final String what) throws StoreException {
    if (!succeeded()) {
      throw failure(what);
    }
    if (!contentType.startsWith("application/json")) {
      throw notWebHdfs(what);
    }
    try {
      final JsonNode node = JSON.readTree(body);
      if (node.isObject()) {
        return node;
      }
      if (node.isMissingNode()) {
        throw new StoreUnavailableException(what + ": " + from + " sent an empty answer");
      }
    } catch (final StoreException e) {
      throw e;
    } catch (final IOException e) {
      throw new StoreUnavailableException(
          what + ": " + from + " sent JSON that is cut off or damaged", e);
    }
    throw notWebHdfs(what);
  }

  /**
   * Returns the value of the answer {@code {"boolean": ...}}.
   *
   * @param what begins the message when there is none
   */
  boolean bool(final String what) throws StoreException {
    final JsonNode value = json(what).path("boolean");
    if (!value.isBoolean()) {
      throw notWebHdfs(what);
    }
    return value.booleanValue();
  }

  /**
   * Returns what to throw for this answer, which is not the one hoped for.
   *
   * @param what begins the message: "cannot ..."
   */
  StoreException failure(final String what) {
    final Optional<RemoteError> error = remoteError();
    if (error.isPresent()) {
      final String exception = error.get().exception();
      final String text = what + ": " + exception + ": " + oneLine(error.get().message());
      if (UNAVAILABLE.contains(exception)) {
        return new StoreUnavailableException(text);
      }
      if (REFUSED.contains(exception)) {
        return new StoreRefusedException(text);
      }
      if (exception.equals("FileNotFoundException")) {
        return new ObjectNotFoundException(text);
      }
      return new StoreException(text);
    }
    final String text = what + ": " + from + " answered HTTP status " + status;
    if (status >= 500 || status == 408 || status == 429) {
      return new StoreUnavailableException(text);
    }
    if (status == 401) {
      return new StoreRefusedException(
          text + ": it wants a login; only simple authentication (user.name) is spoken here");
    }
    if (status == 403) {
      return new StoreRefusedException(text);
    }
    return notWebHdfs(what);
  }

  /** Returns what to throw for an answer that no WebHDFS server gives. */
  StoreException notWebHdfs(final String what) {
    final String type = contentType.isEmpty() ? "no content type" : oneLine(contentType);
    return new StoreException(
        String.format(
            "%s: %s does not speak WebHDFS (HTTP status %d, %s): check host and port",
            what, from, status, type));
  }

  /** Servers put stack traces and whole files into messages. */
  private static String oneLine(final String message) {
    final StringBuilder line = new StringBuilder();
    for (int i = 0; i < message.length() && line.length() < MAX_MESSAGE_CHARS; i++) {
      final char c = message.charAt(i);
      if (c == '\n' || c == '\r') {
        break;
      }
      line.append(Character.isISOControl(c) ? ' ' : c);
    }
    return line.toString().strip();
  }
}
