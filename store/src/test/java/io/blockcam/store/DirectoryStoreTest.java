package io.blockcam.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

final class DirectoryStoreTest extends ObjectStoreContract {
  @TempDir private Path temp;

  @Override
  ObjectStore openStore() throws IOException {
    return Stores.open(new StoreUri.Directory(temp.resolve("deep/archive")).toString());
  }

  @Test
  void keepsObjectsFromOtherUsers() throws IOException {
    try (ObjectStore store = openStore()) {
      store.create("a/object", ObjectSource.of("x", bytes(1)));
    }
    final Path root = temp.resolve("deep/archive");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("a"))))
        .isEqualTo("rwxr-x---");
    assertThat(
            PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve("a/object"))))
        .isEqualTo("rw-r-----");
  }

  @Test
  void refusesLinksThatLeadOut() throws IOException {
    Files.writeString(temp.resolve("secret"), "secret");
    try (ObjectStore store = openStore()) {
      store.mkdirs("");
      final Path root = temp.resolve("deep/archive");
      Files.createSymbolicLink(root.resolve("out"), temp);
      Files.createSymbolicLink(root.resolve("file"), temp.resolve("secret"));

      for (final String path : new String[] {"out/secret", "file", "out/new"}) {
        assertThatExceptionOfType(StoreRefusedException.class)
            .isThrownBy(() -> store.read(path, 0, ByteBuffer.allocate(1)))
            .withMessageContaining("leads out of");
        assertThatExceptionOfType(StoreRefusedException.class)
            .isThrownBy(() -> store.create(path, ObjectSource.of("x", bytes(1))));
      }
    }
    assertThat(temp.resolve("secret")).hasContent("secret");
    assertThat(temp.resolve("new")).doesNotExist();
  }

  /** B14: who opens a pipe waits for somebody to write to it. */
  @Test
  @Timeout(20)
  void refusesAPipe() throws IOException, InterruptedException {
    try (ObjectStore store = openStore()) {
      store.mkdirs("");
      final Path pipe = temp.resolve("deep/archive/recording.json");
      assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();

      assertThatExceptionOfType(StoreException.class)
          .isThrownBy(() -> store.read("recording.json", 0, ByteBuffer.allocate(1)))
          .withMessageContaining("is no regular file");
    }
  }

  /** Streams of one object share its file. */
  @Test
  void closesAStreamOnce() throws IOException {
    try (ObjectStore store = openStore()) {
      store.create("object", ObjectSource.of("x", bytes(10)));
      try (InputStream one = store.open("object", 0, 10)) {
        try (InputStream other = store.open("object", 0, 10)) {
          other.close();
        } // closed again
        store.delete("object");
        assertThat(one.readAllBytes()).isEqualTo(bytes(10));
      }
    }
  }

  @Test
  void followsLinksInside() throws IOException {
    try (ObjectStore store = openStore()) {
      store.create("other-disk/object", ObjectSource.of("x", bytes(10)));
      final Path root = temp.resolve("deep/archive");
      Files.createSymbolicLink(root.resolve("recording"), root.resolve("other-disk"));

      store.read("recording/object", 0, ByteBuffer.allocate(10));
    }
  }

  @Test
  void finishesARenameThatACrashCutInTwo() throws IOException {
    try (ObjectStore store = openStore()) {
      store.create("from", ObjectSource.of("x", bytes(10)));
      final Path root = temp.resolve("deep/archive");
      Files.createLink(root.resolve("to"), root.resolve("from"));

      assertThat(store.rename("from", "to")).isTrue();

      assertThat(store.status("from")).isEmpty();
      assertThat(store.status("to")).isPresent();
    }
  }
}
