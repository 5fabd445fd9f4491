package io.blockcam.vmtests.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a process holds.
 *
 * @param openFiles file descriptors
 * @param threads of it
 * @param memoryKib resident, beside what it shares with files
 * @param sharedKib of all files in /dev/shm, whoever's they are
 */
public record ProcessUse(long openFiles, long threads, long memoryKib, long sharedKib) {

  /** A pool of connections, or of a thread for each upload, is no growth. */
  private static final int FEW = 20;

  private static final long A_LITTLE_KIB = 64 << 10;

  /** What it holds now. */
  public static ProcessUse of(final long pid) throws IOException {
    final Path process = Path.of("/proc", Long.toString(pid));
    final List<String> status = Files.readAllLines(process.resolve("status"));
    final long files;
    try (Stream<Path> list = Files.list(process.resolve("fd"))) {
      files = list.count();
    }
    final long sharedKib = Long.parseLong(Shell.sh("du -sk /dev/shm").split("\\s")[0]);
    return new ProcessUse(files, field(status, "Threads:"), field(status, "RssAnon:"), sharedKib);
  }

  /** Of proc_pid_status(5). */
  private static long field(final List<String> status, final String name) {
    return status.stream()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()).strip().split(" ")[0])
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElseThrow();
  }

  /** Fails the test unless a process holds at the end what it held after a third of the time. */
  public static void mustStayFlat(final List<ProcessUse> overTime) {
    final ProcessUse early = overTime.get(overTime.size() / 3);
    final ProcessUse last = overTime.getLast();
    assertThat(last.openFiles()).as("open files").isLessThan(early.openFiles() + FEW);
    assertThat(last.threads()).as("threads").isLessThan(early.threads() + FEW);
    assertThat(last.memoryKib()).as("memory").isLessThan(early.memoryKib() + A_LITTLE_KIB);
    assertThat(last.sharedKib()).as("/dev/shm").isLessThan(early.sharedKib() + A_LITTLE_KIB);
  }
}
