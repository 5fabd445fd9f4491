package io.blockcam.ublk.queue;

import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Names every request that is older than a limit, once. It only tells.
 *
 * <p>The queues keep no time of their own for this: what is pending under the same number at two
 * looks so far apart has been pending in between. So a request is named at most a quarter of the
 * limit late. One thread.
 */
final class RequestWatch {

  /** Lines per look; a queue of 4096 tags would bury the first one. */
  private static final int MAX_LINES = 8;

  private final List<? extends PendingRequests> queues;
  private final long limitNs;
  private final Consumer<String> log;
  private final Seen[][] seen;

  /** A request at its first look. */
  private static final class Seen {
    boolean pending;
    boolean told;
    int generation;
    long sinceNs;
  }

  /**
   * @param limit older ones are named
   * @param log takes a line
   */
  RequestWatch(
      final List<? extends PendingRequests> queues,
      final Duration limit,
      final Consumer<String> log) {
    this.queues = queues;
    this.limitNs = limit.toNanos();
    this.log = log;
    this.seen = new Seen[queues.size()][];
    for (int q = 0; q < seen.length; q++) {
      seen[q] = new Seen[queues.get(q).requests()];
      for (int tag = 0; tag < seen[q].length; tag++) {
        seen[q][tag] = new Seen();
      }
    }
  }

  /** How long to wait between two looks. */
  Duration period() {
    return Duration.ofNanos(Math.max(1, limitNs / 4));
  }

  /**
   * Looks at all requests.
   *
   * @param nowNs {@link System#nanoTime}
   */
  void look(final long nowNs) {
    int lines = 0;
    int more = 0;
    for (int q = 0; q < seen.length; q++) {
      final PendingRequests queue = queues.get(q);
      for (int tag = 0; tag < seen[q].length; tag++) {
        final Seen request = seen[q][tag];
        final int generation = queue.generation(tag);
        final boolean pending = queue.isPending(tag);
        if (!pending || !request.pending || request.generation != generation) {
          request.pending = pending;
          request.generation = generation;
          request.sinceNs = nowNs;
          request.told = false;
        } else if (!request.told && nowNs - request.sinceNs >= limitNs) {
          request.told = true;
          if (lines < MAX_LINES) {
            lines++;
            log.accept(
                "no answer for %d s: %s"
                    .formatted((nowNs - request.sinceNs) / 1_000_000_000L, queue.describe(tag)));
          } else {
            more++;
          }
        }
      }
    }
    if (more > 0) {
      log.accept("no answer for as long: %d more requests".formatted(more));
    }
  }
}
