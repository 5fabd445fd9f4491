package io.blockcam.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.blockcam.archive.Baseline;
import io.blockcam.archive.Recording;
import io.blockcam.archive.segment.SegmentLimits;
import io.blockcam.capture.Capture;
import io.blockcam.capture.CaptureOptions;
import io.blockcam.capture.OnFull;
import io.blockcam.capture.disk.Backing;
import io.blockcam.capture.ring.SlabHeader;
import io.blockcam.capture.spool.SealRules;
import io.blockcam.capture.spool.Spool;
import io.blockcam.nativebindings.Posix;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.StoreOptions;
import io.blockcam.store.StoreUri;
import io.blockcam.store.Stores;
import io.blockcam.ublk.control.UblkControl;
import io.blockcam.ublk.tap.QueueTap;
import io.blockcam.ublk.target.FileTarget;
import io.blockcam.uploader.Pace;
import io.blockcam.uploader.Sending;
import io.blockcam.uploader.Uploader;
import io.blockcam.uring.IoUring;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * Does once, on a made-up disk in a directory of its own, what the commands do: the run from which
 * a JVM makes its cache of loaded classes (JEP 483, JEP 514; {@code blockcam make-cache} starts
 * it).
 *
 * <p>Touches nothing outside that directory and makes no device, whatever the machine has. What the
 * machine does not let it do (no io_uring, say) is left out: a cache with fewer classes is a slower
 * one, never a wrong one.
 */
public final class Rehearsal {

  private static final String NAME = "rehearsal";
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCK_SECTORS = 8;
  private static final int BLOCKS = 16;
  private static final long DISK_BYTES = 1 << 20;
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final Path dir;

  private Rehearsal(final Path dir) {
    this.dir = dir;
  }

  /**
   * @param args an empty directory; what is made in it is the caller's to remove
   */
  public static void main(final String[] args) throws Exception {
    new Rehearsal(Path.of(args[0])).run();
  }

  private void run() throws Exception {
    loadOwnClasses();
    openWhatADeviceNeeds();
    record();
    final String directory = dir.resolve("archive").toUri().toString();
    commandsOn(directory);
    final HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/webhdfs/v1", this::answer);
    server.start();
    try {
      commandsOn("webhdfs://127.0.0.1:" + server.getAddress().getPort());
    } finally {
      server.stop(0);
    }
  }

  private void commandsOn(final String archive) {
    command("--version");
    command("--help");
    command("record", "--help");
    command("record", "--archive", archive, "--backing", "/nonexistent/disk", "--name", NAME);
    command("serve", "--backing", "/nonexistent/disk");
    command("list", "--archive", archive);
    command("info", "--archive", archive, "--name", NAME);
    command("info", "--archive", archive, "--name", NAME, "--json");
    command("verify", "--archive", archive, "--name", NAME);
    final String image = dir.resolve("image").toString();
    command("replay", "--archive", archive, "--name", NAME, "--to", image, "--force");
    command("replay", "--archive", archive, "--name", NAME, "--to", image, "--at", "seq:3");
    command(
        "replay",
        "--archive",
        archive,
        "--name",
        NAME,
        "--to",
        image,
        "--at",
        "2001-02-03T04:05:06Z",
        "--force");
  }

  private static void command(final String... args) {
    Blockcam.execute(
        Blockcam.commandLine(args)
            .setOut(new PrintWriter(new StringWriter()))
            .setErr(new PrintWriter(new StringWriter())),
        args);
  }

  /** Every class of ours, also those that only a live device needs. */
  private static void loadOwnClasses() throws IOException {
    for (final String jar : System.getProperty("java.class.path").split(":")) {
      try (JarFile file = new JarFile(jar)) {
        for (final JarEntry entry : Collections.list(file.entries())) {
          final String name = entry.getName();
          if (name.startsWith("io/blockcam/")
              && name.endsWith(".class")
              && !name.endsWith("package-info.class")) {
            load(name.substring(0, name.length() - ".class".length()).replace('/', '.'));
          }
        }
      }
    }
  }

  private static void load(final String name) {
    try {
      Class.forName(name, false, Rehearsal.class.getClassLoader());
    } catch (final ClassNotFoundException | LinkageError e) {
      // One that needs what is not shipped: it will not be used either.
    }
  }

  private void openWhatADeviceNeeds() throws IOException {
    try (FileTarget target =
        FileTarget.open(Posix.linux(), dir.resolve("disk").toString(), DISK_BYTES)) {
      target.describe();
    }
    try (IoUring ring = IoUring.builder().entries(8).build(Posix.linux())) {
      ring.prepareNop(1);
      ring.submitAndWait(1);
      ring.advance(ring.completions());
    } catch (final IOException e) {
      // Not allowed here.
    }
    try {
      UblkControl.open(Posix.linux()).close();
    } catch (final IOException e) {
      // No driver here.
    }
  }

