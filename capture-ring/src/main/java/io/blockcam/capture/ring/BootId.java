package io.blockcam.capture.ring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** Which boot of the machine this is (proc_sys_kernel(5), random/boot_id). */
public final class BootId {
  private static final Path FILE = Path.of("/proc/sys/kernel/random/boot_id");

  private BootId() {}

  /** That of the running kernel. */
  public static UUID current() throws IOException {
    return UUID.fromString(Files.readString(FILE).strip());
  }
}
