package io.blockcam.store;

import com.fasterxml.jackson.databind.JsonNode;
import io.blockcam.store.HdfsChecksum.Algorithm;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A store in HDFS, reached over WebHDFS or HttpFS.
 *
 * <p>Needed of the server: MKDIRS, CREATE, GETFILESTATUS, LISTSTATUS, OPEN, RENAME, DELETE. Used
 * when there: GETFILECHECKSUM (otherwise objects are read back to be compared), LISTSTATUS_BATCH,
 * the parameters {@code renameoptions} and {@code createflag}. Never used: APPEND.
 *
 * <p>An upload that broke off leaves a closed file which looks like any other, only shorter: to
 * exist means nothing, to {@linkplain #matches match} does.
 */
final class WebHdfsStore implements ObjectStore {
  private static final Logger LOG = LoggerFactory.getLogger(WebHdfsStore.class);

  /** A segment fits into one block. */
  private static final long BLOCK_BYTES = 128L << 20;

  private static final int READ_ATTEMPTS = 3;
  private static final Duration READ_PAUSE = Duration.ofMillis(200);
  private static final int COPY_BUFFER_BYTES = 256 << 10;

  private final StoreUri.WebHdfs uri;
  private final WebHdfsClient client;
  private final long blockBytes;

  private volatile boolean closed;

  /** After this time a cluster that took no SYNC_BLOCK is asked again: it may have been a proxy. */
  private static final long ASK_AGAIN_NS = Duration.ofMinutes(10).toNanos();

  private volatile boolean syncSupported = true;
  private volatile long syncRefusedNs;
  private volatile boolean checksumSupported = true;
  private volatile boolean batchListSupported = true;

  /** What the last {@link #create} sent, so that comparing it needs no second pass. */
  private volatile @Nullable Sent lastSent;

  private record Sent(ObjectSource source, Algorithm algorithm, String md5Hex) {}

  WebHdfsStore(final StoreUri.WebHdfs uri, final StoreOptions options) throws StoreException {
    this(uri, options, BLOCK_BYTES);
  }

  /**
   * @param blockBytes block size of the files made, a multiple of 512
   */
  WebHdfsStore(final StoreUri.WebHdfs uri, final StoreOptions options, final long blockBytes)
      throws StoreException {
    this.uri = uri;
    this.client = new WebHdfsClient(uri, options);
    this.blockBytes = blockBytes;
  }

  @Override
  public String describe() {
    return uri.toString();
  }

  @Override
  public Optional<ObjectStatus> status(final String path) throws StoreException {
    ObjectPath.check(path);
    final String what = "cannot look up " + where(path);
    final WebHdfsReply reply = client.ask(what, "GET", "GETFILESTATUS", absolute(path));
    if (isAbsent(reply)) {
      return Optional.empty();
    }
    return Optional.of(toStatus(path, reply.json(what).path("FileStatus"), what, reply));
  }

  @Override
  public List<ObjectStatus> list(final String dir) throws StoreException {
    ObjectPath.check(dir);
    final String what = "cannot list " + where(dir);
    final List<ObjectStatus> found = new ArrayList<>();
    if (!batchListSupported || !listInPages(what, dir, found)) {
      final WebHdfsReply reply = client.ask(what, "GET", "LISTSTATUS", absolute(dir));
      if (reply.failedWith("FileNotFoundException")) {
        return List.of();
      }
      addAll(what, dir, reply, reply.json(what), found);
    }
    found.sort(Comparator.comparing(ObjectStatus::path));
    return found;
  }

  @Override
  public void mkdirs(final String dir) throws StoreException {
    ObjectPath.check(dir);
    final String what = "cannot make " + where(dir);
    final WebHdfsReply reply =
        client.ask(what, "PUT", "MKDIRS", absolute(dir), "permission", "750");
    if (!reply.bool(what)) {
      throw new StoreException(what + ": the server says no, without a reason");
    }
  }

  /**
   * {@inheritDoc}
   *
   * <p>DataNodes are asked to sync the blocks to their disks before they say yes (SYNC_BLOCK).
   * Otherwise a power cut of the cluster could take what the spool has given up already.
   */
  @Override
  public void create(final String path, final ObjectSource source) throws StoreException {
    ObjectPath.checkObject(path);
    final String what = "cannot store " + where(path);
    lastSent = null;
    final Algorithm algorithm = Algorithm.usual(source.lengthBytes(), blockBytes);
    UploadEntity body = new UploadEntity(source, algorithm);
    boolean sync = syncSupported || System.nanoTime() - syncRefusedNs > ASK_AGAIN_NS;
    WebHdfsReply reply = upload(what, path, body, sync);
    if (sync && reply.isUnsupported()) {
      body = new UploadEntity(source, algorithm);
      reply = upload(what, path, body, false);
      sync = false;
    }
    if (reply.succeeded()) {
      // Only now is it known that SYNC_BLOCK was what the cluster did not take.
      if (syncSupported && !sync) {
        LOG.warn(
            "{} cannot be asked to sync what it stores: a power cut of all its DataNodes may lose it",
            describe());
        syncRefusedNs = System.nanoTime();
      }
      syncSupported = sync;
    }
    if (reply.failedWith("FileNotFoundException")) {
      // "does not have any open files": the file was replaced or removed while it was written.
      throw new StoreUnavailableException(
          what + ": it was taken away while it was written", reply.failure(what));
    }
    if (!reply.succeeded()) {
      throw reply.failure(what);
    }
    if (reply.status() != 201) {
      throw reply.notWebHdfs(what);
    }
    if (!body.complete()) {
      throw new StoreUnavailableException(what + ": the answer came before all was sent");
    }
    lastSent = new Sent(source, algorithm, HexFormat.of().formatHex(body.checksum()));
  }

  private WebHdfsReply upload(
      final String what, final String path, final UploadEntity body, final boolean sync)
      throws StoreException {
    final List<String> parameters =
        new ArrayList<>(
            List.of(
                "overwrite", "true", "permission", "640", "blocksize", Long.toString(blockBytes)));
    if (sync) {
      parameters.addAll(List.of("createflag", "CREATE,OVERWRITE,SYNC_BLOCK"));
    }
    return client.upload(what, "CREATE", absolute(path), body, parameters.toArray(String[]::new));
  }

  /**
   * {@inheritDoc}
   *
   * <p>An equal checksum proves it. A different one proves nothing (erasure coding, encryption
   * zones and other block sizes give the same bytes other checksums): then the object is read back.
   */
  @Override
  public boolean matches(final String path, final ObjectSource source) throws StoreException {
    final ObjectStatus status =
        status(path)
            .orElseThrow(
                () ->
                    new ObjectNotFoundException(
                        "cannot compare " + where(path) + ": no such object"));
    if (status.isDirectory() || status.lengthBytes() != source.lengthBytes()) {
      return false;
    }
    if (source.lengthBytes() == 0 || (checksumSupported && checksumMatches(path, source))) {
      return true;
    }
    LOG.debug("reading {} back to compare it", where(path));
    return SourceComparison.same(this, path, source);
  }

  @Override
  public boolean rename(final String from, final String to) throws StoreException {
    ObjectPath.checkObject(from);
    ObjectPath.checkObject(to);
    final String what = "cannot rename " + where(from);
    final WebHdfsReply reply = askToRename(what, from, to);
    if (reply.failedWith("FileAlreadyExistsException")) {
      return false;
    }
    if (reply.succeeded() && reply.body().length == 0) {
      return true;
    }
    if (reply.succeeded() && reply.bool(what)) {
      final boolean isInTheWay = status(to).map(ObjectStatus::isDirectory).orElse(false);
      if (isInTheWay) {
        takeBack(what, ObjectPath.join(to, ObjectPath.name(from)), from);
      }
      return !isInTheWay;
    }
    // A mere "false" stands for an existing target, a missing source and a missing parent alike;
    // for a directory that exists the NameNode has an IOException.
    if ((reply.succeeded() || reply.failedWith("IOException")) && status(to).isPresent()) {
      return false;
    }
    if (!reply.succeeded()) {
      throw reply.failure(what);
    }
    throw new ObjectNotFoundException(
        what + ": it does not exist, or the directory of " + where(to) + " does not");
  }

  /**
   * With renameoptions an existing directory is a conflict like an existing file; without, HDFS
   * moves the object into it. HttpFS ignores the parameter, and answers a boolean where the
   * NameNode has no body: so the difference can be seen.
   */
  private WebHdfsReply askToRename(final String what, final String from, final String to)
      throws StoreException {
    return client.ask(
        what,
        "PUT",
        "RENAME",
        absolute(from),
        "destination",
        absolute(to),
        "renameoptions",
        "NONE");
  }

  /** It was moved into a directory that stands in its way. */
  private void takeBack(final String what, final String moved, final String from)
      throws StoreException {
    final WebHdfsReply reply = askToRename(what, moved, from);
    if (!reply.succeeded()) {
      throw reply.failure(what);
    }
  }

  @Override
  public boolean delete(final String path) throws StoreException {
    ObjectPath.checkObject(path);
    final String what = "cannot remove " + where(path);
    final WebHdfsReply reply =
        client.ask(what, "DELETE", "DELETE", absolute(path), "recursive", "false");
    if (isAbsent(reply)) {
      return false;
    }
    return reply.bool(what);
  }

  /**
   * {@inheritDoc}
   *
   * <p>Tried several times, since another DataNode may have what the first one could not deliver,
   * and a reader (a disk that is attached) has no second chance of its own.
   */
  @Override
  public void read(final String path, final long offset, final ByteBuffer into)
      throws StoreException {
    final int start = into.position();
    for (int attempt = 1; ; attempt++) {
      try {
        readOnce(path, offset, into);
        return;
      } catch (final StoreUnavailableException e) {
        if (attempt == READ_ATTEMPTS || closed || !pauseBeforeAttempt(attempt + 1)) {
          throw e;
        }
        LOG.debug("reading again after: {}", e.getMessage());
        into.position(start);
      }
    }
  }

  /** Returns false when the thread was interrupted instead; its interrupt status is set then. */
  private static boolean pauseBeforeAttempt(final int attempt) {
    try {
      Thread.sleep(READ_PAUSE.multipliedBy(attempt - 1L).toMillis());
      return true;
    } catch (final InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void readOnce(final String path, final long offset, final ByteBuffer into)
      throws StoreException {
    final int wanted = into.remaining();
    if (wanted == 0) {
      return;
    }
    try (InputStream in = open(path, offset, wanted)) {
      if (into.hasArray()) {
        int done = 0;
        while (done < wanted) {
          final int at = into.arrayOffset() + into.position();
          final int count = in.read(into.array(), at, wanted - done);
          into.position(into.position() + count);
          done += count;
        }
      } else {
        final byte[] buffer = new byte[Math.min(wanted, COPY_BUFFER_BYTES)];
        while (into.hasRemaining()) {
          final int count = in.read(buffer, 0, Math.min(buffer.length, into.remaining()));
          into.put(buffer, 0, count);
        }
      }
    } catch (final StoreException e) {
      throw e;
    } catch (final IOException e) {
      throw new StoreUnavailableException(
          "cannot read " + where(path) + ": " + Failures.reason(e), e);
    }
  }

  @Override
  public InputStream open(final String path, final long offset, final long length)
      throws StoreException {
    ObjectPath.checkObject(path);
    final String what = "cannot read " + where(path);
    if (offset < 0 || length < 0) {
      throw new StoreException(
          String.format("%s: bad range of %d bytes from byte %d", what, length, offset));
    }
    if (length == 0) {
      final ObjectStatus status =
          status(path).orElseThrow(() -> new ObjectNotFoundException(what + ": no such object"));
      if (status.isDirectory() || status.lengthBytes() < offset) {
        throw new StoreException(what + ": it has no byte " + offset);
      }
      return InputStream.nullInputStream();
    }
    final InputStream body =
        client.download(
            what,
            "OPEN",
            absolute(path),
            "offset",
            Long.toString(offset),
            "length",
            Long.toString(length));
    return new ExactInputStream(body, length, where(path));
  }

  @Override
  public void close() {
    closed = true;
    client.close();
  }

  /** Returns whether HDFS vouches for the bytes; false proves nothing. */
  boolean checksumMatches(final String path, final ObjectSource source) throws StoreException {
    final String what = "cannot ask for the checksum of " + where(path);
    final WebHdfsReply reply = client.askDataNode(what, "GETFILECHECKSUM", absolute(path));
    if (reply.isUnsupported()) {
      LOG.info("{} knows no checksums: objects are read back to be compared", describe());
      checksumSupported = false;
      return false;
    }
    final JsonNode answer = reply.json(what).path("FileChecksum");
    final Optional<Algorithm> algorithm = Algorithm.parse(answer.path("algorithm").asText(""));
    final String bytes = answer.path("bytes").asText("");
    // bytesPerCrc (4 bytes), crcsPerBlock (8), MD5 (16), then nothing or zeroes.
    if (algorithm.isEmpty() || bytes.length() < 56) {
      LOG.debug("unknown checksum {} of {}", answer.path("algorithm"), where(path));
      return false;
    }
    return bytes.substring(24, 56).equalsIgnoreCase(md5Hex(source, algorithm.get()));
  }

  // Identity is meant: the very object that was sent.
  @SuppressWarnings("ReferenceEquality")
  private String md5Hex(final ObjectSource source, final Algorithm algorithm)
      throws StoreException {
    final Sent sent = lastSent;
    if (sent != null && sent.source() == source && sent.algorithm().equals(algorithm)) {
      return sent.md5Hex();
    }
    final HdfsChecksum checksum = new HdfsChecksum(algorithm);
    final byte[] buffer = new byte[COPY_BUFFER_BYTES];
    try (SourceReader in = SourceReader.open(source)) {
      int count;
      while ((count = in.read(buffer)) >= 0) {
        checksum.update(buffer, 0, count);
      }
    }
    return HexFormat.of().formatHex(checksum.digest());
  }

  /** Returns false, and nothing found, when the server cannot list in pages. */
  private boolean listInPages(final String what, final String dir, final List<ObjectStatus> found)
      throws StoreException {
    String after = "";
    while (true) {
      // HttpFS knows the parameter by its documented name only, the NameNode of Hadoop 3.5.0 only
      // in lower case: it ignores the other and sends the first page for ever.
      final WebHdfsReply reply =
          client.ask(
              what,
              "GET",
              "LISTSTATUS_BATCH",
              absolute(dir),
              "startAfter",
              after,
              "startafter",
              after);
      if (reply.failedWith("FileNotFoundException")) {
        return true;
      }
      if (reply.isUnsupported()) {
        return cannotListInPages(found);
      }
      final JsonNode listing = reply.json(what).path("DirectoryListing");
      final List<ObjectStatus> page = new ArrayList<>();
      addAll(what, dir, reply, listing.path("partialListing"), page);
      final boolean last = listing.path("remainingEntries").asLong(0) <= 0;
      final boolean advances =
          !page.isEmpty() && (found.isEmpty() || !page.get(0).equals(found.get(0)));
      if (!last && !advances) {
        return cannotListInPages(found);
      }
      found.addAll(page);
      if (last) {
        return true;
      }
      after = page.get(page.size() - 1).name();
    }
  }

  private boolean cannotListInPages(final List<ObjectStatus> found) {
    LOG.debug("{} cannot list directories in pages", describe());
    batchListSupported = false;
    found.clear();
    return false;
  }

  private void addAll(
      final String what,
      final String dir,
      final WebHdfsReply reply,
      final JsonNode listing,
      final List<ObjectStatus> found)
      throws StoreException {
    final JsonNode entries = listing.path("FileStatuses").path("FileStatus");
    if (!entries.isArray()) {
      throw reply.notWebHdfs(what);
    }
    for (final JsonNode entry : entries) {
      final String name = entry.path("pathSuffix").asText("");
      if (name.isEmpty()) {
        // The answer for an object is a list of itself, without a name.
        throw new StoreException(what + ": it is not a directory");
      }
      found.add(toStatus(ObjectPath.join(dir, name), entry, what, reply));
    }
  }

  private static ObjectStatus toStatus(
      final String path, final JsonNode status, final String what, final WebHdfsReply reply)
      throws StoreException {
    final JsonNode length = status.path("length");
    final JsonNode modified = status.path("modificationTime");
    final String type = status.path("type").asText("");
    if (!length.canConvertToLong() || length.longValue() < 0 || type.isEmpty()) {
      throw reply.notWebHdfs(what);
    }
    final boolean directory = type.equals("DIRECTORY");
    return new ObjectStatus(
        path,
        directory ? ObjectStatus.Kind.DIRECTORY : ObjectStatus.Kind.OBJECT,
        directory ? 0 : length.longValue(),
        Instant.ofEpochMilli(modified.asLong(0)));
  }

  /** A name below an object is absent too: "object/name". */
  private static boolean isAbsent(final WebHdfsReply reply) {
    return reply.failedWith("FileNotFoundException", "ParentNotDirectoryException")
        || reply
            .remoteError()
            .map(
                e ->
                    e.exception().equals("AccessControlException")
                        && e.message().contains("(is not a directory)"))
            .orElse(false);
  }

  private String absolute(final String path) {
    return path.isEmpty()
        ? uri.path()
        : uri.path().equals("/") ? "/" + path : uri.path() + "/" + path;
  }

  private String where(final String path) {
    final String base = describe();
    return path.isEmpty() ? base : base.endsWith("/") ? base + path : base + "/" + path;
  }
}
