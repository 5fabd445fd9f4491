package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.ublk.DeviceOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A stop ends by itself before the service manager ends it. */
final class StopTimeTest {

  @Test
  void allLimitsOfAStopTogetherAreBelowThatOfTheService() throws IOException {
    final Duration longest =
        RecordingSession.longestStop(
            DeviceOptions.defaults(), HumanDuration.parse(RecordCommand.STOP_LIMIT));

    assertThat(longest).isLessThan(timeoutOfTheService());
  }

  private static Duration timeoutOfTheService() throws IOException {
    final Matcher line =
        Pattern.compile("^TimeoutStopSec=(\\d+)min$", Pattern.MULTILINE)
            .matcher(Files.readString(Path.of("src/main/rpm/blockcam@.service")));
    assertThat(line.find()).isTrue();
    return Duration.ofMinutes(Long.parseLong(line.group(1)));
  }
}
