package io.blockcam.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.blockcam.store.StoreUri.HostPort;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class StoreUriTest {

  @ParameterizedTest
  @CsvSource({
    "file:///srv/archive,file:///srv/archive",
    "file:/srv/archive/,file:///srv/archive",
    "FILE://localhost/srv/./a/../b%20c,file:///srv/b%20c",
    "webhdfs://nn:9870/dir,webhdfs://nn:9870/dir",
    "webhdfs://nn,webhdfs://nn:9870/",
    "WebHDFS://nn//a///b/,webhdfs://nn:9870/a/b",
    "swebhdfs://nn/dir,swebhdfs://nn:9871/dir",
    "webhdfs://alice@nn/dir,webhdfs://alice@nn:9870/dir",
    "webhdfs://al%20ice@nn/d%C3%A4%20x,webhdfs://al%20ice@nn:9870/d%C3%A4%20x",
    "webhdfs://[::1]:50070/dir,webhdfs://[::1]:50070/dir"
  })
  void readsAndTellsTheCanonicalForm(final String text, final String canonical) {
    assertThat(StoreUri.parse(text)).hasToString(canonical);
    assertThat(StoreUri.parse(canonical)).isEqualTo(StoreUri.parse(text));
  }

  @Test
  void readsSeveralNameNodes() {
    assertThat(StoreUri.parse("webhdfs://bob@nn1:1234,nn2/dir"))
        .isEqualTo(
            new StoreUri.WebHdfs(
                false,
                Optional.of("bob"),
                List.of(new HostPort("nn1", 1234), new HostPort("nn2", 9870)),
                "/dir"));
  }

  @Test
  void readsADirectory() {
    assertThat(StoreUri.parse("file:///srv/a%25b"))
        .isEqualTo(new StoreUri.Directory(Path.of("/srv/a%b")));
  }

  @Test
  void refusesAnUnknownScheme() {
    assertThatExceptionOfType(StoreUriException.class)
        .isThrownBy(() -> Stores.open("ftp://host/dir"))
        .withMessage(
            "unknown archive scheme 'ftp' in ftp://host/dir: use file:///dir,"
                + " webhdfs://host:port/dir or swebhdfs://host:port/dir");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/srv/archive",
        "archive",
        "file:archive",
        "file://host/dir",
        "file:///dir?x=1",
        "file:///dir#x",
        "webhdfs:///dir",
        "webhdfs://:9870/dir",
        "webhdfs://nn:0/dir",
        "webhdfs://nn:65536/dir",
        "webhdfs://nn:x/dir",
        "webhdfs://nn1,,nn2/dir",
        "webhdfs://@nn/dir",
        "webhdfs://nn/a/../b",
        "webhdfs://nn/a%3Ab",
        "webhdfs://nn/a%00b",
        "webhdfs://nn/dir?user.name=x",
        "webhdfs://n n/dir",
        "hdfs://nn/dir"
      })
  void refusesWhatNamesNoUsablePlaceInOneLine(final String text) {
    assertThatExceptionOfType(StoreUriException.class)
        .isThrownBy(() -> StoreUri.parse(text))
        .satisfies(e -> assertThat(String.valueOf(e.getMessage()).lines()).hasSize(1))
        .withMessageContaining("use ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "webhdfs://alice:secret@nn/dir",
        "ftp://alice:secret@nn/dir",
        "webhdfs://alice:se@cret@nn/d ir",
        "file://alice:secret@nn/dir"
      })
  void doesNotRepeatAPassword(final String text) {
    assertThatExceptionOfType(StoreUriException.class)
        .isThrownBy(() -> StoreUri.parse(text))
        .withMessageNotContaining("cret")
        .withMessageContaining("alice:***@");
  }

  @Test
  void takesTheUserFromTheEnvironment() {
    assertThat(StoreOptions.defaults(Map.of("HADOOP_USER_NAME", "hdfs")).user()).isEqualTo("hdfs");
    assertThat(StoreOptions.defaults(Map.of("HADOOP_USER_NAME", "")).user())
        .isEqualTo(System.getProperty("user.name"));
    assertThat(StoreOptions.defaults(Map.of()).user()).isEqualTo(System.getProperty("user.name"));
  }
}