  /** What {@code record} does with the writes of a guest, and ships into a directory. */
  private void record() throws IOException, InterruptedException {
    final Recording recording =
        new Recording(
            UUID.randomUUID(), NAME, DISK_BYTES, Instant.now(), "localhost", "", Baseline.EMPTY);
    final CaptureOptions options =
        new CaptureOptions(
            dir.resolve("ring"),
            SlabHeader.slotsFor(DISK_BYTES),
            BLOCKS * BLOCK_SECTORS,
            SealRules.beside(SegmentLimits.DEFAULT, Duration.ofSeconds(1)),
            OnFull.BLOCK,
            CaptureOptions.DEFAULT_REGION_BYTES);
    try (ObjectStore store =
            Stores.open(
                StoreUri.parse(dir.resolve("archive").toUri().toString()),
                StoreOptions.defaults(System.getenv()));
        Spool spool = Spool.open(dir.resolve("spool"), recording, 1L << 30);
        Uploader uploader =
            new Uploader(
                store,
                recording,
                new SpoolSource(spool),
                Sending.plain(dir.resolve("encoding")),
                Pace.usual());
        Arena arena = Arena.ofConfined()) {
      final Capture capture =
          Capture.start(spool, options, Backing.unwritten((data, offset) -> data.fill((byte) 0)));
      uploader.start();
      final QueueTap queue = capture.tap().openQueue(0, () -> {});
      final MemorySegment data = arena.allocate((long) BLOCKS * BLOCK_BYTES, BLOCK_BYTES);
      data.fill((byte) 7);
      for (int block = 0; block < BLOCKS; block++) {
        final long ticket =
            queue.offerWrite((long) block * BLOCK_SECTORS, BLOCK_SECTORS, data, 0, false);
        queue.complete(ticket, BLOCK_BYTES);
      }
      queue.complete(queue.offerZeroes(0, BLOCK_SECTORS, /* discard= */ true, false), 0);
      queue.requestDurable(queue.offerFlush());
      capture.stop(LIMIT);
      uploader.drain(LIMIT);
    }
  }

  /** As much of WebHDFS as reading an archive takes: its answers come from the directory. */
  private void answer(final HttpExchange exchange) throws IOException {
    final URI uri = exchange.getRequestURI();
    final String path = uri.getPath().substring("/webhdfs/v1".length());
    final Path file = dir.resolve("archive").resolve(path.replaceFirst("^/+", ""));
    final String query = uri.getQuery() + "&";
    if (!Files.exists(file)) {
      reply(
          exchange,
          404,
          "{\"RemoteException\":{\"exception\":\"FileNotFoundException\",\"javaClassName\":"
              + "\"java.io.FileNotFoundException\",\"message\":\"File does not exist\"}}");
    } else if (query.contains("op=OPEN") && !query.contains("datanode")) {
      final String location =
          "http://" + exchange.getRequestHeaders().getFirst("Host") + uri + "&datanode=1";
      reply(exchange, 200, "{\"Location\":\"" + location + "\"}");
    } else if (query.contains("op=OPEN")) {
      final byte[] all = Files.readAllBytes(file);
      final int offset = Math.clamp(number(query, "offset", 0), 0, all.length);
      final int length = Math.clamp(number(query, "length", all.length), 0, all.length - offset);
      exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
      exchange.sendResponseHeaders(200, length == 0 ? -1 : length);
      exchange.getResponseBody().write(all, offset, length);
      exchange.close();
    } else if (query.contains("op=LISTSTATUS_BATCH")) {
      reply(
          exchange,
          200,
          "{\"DirectoryListing\":{\"partialListing\":{\"FileStatuses\":{\"FileStatus\":["
              + String.join(",", children(file))
              + "]}},\"remainingEntries\":0}}");
    } else if (query.contains("op=LISTSTATUS")) {
      reply(
          exchange,
          200,
          "{\"FileStatuses\":{\"FileStatus\":[" + String.join(",", children(file)) + "]}}");
    } else {
      reply(exchange, 200, "{\"FileStatus\":" + status(file, "") + "}");
    }
  }

  private static long number(final String query, final String name, final long otherwise) {
    for (final String parameter : query.split("&")) {
      if (parameter.startsWith(name + "=")) {
        return Long.parseLong(parameter.substring(name.length() + 1));
      }
    }
    return otherwise;
  }

  private static List<String> children(final Path directory) throws IOException {
    final List<String> statuses = new ArrayList<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (final Path file : files.toList()) {
        statuses.add(status(file, String.valueOf(file.getFileName())));
      }
    }
    return statuses;
  }

  private static String status(final Path file, final String suffix) throws IOException {
    final boolean directory = Files.isDirectory(file);
    return String.format(
        Locale.ROOT,
        "{\"pathSuffix\":\"%s\",\"type\":\"%s\",\"length\":%d,\"modificationTime\":%d,"
            + "\"blockSize\":134217728,\"replication\":1,\"permission\":\"640\"}",
        suffix,
        directory ? "DIRECTORY" : "FILE",
        directory ? 0 : Files.size(file),
        Files.getLastModifiedTime(file).toMillis());
  }

  private static void reply(final HttpExchange exchange, final int status, final String json)
      throws IOException {
    final byte[] body = json.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }
}
