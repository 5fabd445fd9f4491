package io.blockcam.store;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** A NameNode and a DataNode that were started here, with {@code scripts/hdfs}. */
public final class HdfsProcesses implements AutoCloseable {

  /** What runs. */
  public enum Role {
    NAMENODE,
    /** The other one of a {@code --pair}. */
    STANDBY,
    DATANODE;

    /** As scripts/hdfs names it. */
    private String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Path script;
  private final Path dir;
  private final String uri;

  private HdfsProcesses(final Path script, final Path dir, final String uri) {
    this.script = script;
    this.dir = dir;
    this.uri = uri;
  }

  /**
   * Starts them; returns when files are taken.
   *
   * @param firstPort of ten times five hundred ports that modules which are tested at the same time
   *     share
   * @param options of {@code scripts/hdfs start}
   */
  public static HdfsProcesses start(final int firstPort, final String... options) {
    try {
      Path root = Path.of("").toAbsolutePath();
      while (!Files.isExecutable(root.resolve("scripts/hdfs"))) {
        root = root.getParent();
        if (root == null) {
          throw new IllegalStateException("scripts/hdfs is not in a directory above this one");
        }
      }
      final Path script = root.resolve("scripts/hdfs");
      final Path dir = Files.createTempDirectory("blockcam-test-hdfs");
      final int portBase = firstPort + (int) (ProcessHandle.current().pid() % 500) * 10;
      final List<String> arguments = new ArrayList<>();
      Collections.addAll(arguments, "start", "--dir", dir.toString());
      Collections.addAll(arguments, "--port-base", "" + portBase);
      Collections.addAll(arguments, "--with", "" + ProcessHandle.current().pid());
      Collections.addAll(arguments, options);
      final String uri = run(script, arguments.toArray(String[]::new)).strip();
      return new HdfsProcesses(script, dir, uri);
    } catch (final IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** {@code webhdfs://host:port}, or as the options want it. */
  public String uri() {
    return uri;
  }

  /** Starts what does not run; returns when files are taken. */
  public void startAgain() throws IOException {
    run(script, "start", "--dir", dir.toString());
  }

  /** Stops it politely; {@link #startAgain} starts it. */
  public void stop() throws IOException {
    run(script, "stop", "--dir", dir.toString());
  }

  /** Makes one of a pair the active one. */
  public void activate(final Role role) throws IOException {
    run(script, "active", role.word(), "--dir", dir.toString());
  }

  /** SIGKILL. */
  public void kill(final Role role) throws IOException {
    signal(role, "KILL");
    final long pid = pid(role);
    while (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent()) {
      Thread.onSpinWait();
    }
  }

  /** SIGSTOP: it keeps its connections, and does nothing. */
  public void suspend(final Role role) throws IOException {
    signal(role, "STOP");
  }

  /** Hands the arguments to Hadoop's dfsadmin. */
  public void admin(final String... arguments) throws IOException {
    final List<String> all = new ArrayList<>(List.of("admin", "--dir", dir.toString(), "--"));
    all.addAll(List.of(arguments));
    run(script, all.toArray(String[]::new));
  }

  /** Gives a file or directory these permissions, as its superuser. */
  public void permit(final String path, final String octal) throws IOException {
    final URI request =
        URI.create(
            "http://%s/webhdfs/v1%s?op=SETPERMISSION&permission=%s&user.name=%s"
                .formatted(
                    uri.substring(uri.indexOf("//") + 2),
                    path,
                    octal,
                    System.getProperty("user.name")));
    try (HttpClient http = HttpClient.newHttpClient()) {
      final int status =
          http.send(
                  HttpRequest.newBuilder(request).PUT(BodyPublishers.noBody()).build(),
                  BodyHandlers.discarding())
              .statusCode();
      if (status != 200) {
        throw new IOException("%s was answered with status %d".formatted(request, status));
      }
    } catch (final InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void signal(final Role role, final String name) throws IOException {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(pid(role))).start().waitFor();
    } catch (final InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private long pid(final Role role) throws IOException {
    final Path file = dir.resolve(role.word() + ".pid");
    return Long.parseLong(Files.readString(file).strip());
  }

  private static String run(final Path script, final String... arguments) throws IOException {
    final ProcessBuilder builder = new ProcessBuilder(script.toString());
    builder.command().addAll(List.of(arguments));
    final Process process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    final String output;
    try (InputStream in = process.getInputStream()) {
      output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    try {
      final int status = process.waitFor();
      if (status != 0) {
        throw new IllegalStateException(builder.command() + " ended with status " + status);
      }
    } catch (final InterruptedException e) {
      process.destroy();
      throw new IllegalStateException(e);
    }
    return output;
  }

  @Override
  public void close() throws IOException {
    stop();
    try (var files = Files.walk(dir)) {
      for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
