package io.blockcam.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store has to keep. */
@TestInstance(TestInstance.Lifecycle.PER_METHOD)
abstract class ObjectStoreContract {
  private ObjectStore store;

  /** Everything of one test stands in a directory of its own. */
  private final String dir = "test-" + UUID.randomUUID();

  /** Opens the store under test. */
  abstract ObjectStore openStore() throws IOException;

  @BeforeEach
  final void open() throws IOException {
    store = openStore();
  }

  @AfterEach
  final void close() throws IOException {
    store.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 511, 512, 513, 4096, 65_536, 1_048_579, 5_000_000})
  void readsBackWhatWasStored(final int lengthBytes) throws IOException {
    final byte[] content = bytes(lengthBytes);
    final ObjectSource source = ObjectSource.of("content", content);

    store.create(dir + "/object", source);

    assertThat(store.matches(dir + "/object", source)).isTrue();
    assertThat(store.matches(dir + "/object", ObjectSource.of("same", content))).isTrue();
    assertThat(read(dir + "/object", 0, lengthBytes)).isEqualTo(content);
    assertThat(store.status(dir + "/object"))
        .hasValueSatisfying(
            status -> {
              assertThat(status.lengthBytes()).isEqualTo(lengthBytes);
              assertThat(status.kind()).isEqualTo(ObjectStatus.Kind.OBJECT);
              assertThat(status.path()).isEqualTo(dir + "/object");
              assertThat(status.name()).isEqualTo("object");
              assertThat(status.modified())
                  .isBetween(
                      Instant.now().minus(Duration.ofHours(1)),
                      Instant.now().plus(Duration.ofHours(1)));
            });
  }

  @Test
  void replacesAnObjectThatIsStoredAgain() throws IOException {
    store.create(dir + "/object", ObjectSource.of("first", bytes(5000)));
    final ObjectSource second = ObjectSource.of("second", bytes(300));

    store.create(dir + "/object", second);

    assertThat(store.matches(dir + "/object", second)).isTrue();
    assertThat(read(dir + "/object", 0, 300)).isEqualTo(bytes(300));
  }

  @Test
  void makesTheDirectoriesAboveAnObject() throws IOException {
    store.create(dir + "/a/b/c/object", ObjectSource.of("x", bytes(1)));

    assertThat(store.status(dir + "/a/b/c").orElseThrow().isDirectory()).isTrue();
  }

  @Test
  void storesUnderNamesThatUrlsEncode() throws IOException {
    final String path = dir + "/ä b%20+;&?#='\"<>[]^`{|}~@!$*(),.seg";
    store.create(path, ObjectSource.of("x", bytes(100)));

    assertThat(read(path, 10, 20)).isEqualTo(Arrays.copyOfRange(bytes(100), 10, 30));
    assertThat(store.list(dir)).extracting(ObjectStatus::path).containsExactly(path);
    assertThat(store.rename(path, path + "2")).isTrue();
    assertThat(store.delete(path + "2")).isTrue();
  }

  @Test
  void doesNotFindWhatIsNotThere() throws IOException {
    store.create(dir + "/object", ObjectSource.of("x", bytes(1)));

    assertThat(store.status(dir + "/nothing")).isEmpty();
    assertThat(store.status(dir + "/nothing/deeper")).isEmpty();
    assertThat(store.status(dir + "/object/deeper")).isEmpty();
    assertThat(store.delete(dir + "/nothing")).isFalse();
    assertThat(store.delete(dir + "/object/deeper")).isFalse();
    assertThatExceptionOfType(ObjectNotFoundException.class)
        .isThrownBy(() -> store.read(dir + "/nothing", 0, ByteBuffer.allocate(1)))
        .withMessageContaining(store.describe())
        .withMessageContaining(dir + "/nothing");
    assertThatExceptionOfType(ObjectNotFoundException.class)
        .isThrownBy(() -> store.open(dir + "/nothing", 0, 0));
    assertThatExceptionOfType(ObjectNotFoundException.class)
        .isThrownBy(() -> store.matches(dir + "/nothing", ObjectSource.of("x", bytes(1))));
  }

  @Test
  void findsTheRoot() throws IOException {
    store.mkdirs("");

    assertThat(store.status("").orElseThrow().isDirectory()).isTrue();
  }

  @Test
  void listsOneLevelSortedByName() throws IOException {
    for (final String name : List.of("b", "a.seg", "c/inner", "B", "10", "9")) {
      store.create(dir + "/" + name, ObjectSource.of("x", bytes(7)));
    }

    final List<ObjectStatus> entries = store.list(dir);

    assertThat(entries)
        .extracting(ObjectStatus::name)
        .containsExactly("10", "9", "B", "a.seg", "b", "c");
    assertThat(entries.getLast().isDirectory()).isTrue();
    assertThat(entries.getFirst().path()).isEqualTo(dir + "/10");
    assertThat(entries.getFirst().lengthBytes()).isEqualTo(7);
  }

  @Test
  void listsNothingWhereThereIsNothing() throws IOException {
    store.mkdirs(dir + "/empty");

    assertThat(store.list(dir + "/empty")).isEmpty();
    assertThat(store.list(dir + "/absent")).isEmpty();
  }

  @Test
  void refusesToListAnObject() throws IOException {
    store.create(dir + "/object", ObjectSource.of("x", bytes(1)));

    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.list(dir + "/object"))
        .withMessageContaining("not a directory");
  }

  @Test
  void makesDirectoriesAgain() throws IOException {
    store.mkdirs(dir + "/a/b");
    store.mkdirs(dir + "/a/b");

    assertThat(store.list(dir + "/a")).extracting(ObjectStatus::name).containsExactly("b");
  }

  @Test
  void refusesADirectoryWhereAnObjectStands() throws IOException {
    store.create(dir + "/object", ObjectSource.of("x", bytes(1)));

    assertThatExceptionOfType(StoreException.class).isThrownBy(() -> store.mkdirs(dir + "/object"));
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.mkdirs(dir + "/object/deeper"));
    assertThat(store.status(dir + "/object").orElseThrow().isDirectory()).isFalse();
  }

  @Test
  void tellsDifferentBytesApart() throws IOException {
    final byte[] content = bytes(100_000);
    store.create(dir + "/object", ObjectSource.of("content", content));
    final byte[] oneBit = content.clone();
    oneBit[99_999] ^= 1;

    assertThat(store.matches(dir + "/object", ObjectSource.of("one bit", oneBit))).isFalse();
    assertThat(store.matches(dir + "/object", ObjectSource.of("shorter", bytes(99_999)))).isFalse();
    assertThat(store.matches(dir + "/object", ObjectSource.of("empty", bytes(0)))).isFalse();
    assertThat(store.matches(dir, ObjectSource.of("directory", bytes(0)))).isFalse();
  }

  @Test
  void renames() throws IOException {
    store.create(dir + "/from", ObjectSource.of("x", bytes(1000)));
    store.mkdirs(dir + "/target");

    assertThat(store.rename(dir + "/from", dir + "/target/to")).isTrue();

    assertThat(store.status(dir + "/from")).isEmpty();
    assertThat(read(dir + "/target/to", 0, 1000)).isEqualTo(bytes(1000));
  }

  @Test
  void neverReplacesByRenaming() throws IOException {
    store.create(dir + "/from", ObjectSource.of("x", bytes(1000)));
    store.create(dir + "/to", ObjectSource.of("y", bytes(2000)));
    store.mkdirs(dir + "/directory");

    assertThat(store.rename(dir + "/from", dir + "/to")).isFalse();
    assertThat(store.rename(dir + "/from", dir + "/directory")).isFalse();

    assertThat(read(dir + "/from", 0, 1000)).isEqualTo(bytes(1000));
    assertThat(read(dir + "/to", 0, 2000)).isEqualTo(bytes(2000));
    assertThat(store.list(dir + "/directory")).isEmpty();
  }

  @Test
  void refusesToRenameWhatIsNotThereOrToNowhere() throws IOException {
    store.create(dir + "/from", ObjectSource.of("x", bytes(1)));

    assertThatExceptionOfType(ObjectNotFoundException.class)
        .isThrownBy(() -> store.rename(dir + "/absent", dir + "/to"));
    assertThatExceptionOfType(ObjectNotFoundException.class)
        .isThrownBy(() -> store.rename(dir + "/from", dir + "/absent/to"));
    assertThat(store.status(dir + "/from")).isPresent();
  }

  @Test
  void letsOneOfManyRenamesWin() throws Exception {
    final int threads = 8;
    for (int i = 0; i < threads; i++) {
      store.create(dir + "/from-" + i, ObjectSource.of("x", new byte[] {(byte) i}));
    }
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      final List<Callable<Boolean>> renames =
          IntStream.range(0, threads)
              .<Callable<Boolean>>mapToObj(i -> () -> store.rename(dir + "/from-" + i, dir + "/to"))
              .toList();
      int winner = -1;
      final List<Future<Boolean>> results = executor.invokeAll(renames);
      for (int i = 0; i < threads; i++) {
        if (results.get(i).get()) {
          assertThat(winner).as("second winner %d", i).isEqualTo(-1);
          winner = i;
        }
      }
      assertThat(read(dir + "/to", 0, 1)).containsExactly(winner);
      assertThat(store.list(dir)).hasSize(threads);
    }
  }

  @Test
  void deletes() throws IOException {
    store.create(dir + "/object", ObjectSource.of("x", bytes(1)));
    store.mkdirs(dir + "/directory");

    assertThat(store.delete(dir + "/object")).isTrue();
    assertThat(store.delete(dir + "/object")).isFalse();
    assertThat(store.delete(dir + "/directory")).isTrue();
    assertThat(store.list(dir)).isEmpty();
  }

  @Test
  void refusesToDeleteADirectoryThatIsNotEmpty() throws IOException {
    store.create(dir + "/directory/object", ObjectSource.of("x", bytes(1)));

    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.delete(dir + "/directory"));
    assertThat(store.status(dir + "/directory/object")).isPresent();
  }

  @Test
  void fillsBuffersOfEveryKindFromTheirPosition() throws IOException {
    final byte[] content = bytes(600_000);
    store.create(dir + "/object", ObjectSource.of("x", content));
    for (final ByteBuffer buffer :
        List.of(
            ByteBuffer.allocate(400_000),
            ByteBuffer.allocateDirect(400_000),
            ByteBuffer.allocate(400_100).slice(100, 400_000))) {
      buffer.position(10).limit(300_010);

      store.read(dir + "/object", 250_000, buffer);

      assertThat(buffer.position()).isEqualTo(300_010);
      final byte[] filled = new byte[300_000];
      buffer.get(10, filled);
      assertThat(filled).isEqualTo(Arrays.copyOfRange(content, 250_000, 550_000));
    }
  }

  @Test
  void refusesToReadBeyondTheEnd() throws IOException {
    store.create(dir + "/object", ObjectSource.of("x", bytes(1000)));

    for (final long offset : new long[] {991, 1000, 5000}) {
      assertThatExceptionOfType(StoreException.class)
          .isThrownBy(() -> store.read(dir + "/object", offset, ByteBuffer.allocate(10)));
      assertThatExceptionOfType(StoreException.class)
          .isThrownBy(
              () -> {
                try (InputStream in = store.open(dir + "/object", offset, 10)) {
                  in.readAllBytes();
                }
              });
    }
    store.read(dir + "/object", 990, ByteBuffer.allocate(10));
  }

  @Test
  void opensARange() throws IOException {
    final byte[] content = bytes(300_000);
    store.create(dir + "/object", ObjectSource.of("x", content));

    try (InputStream in = store.open(dir + "/object", 1000, 200_000)) {
      assertThat(in.skip(500)).isEqualTo(500);
      assertThat(in.read()).isEqualTo(content[1500] & 0xff);
      assertThat(in.readAllBytes()).isEqualTo(Arrays.copyOfRange(content, 1501, 201_000));
      assertThat(in.read()).isEqualTo(-1);
    }
    try (InputStream in = store.open(dir + "/object", 300_000, 0)) {
      assertThat(in.read()).isEqualTo(-1);
    }
  }

  @Test
  void letsAReaderStopEarly() throws IOException {
    store.create(dir + "/object", ObjectSource.of("x", bytes(5_000_000)));

    for (int i = 0; i < 50; i++) {
      try (InputStream in = store.open(dir + "/object", 0, 5_000_000)) {
        assertThat(in.readNBytes(10)).isEqualTo(Arrays.copyOf(bytes(5_000_000), 10));
      }
    }
    assertThat(store.status(dir + "/object")).isPresent();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/x",
        "x/",
        "a//b",
        ".",
        "..",
        "../x",
        "a/../../x",
        "a/./b",
        "a\\b",
        "a:b",
        "a\nb",
        "a\0b"
      })
  void refusesPathsThatLeadElsewhere(final String path) {
    final ByteBuffer buffer = ByteBuffer.allocate(1);
    final ObjectSource source = ObjectSource.of("x", bytes(1));
    assertThatIllegalArgumentException().isThrownBy(() -> store.status(path));
    assertThatIllegalArgumentException().isThrownBy(() -> store.list(path));
    assertThatIllegalArgumentException().isThrownBy(() -> store.mkdirs(path));
    assertThatIllegalArgumentException().isThrownBy(() -> store.create(path, source));
    assertThatIllegalArgumentException().isThrownBy(() -> store.matches(path, source));
    assertThatIllegalArgumentException().isThrownBy(() -> store.rename(path, "to"));
    assertThatIllegalArgumentException().isThrownBy(() -> store.rename("from", path));
    assertThatIllegalArgumentException().isThrownBy(() -> store.delete(path));
    assertThatIllegalArgumentException().isThrownBy(() -> store.read(path, 0, buffer));
    assertThatIllegalArgumentException().isThrownBy(() -> store.open(path, 0, 1));
  }

  @Test
  void blamesTheSourceWhenItIsAtFault() {
    final ObjectSource broken =
        new TestSource(
            10_000_000,
            () ->
                new SequenceInputStream(
                    new ByteArrayInputStream(bytes(3_000_000)), new BrokenStream()));
    final ObjectSource shorter = new TestSource(1000, () -> new ByteArrayInputStream(bytes(999)));

    assertThatExceptionOfType(ObjectSourceException.class)
        .isThrownBy(() -> store.create(dir + "/object", broken))
        .withMessageContaining("bad sector");
    assertThatExceptionOfType(ObjectSourceException.class)
        .isThrownBy(() -> store.create(dir + "/object", shorter))
        .withMessageContaining("shorter");
  }

  @Test
  void takesNoMoreOfASourceThanItTold() throws IOException {
    store.create(
        dir + "/object", new TestSource(1000, () -> new ByteArrayInputStream(bytes(5000))));

    final ObjectSource told = ObjectSource.of("x", Arrays.copyOf(bytes(5000), 1000));
    assertThat(store.matches(dir + "/object", told)).isTrue();
  }

  @Test
  void endsWhenTheThreadIsInterrupted() throws IOException {
    Thread.currentThread().interrupt();

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> store.create(dir + "/object", ObjectSource.of("x", bytes(1000))))
        .withMessageContaining("interrupted");

    assertThat(Thread.interrupted()).as("interrupt status").isTrue();
    store.create(dir + "/object", ObjectSource.of("x", bytes(1000)));
  }

  @Test
  void doesNothingOnceClosed() throws IOException {
    store.close();

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> store.status("x"))
        .withMessageContaining("closed");
  }

  @Test
  void publishesOnceAndOnlyOnce() throws IOException {
    final Publisher publisher = new Publisher(store, dir + "/_tmp");
    final ObjectSource source = ObjectSource.of("segment", bytes(2_000_000));

    assertThat(publisher.publish(source, dir + "/segments/0000000000.seg"))
        .isEqualTo(Publisher.Outcome.PUBLISHED);
    assertThat(publisher.publish(source, dir + "/segments/0000000000.seg"))
        .isEqualTo(Publisher.Outcome.ALREADY_THERE);

    assertThatThrownBy(
            () ->
                publisher.publish(
                    ObjectSource.of("other", bytes(2_000_001)), dir + "/segments/0000000000.seg"))
        .isInstanceOf(ObjectConflictException.class);
    assertThat(store.matches(dir + "/segments/0000000000.seg", source)).isTrue();
    assertThat(store.list(dir + "/_tmp")).isEmpty();
  }

  /** A file on a bad disk. */
  private static final class BrokenStream extends InputStream {
    @Override
    public int read() throws IOException {
      throw new IOException("bad sector");
    }

    @Override
    public int read(final byte[] b, final int off, final int len) throws IOException {
      throw new IOException("bad sector");
    }
  }

  private byte[] read(final String path, final long offset, final int length) throws IOException {
    try (InputStream in = store.open(path, offset, length)) {
      return in.readAllBytes();
    }
  }

  /** Returns bytes that look random and are the same for the same length. */
  static byte[] bytes(final int length) {
    final byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }
}
