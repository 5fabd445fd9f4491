package io.blockcam.benchmarks.driverless;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the threads of this process have used so far. */
final class Threads {

  private static final Path TASKS = Path.of("/proc/self/task");
  private static final Pattern SWITCHES = Pattern.compile("ctxt_switches:\\s+(\\d+)");

  private Threads() {}

  /**
   * {@code {"queue": {"cpuNs": N, "switches": N}, "consumer": ..., "others": ...}}: time on a
   * processor, in ns, and context switches (proc(5): schedstat, status).
   */
  static ObjectNode use() throws IOException {
    final ObjectNode use = JsonNodeFactory.instance.objectNode();
    for (final String role : new String[] {"queue", "consumer", "others"}) {
      use.putObject(role).put("cpuNs", 0L).put("switches", 0L);
    }
    try (DirectoryStream<Path> tasks = Files.newDirectoryStream(TASKS)) {
      for (final Path task : tasks) {
        try {
          add((ObjectNode) use.get(role(Files.readString(task.resolve("comm")))), task);
        } catch (final NoSuchFileException e) {
          // it has ended meanwhile
        }
      }
    }
    return use;
  }

  /** Names are cut to 15 characters there. */
  private static String role(final String name) {
    if (name.startsWith("ublk")) {
      return "queue";
    }
    return name.startsWith("blockcam-consum") ? "consumer" : "others";
  }

  private static void add(final ObjectNode use, final Path task) throws IOException {
    final long cpuNs = Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ", 2)[0]);
    long switches = 0;
    final Matcher matcher = SWITCHES.matcher(Files.readString(task.resolve("status")));
    while (matcher.find()) {
      switches += Long.parseLong(matcher.group(1));
    }
    use.put("cpuNs", use.get("cpuNs").asLong() + cpuNs);
    use.put("switches", use.get("switches").asLong() + switches);
  }
}
