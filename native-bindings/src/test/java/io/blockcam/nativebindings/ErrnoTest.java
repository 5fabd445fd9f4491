package io.blockcam.nativebindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.nativebindings.uapi.Linux;
import org.junit.jupiter.api.Test;

class ErrnoTest {

  @Test
  void describesANumberByNameAndMeaning() {
    assertThat(Errno.describe(Linux.EIO())).isEqualTo("EIO (Input/output error)");
    assertThat(Errno.describe(-Linux.EACCES())).isEqualTo("EACCES (Permission denied)");
    assertThat(Errno.describe(-4000)).isEqualTo("errno 4000 (Unknown error)");
    assertThat(Errno.name(0)).isEqualTo("errno 0");
    assertThat(Errno.name(Integer.MIN_VALUE)).startsWith("errno ");
  }

  @Test
  void putsCallArgumentsAndReasonInOneLine() {
    assertThatThrownBy(() -> ErrnoException.orThrow(-Linux.ENOENT(), "open", "/dev/x", 2))
        .isInstanceOfSatisfying(
            ErrnoException.class,
            e -> {
              assertThat(e.errno()).isEqualTo(Linux.ENOENT());
              assertThat(e.call()).isEqualTo("open");
              assertThat(e.arguments()).isEqualTo("/dev/x, 2");
            })
        .hasMessage("open(/dev/x, 2): ENOENT (No such file or directory)");
  }

  @Test
  void passesASuccessOn() throws Exception {
    assertThat(ErrnoException.orThrow(3, "open", "/dev/x")).isEqualTo(3);
    assertThat(ErrnoException.orThrow(1L << 40, "mmap")).isEqualTo(1L << 40);
  }
}
