package io.blockcam.ublk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ReleaseStackTest {

  private final List<String> done = new ArrayList<>();
  private final ReleaseStack stack = new ReleaseStack();

  @AfterEach
  void clearInterrupt() {
    Thread.interrupted();
  }

  @Test
  void releasesTheLastFirst() throws IOException {
    stack.add(() -> done.add("first"));
    stack.add(() -> done.add("second"));

    stack.release();

    assertThat(done).containsExactly("second", "first");
  }

  @Test
  void takesEveryStepAndKeepsTheFirstError() {
    stack.add(() -> done.add("first"));
    stack.add(() -> fail("second"));
    stack.add(() -> done.add("third"));
    stack.add(() -> fail("fourth"));

    assertThatThrownBy(stack::release)
        .isInstanceOf(IOException.class)
        .hasMessage("fourth")
        .satisfies(
            e -> assertThat(e.getSuppressed()).extracting("message").containsExactly("second"));
    assertThat(done).containsExactly("third", "first");
  }

  @Test
  void attachesWhatGoesWrongToTheCauseOfAFailedStart() {
    final IOException cause = new IOException("why");
    stack.add(() -> done.add("first"));
    stack.add(() -> fail("second"));

    stack.undo(cause);

    assertThat(cause.getSuppressed()).extracting("message").containsExactly("second");
    assertThat(done).containsExactly("first");
  }

  @Test
  void tellsAStepWhetherAnEarlierOneHasFailed() {
    stack.add(() -> done.add("after: " + stack.hasFailed()));
    stack.add(() -> fail("second"));
    stack.add(() -> done.add("before: " + stack.hasFailed()));

    assertThatThrownBy(stack::release).hasMessage("second");

    assertThat(done).containsExactly("before: false", "after: true");
  }

  /** The steps that are left wait, too; an interrupt would end each wait at once. */
  @Test
  void interruptsTheThreadOnlyWhenAllIsReleased() {
    stack.add(() -> done.add("interrupted: " + Thread.currentThread().isInterrupted()));
    stack.add(
        () -> {
          throw new InterruptedException("join");
        });

    assertThatThrownBy(stack::release).isInstanceOf(IOException.class);

    assertThat(done).containsExactly("interrupted: false");
    assertThat(Thread.currentThread().isInterrupted()).isTrue();
  }

  @Test
  void releasesOnce() throws IOException {
    stack.add(() -> done.add("first"));

    stack.release();
    stack.release();

    assertThat(done).containsExactly("first");
  }

  private static void fail(final String what) throws IOException {
    throw new IOException(what);
  }
}
