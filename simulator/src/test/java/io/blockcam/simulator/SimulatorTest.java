package io.blockcam.simulator;

import io.blockcam.archive.faults.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Whatever fails and whenever, the rules hold. {@code -Dsimulator.seconds=N} says how long that is
 * tried; a failure names its seed, and {@code -Dseed=N} has it again.
 */
final class SimulatorTest {

  private Path directory = Path.of("unset");
  private int recordings;
  private Duration passed = Duration.ZERO;

  @BeforeEach
  void makeDirectory() throws IOException {
    directory = Files.createTempDirectory(Path.of("/dev/shm"), "blockcam-simulator");
  }

  @AfterEach
  void removeDirectory() throws IOException {
    Files.delete(directory);
  }

  @Test
  void keepsTheRulesWhateverFails() {
    final int seconds = Integer.getInteger("simulator.seconds", 5);
    final long first = simulate(seconds);
    System.out.printf(
        "simulated %d recordings from seed %d on, %d h %d min in all%n",
        recordings, first, passed.toHours(), passed.toMinutesPart());
  }

  private long simulate(final int seconds) {
    return Seeds.forEach(
        seconds,
        random -> {
          try (Simulation simulation = new Simulation(random, directory)) {
            simulation.live();
            recordings++;
            passed = passed.plus(simulation.passed());
          }
        });
  }
}
