package io.blockcam.archive.index;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;

/**
 * Looks for files that a reader does not stand, guided by what of the code they reach: {@code
 * JAZZER_FUZZ=1 mvn -pl archive -am -Dtest=HostileFilesFuzz test}. What it finds is kept in
 * HostileFilesFuzzInputs, and is a part of {@link HostileFilesTest} from then on.
 */
final class HostileFilesFuzz {

  @FuzzTest(maxDuration = "60s")
  void areDamagedAndNothingElse(final byte[] input) throws IOException {
    HostileFiles.read(input);
  }
}
