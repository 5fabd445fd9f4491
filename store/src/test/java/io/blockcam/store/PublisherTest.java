package io.blockcam.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PublisherTest {
  private static final String FINAL = "rec/segments/0000000007.seg";

  @TempDir private Path root;
  private FaultyStore store;
  private Publisher publisher;
  private final ObjectSource source = ObjectSource.of("segment", ObjectStoreContract.bytes(10_000));

  @BeforeEach
  void open() throws IOException {
    store = new FaultyStore(Stores.open(root.toUri().toString()));
    publisher = new Publisher(store, "rec/_tmp");
  }

  /** Every call of a publication fails once, before or after it did its work. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void publishesExactlyOnceWhateverFailsOnTheWay(final boolean afterwards) throws IOException {
    publisher.publish(source, "rec/segments/first.seg");
    final int callsOfOnePublication = store.calls().size();
    for (int failing = 0; failing < callsOfOnePublication; failing++) {
      final String name = "rec/segments/" + failing + ".seg";
      final int number = failing;
      final Publisher fresh = new Publisher(store, "rec/_tmp");
      store.inject(
          (call, op, after) -> {
            if (call == number && after == afterwards) {
              throw new StoreUnavailableException("injected into " + op);
            }
          });

      assertThatExceptionOfType(StoreUnavailableException.class)
          .isThrownBy(() -> fresh.publish(source, name));
      if (store.status(name).isPresent()) {
        assertThat(store.matches(name, source)).as("seen by a reader").isTrue();
      }
      fresh.publish(source, name);

      assertThat(store.matches(name, source)).isTrue();
    }
    assertThat(store.list("rec/segments")).hasSize(callsOfOnePublication + 1);
    assertThat(store.list("rec/_tmp")).isEmpty();
  }

  @Test
  void countsALostAnswerToTheRenameAsPublished() throws IOException {
    store.inject(
        (call, op, after) -> {
          if (op.equals("rename") && after) {
            throw new StoreUnavailableException("answer lost");
          }
        });
    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> publisher.publish(source, FINAL));

    assertThat(publisher.publish(source, FINAL)).isEqualTo(Publisher.Outcome.ALREADY_THERE);
  }

  @Test
  void showsWhatIsStagedToNobodyBeforeItIsCommitted() throws IOException {
    final Publisher.Staged staged = publisher.stage(source, FINAL);
    assertThat(store.status(FINAL)).isEmpty();

    assertThat(publisher.commit(staged)).isEqualTo(Publisher.Outcome.PUBLISHED);

    assertThat(store.matches(FINAL, source)).isTrue();
    assertThat(store.list("rec/_tmp")).isEmpty();
  }

  @Test
  void removesWhatWasStagedAndNeverCommitted() throws IOException {
    publisher.stage(source, FINAL);

    publisher.publish(source, "rec/segments/0000000008.seg");

    assertThat(store.list("rec/_tmp")).isEmpty();
    assertThat(store.status(FINAL)).isEmpty();
  }

  /** Somebody else was faster, between the two halves. */
  @Test
  void doesNotReplaceWhatCameInBetween() throws IOException {
    final Publisher.Staged staged = publisher.stage(source, FINAL);
    final ObjectSource other = ObjectSource.of("other", ObjectStoreContract.bytes(5));
    new Publisher(store, "rec/_tmp").publish(other, FINAL);

    assertThatExceptionOfType(ObjectConflictException.class)
        .isThrownBy(() -> publisher.commit(staged));

    assertThat(store.matches(FINAL, other)).isTrue();
  }

  @Test
  void doesNotPublishWhatArrivedDamaged() throws IOException {
    final ObjectSource damaged = ObjectSource.of("damaged", ObjectStoreContract.bytes(9_999));
    store.inject(
        (call, op, after) -> {
          if (op.equals("create") && after) {
            overwriteTemp(damaged);
          }
        });

    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> publisher.publish(source, FINAL))
        .withMessageContaining("arrived damaged");
    assertThat(store.status(FINAL)).isEmpty();
  }

  @Test
  void neverLeavesMoreThanOneTemporaryObject() throws IOException {
    store.inject(
        (call, op, after) -> {
          if (op.equals("create") && after) {
            throw new StoreUnavailableException("broke off");
          }
        });
    for (int attempt = 0; attempt < 20; attempt++) {
      assertThatExceptionOfType(StoreUnavailableException.class)
          .isThrownBy(() -> publisher.publish(source, FINAL));
      assertThat(store.list("rec/_tmp")).hasSizeLessThanOrEqualTo(1);
    }
  }

  @Test
  void goesOnWhenWhatItLeftMayNotBeRemoved() throws IOException {
    store.inject(
        (call, op, after) -> {
          if (op.equals("rename")) {
            throw new StoreUnavailableException("the answer was lost");
          }
        });
    assertThatExceptionOfType(StoreUnavailableException.class)
        .isThrownBy(() -> publisher.publish(source, FINAL));
    store.inject(
        (call, op, after) -> {
          if (op.equals("delete")) {
            throw new StoreRefusedException("not yours any more");
          }
        });

    publisher.publish(source, FINAL);

    assertThat(store.matches(FINAL, source)).isTrue();
  }

  @Test
  void leavesAnObjectWithOtherBytesAlone() throws IOException {
    final ObjectSource other = ObjectSource.of("other", ObjectStoreContract.bytes(20));
    store.create(FINAL, other);
    store.inject((call, op, after) -> {});

    assertThatExceptionOfType(ObjectConflictException.class)
        .isThrownBy(() -> publisher.publish(source, FINAL))
        .withMessageContaining(FINAL);

    assertThat(store.calls()).containsExactly("status", "matches");
    assertThat(store.matches(FINAL, other)).isTrue();
  }

  @Test
  void yieldsToWhoeverTookTheNameMeanwhile() throws IOException {
    store.inject(
        (call, op, after) -> {
          if (op.equals("rename") && !after) {
            writeFinal(source);
          }
        });
    assertThat(publisher.publish(source, FINAL)).isEqualTo(Publisher.Outcome.ALREADY_THERE);
    assertThat(store.list("rec/_tmp")).isEmpty();

    final ObjectSource other = ObjectSource.of("other", ObjectStoreContract.bytes(20));
    store.delete(FINAL);
    store.inject(
        (call, op, after) -> {
          if (op.equals("rename") && !after) {
            writeFinal(other);
          }
        });
    assertThatExceptionOfType(ObjectConflictException.class)
        .isThrownBy(() -> publisher.publish(source, FINAL));
    assertThat(store.matches(FINAL, other)).isTrue();
  }

  private void writeFinal(final ObjectSource bytes) throws StoreException {
    write(root.resolve(FINAL), bytes);
  }

  private void overwriteTemp(final ObjectSource bytes) throws StoreException {
    try (var files = Files.list(root.resolve("rec/_tmp"))) {
      write(files.findFirst().orElseThrow(), bytes);
    } catch (final IOException e) {
      throw new StoreException("test", e);
    }
  }

  private static void write(final Path file, final ObjectSource bytes) throws StoreException {
    try (var in = bytes.open()) {
      Files.write(file, in.readAllBytes());
    } catch (final IOException e) {
      throw new StoreException("test", e);
    }
  }
}
