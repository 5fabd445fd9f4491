package io.blockcam.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract on a real NameNode and DataNode, with blocks of 1 MiB. */
@ExtendWith(HdfsForTests.class)
final class WebHdfsStoreOnHdfsTest extends ObjectStoreContract {
  private static final long BLOCK_BYTES = 1 << 20;

  private final StoreUri.WebHdfs uri;

  WebHdfsStoreOnHdfsTest(final StoreUri.WebHdfs uri) {
    this.uri = uri;
  }

  @Override
  ObjectStore openStore() throws IOException {
    return new WebHdfsStore(uri, StoreOptions.defaults(Map.of()), BLOCK_BYTES);
  }

  @ParameterizedTest
  @ValueSource(
      ints = {1, 512, 513, 1 << 20, (1 << 20) + 1, 2 << 20, (2 << 20) + 700, 3 << 20, 9 << 20})
  void computesTheChecksumThatHdfsComputes(final int lengthBytes) throws IOException {
    final byte[] content = bytes(lengthBytes);
    try (WebHdfsStore store = new WebHdfsStore(uri, StoreOptions.defaults(Map.of()), BLOCK_BYTES)) {
      final ObjectSource source = ObjectSource.of("x", content);
      store.create("object", source);

      assertThat(store.checksumMatches("object", source)).as("summed while sent").isTrue();
      assertThat(store.checksumMatches("object", ObjectSource.of("again", content)))
          .as("summed afterwards")
          .isTrue();
      content[lengthBytes / 2] ^= 0x10;
      assertThat(store.checksumMatches("object", ObjectSource.of("other", content)))
          .as("other bytes")
          .isFalse();
    }
  }

  @Test
  void listsMoreThanOnePage() throws IOException {
    try (ObjectStore store = openStore()) {
      // The NameNode sends 1000 entries at a time (dfs.ls.limit).
      for (int i = 0; i < 2010; i++) {
        store.mkdirs(String.format("many/%010d", i));
      }

      final List<ObjectStatus> entries = store.list("many");

      assertThat(entries).hasSize(2010);
      assertThat(entries.get(1234).name()).isEqualTo("0000001234");
    }
  }

  /** E10: the NameNode names the place for the data without encoding it. */
  @ParameterizedTest
  @ValueSource(strings = {"архив 試", "a[b]c", "a|b^c", "50% of it", "a+b&c=d;e,f"})
  void storesBelowADirectoryOfAnyName(final String name) throws IOException {
    final StoreUri.WebHdfs odd =
        new StoreUri.WebHdfs(uri.tls(), uri.user(), uri.nameNodes(), uri.path() + "/" + name);
    final byte[] content = bytes(5000);
    try (WebHdfsStore store = new WebHdfsStore(odd, StoreOptions.defaults(Map.of()), BLOCK_BYTES)) {
      store.create("object", ObjectSource.of("x", content));

      assertThat(store.open("object", 0, content.length).readAllBytes()).isEqualTo(content);
      assertThat(store.list("")).extracting(ObjectStatus::path).containsExactly("object");
    }
  }
}
