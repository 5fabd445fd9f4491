package io.blockcam.simulator;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.blockcam.archive.faults.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever fails and whenever, the rules hold. {@code -Dsimulator.seconds=N} says how long that is
 * tried; a failure names its seed, and {@code -Dseed=N} has it again.
 */
final class SimulatorTest {

  /** The rarest of the known failures shows within a few seconds. */
  private static final int KNOWN_FAILURE_SECONDS = 120;

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
    final long first = simulate(seconds, EnumSet.allOf(KnownFailure.class));
    System.out.printf(
        "simulated %d recordings from seed %d on, %d h %d min in all%n",
        recordings, first, passed.toHours(), passed.toMinutesPart());
  }

  /** When this fails, the failure is mended: take it out of the list. */
  @ParameterizedTest
  @EnumSource
  void stillFindsWhatIsKnownToFail(final KnownFailure failure) {
    assumeThat(System.getProperty("seed")).as("a seed that was asked for").isNull();
    assertThatThrownBy(
            () -> simulate(KNOWN_FAILURE_SECONDS, EnumSet.complementOf(EnumSet.of(failure))))
        .hasMessageStartingWith("-Dseed=");
  }

  private long simulate(final int seconds, final Set<KnownFailure> known) {
    return Seeds.forEach(
        seconds,
        random -> {
          try (Simulation simulation = new Simulation(random, directory, known)) {
            simulation.live();
            recordings++;
            passed = passed.plus(simulation.passed());
          }
        });
  }
}
