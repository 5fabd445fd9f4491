package io.blockcam.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;

/** An error says what happened to which file, though Java's own message is a bare path. */
final class MessagesTest {

  @Test
  void saysWhatIsWrongWithAFile() {
    assertThat(Messages.of(new NoSuchFileException("/srv/x")))
        .isEqualTo("/srv/x: no such file or directory");
    assertThat(Messages.of(new AccessDeniedException("/srv/x")))
        .isEqualTo("/srv/x: permission denied");
    assertThat(Messages.of(new FileSystemException("/srv/x", null, "Input/output error")))
        .isEqualTo("/srv/x: Input/output error");
  }

  @Test
  void saysWhatAWrappedErrorSays() {
    assertThat(Messages.of(new UncheckedIOException(new NoSuchFileException("/srv/x"))))
        .isEqualTo("/srv/x: no such file or directory");
  }

  @Test
  void keepsToOneLine() {
    assertThat(Messages.of(new IOException("first\nsecond"))).isEqualTo("first");
  }

  @Test
  void namesTheErrorThatSaysNothing() {
    assertThat(Messages.of(new IllegalStateException()))
        .isEqualTo("java.lang.IllegalStateException");
  }
}
