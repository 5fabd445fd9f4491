package io.blockcam.simulator;

import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.ublk.queue.DrivenQueue;
import io.blockcam.ublk.queue.FakeKernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Whoever uses the disk of one life: sends requests, whatever is in flight already, and knows what
 * became of them. It holds the server to nothing but what the block layer promises.
 */
final class Guest {

  static final int MAX_WRITE_SECTORS = 64;
  static final int BUFFER_BYTES = MAX_WRITE_SECTORS * 512;

  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int SECTOR_BYTES = 512;
  private static final int WRITE = Ublk.UBLK_IO_OP_WRITE();
  private static final int READ = Ublk.UBLK_IO_OP_READ();
  private static final int FLUSH = Ublk.UBLK_IO_OP_FLUSH();
  private static final int DISCARD = Ublk.UBLK_IO_OP_DISCARD();
  private static final int WRITE_ZEROES = Ublk.UBLK_IO_OP_WRITE_ZEROES();
  private static final int FUA = (int) Ublk.UBLK_IO_F_FUA();

  /** Sectors that most writes go to, so that they meet. */
  private static final int BUSY_SECTORS = 96;

  /** A request that was sent and not answered. */
  private static final class Request {
    final int commits;
    final @Nullable GuestWrite write;

    /** What a flush makes durable. */
    final List<GuestWrite> covered;

    /** Of a flush: whether the disk lost something while it was carried out. */
    boolean overlapsALoss;

    /** Whether writes went unrecorded since it was sent: then it says nothing of the record. */
    boolean overlapsAGap;

    Request(final int commits, final @Nullable GuestWrite write, final List<GuestWrite> covered) {
      this.commits = commits;
      this.write = write;
      this.covered = covered;
    }
  }

  private final RandomGenerator random;
  private final BackingDisk disk;
  private final List<GuestWrite> writes;
  private final List<DrivenQueue> queues;
  private final @Nullable Request[][] requests;

  /** Acknowledged and not flushed. */
  private final List<GuestWrite> unflushed;

  /** For the next server. */
  private final List<GuestWrite> unanswered;

  /** Of the server before, to be sent once more. */
  private final List<GuestWrite> again;

  /**
   * What the server before has not answered is sent to this one, too, in any order
   * (UBLK_F_USER_RECOVERY_REISSUE).
   */
  Guest(final Machine.World world, final List<DrivenQueue> queues, final int depth) {
    this.random = world.random();
    this.disk = world.disk();
    this.writes = world.writes();
    this.unflushed = world.unflushed();
    this.unanswered = world.unanswered();
    this.again = new ArrayList<>(unanswered);
    unanswered.clear();
    this.queues = queues;
    this.requests = new Request[queues.size()][depth];
  }

  /** Sends something, if a tag is free. */
  void send() {
    final int q = random.nextInt(queues.size());
    final int tag = freeTag(q);
    if (tag < 0) {
      return;
    }
    if (!again.isEmpty()) {
      sendAgain(q, tag, again.remove(random.nextInt(again.size())));
      return;
    }
    switch (random.nextInt(16)) {
      case 0, 1 -> flush(q, tag);
      case 2, 3 -> read(q, tag);
      case 4 -> zero(q, tag, random.nextBoolean() ? DISCARD : WRITE_ZEROES);
      default -> write(q, tag);
    }
  }

  /** Sends a flush, if a tag is free: what a stop does first. */
  void sendFlush() {
    for (int q = 0; q < queues.size(); q++) {
      final int tag = freeTag(q);
      if (tag >= 0) {
        flush(q, tag);
        return;
      }
    }
  }

  private int freeTag(final int q) {
    for (int tag = 0; tag < requests[q].length; tag++) {
      if (requests[q][tag] == null) {
        return tag;
      }
    }
    return -1;
  }

  private void flush(final int q, final int tag) {
    remember(q, tag, null, List.copyOf(unflushed));
    queues.get(q).kernel().request(tag, FLUSH, 0, 0, 0);
  }

  private void read(final int q, final int tag) {
    final int sectors = random.nextInt(1, MAX_WRITE_SECTORS + 1);
    remember(q, tag, null, List.of());
    queues.get(q).kernel().request(tag, READ, 0, firstSector(sectors), sectors);
  }

  /** Now and then all of the disk, which no other request may meet. */
  private void zero(final int q, final int tag, final int op) {
    final int sectors =
        switch (random.nextInt(6)) {
          case 0 -> disk.sectors();
          case 1 -> random.nextInt(1, disk.sectors() + 1);
          default -> random.nextInt(1, 40);
        };
    final int first = firstSector(sectors);
    final GuestWrite write = newWrite(first, sectors, false, GuestWrite.Content.NONE);
    sendWrite(q, tag, op, write);
  }

  private void write(final int q, final int tag) {
    final int sectors =
        random.nextInt(3) == 0
            ? random.nextInt(1, MAX_WRITE_SECTORS + 1)
            : random.nextInt(1, 3) * 8;
    final int first = firstSector(sectors);
    final boolean fua = random.nextInt(8) == 0;
    final GuestWrite.Content content =
        switch (random.nextInt(8)) {
          case 0 -> GuestWrite.Content.COMMON;
          case 1 -> GuestWrite.Content.ZEROES;
          default -> GuestWrite.Content.UNIQUE;
        };
    sendData(q, tag, newWrite(first, sectors, fua, content));
  }

  private void sendAgain(final int q, final int tag, final GuestWrite write) {
    write.isSentAgain = true;
    write.outcome = GuestWrite.Outcome.PENDING;
    if (write.content == GuestWrite.Content.NONE) {
      sendWrite(q, tag, WRITE_ZEROES, write);
    } else {
      sendData(q, tag, write);
    }
  }

  private void sendData(final int q, final int tag, final GuestWrite write) {
    final int sectors = write.sectors;
    final MemorySegment data =
        DrivenQueue.memory(
            queues.get(q).kernel().bufferAddress(tag), (long) sectors * SECTOR_BYTES);
    for (int s = 0; s < sectors; s++) {
      final long stamp = write.stamp(write.firstSector + s);
      for (long at = (long) s * SECTOR_BYTES; at < (s + 1L) * SECTOR_BYTES; at += Long.BYTES) {
        data.set(LONG, at, stamp);
      }
    }
    sendWrite(q, tag, WRITE, write);
  }

  private int firstSector(final int sectors) {
    final int last = disk.sectors() - sectors;
    final int range = random.nextInt(6) == 0 ? last : Math.min(last, BUSY_SECTORS);
    final int first = random.nextInt(range + 1);
    return random.nextInt(3) == 0 ? first : first / 8 * 8;
  }

  private GuestWrite newWrite(
      final int first, final int sectors, final boolean fua, final GuestWrite.Content content) {
    final GuestWrite write = new GuestWrite(writes.size() + 1L, first, sectors, fua, content);
    writes.add(write);
    return write;
  }

  private void sendWrite(final int q, final int tag, final int op, final GuestWrite write) {
    remember(q, tag, write, List.of());
    queues.get(q).kernel().request(tag, op, write.fua ? FUA : 0, write.firstSector, write.sectors);
  }

  /** Before it is sent. */
  private void remember(
      final int q,
      final int tag,
      final @Nullable GuestWrite write,
      final List<GuestWrite> covered) {
    requests[q][tag] = new Request(queues.get(q).kernel().commits(tag), write, covered);
  }

  /** The write that a tag carries. */
  GuestWrite writeOf(final int q, final int tag) {
    final Request request = requests[q][tag];
    if (request == null || request.write == null) {
      throw new AssertionError("the disk is written to for a tag that carries no write");
    }
    return request.write;
  }

  /** The disk has lost something while it carries out what this tag asks. */
  void lossDuring(final int q, final int tag) {
    final Request request = requests[q][tag];
    if (request != null) {
      request.overlapsALoss = true;
    }
  }

  /** Whether what this tag carries is to be durable when it is answered. */
  boolean isFua(final int q, final int tag) {
    final Request request = requests[q][tag];
    return request != null && request.write != null && request.write.fua;
  }

  /** A write was done without being recorded: one of those that can be it. */
  void missed(final int q, final long firstSector, final long sectors) {
    for (final Request request : requests[q]) {
      if (request != null
          && request.write != null
          && request.write.firstSector == firstSector
          && request.write.sectors == sectors) {
        request.write.missed = true;
      }
    }
  }

  /**
   * Takes the answers that have come.
   *
   * @param recorded whether everything was recorded meanwhile: else a flush says that the disk is
   *     durable, and nothing of the record
   */
  void takeAnswers(final boolean recorded) {
    for (int q = 0; q < queues.size(); q++) {
      for (int tag = 0; tag < requests[q].length; tag++) {
        final Request request = requests[q][tag];
        final FakeKernel kernel = queues.get(q).kernel();
        if (request == null) {
          continue;
        }
        request.overlapsAGap |= !recorded;
        if (kernel.commits(tag) > request.commits) {
          requests[q][tag] = null;
          answered(request, kernel.result(tag) >= 0, !request.overlapsAGap);
        }
      }
    }
  }

  private void answered(final Request request, final boolean well, final boolean recorded) {
    final GuestWrite write = request.write;
    if (write == null) {
      if (well && recorded) {
        for (final GuestWrite covered : request.covered) {
          // Of what was lost before it began another flush has told.
          covered.flushed |= !covered.lost || request.overlapsALoss;
        }
        unflushed.removeAll(request.covered);
      }
    } else if (well) {
      write.outcome = GuestWrite.Outcome.ACKNOWLEDGED;
      if (write.fua && recorded) {
        write.flushed = true;
      } else {
        unflushed.add(write);
      }
    } else {
      write.outcome = GuestWrite.Outcome.UNKNOWN; // it may have changed the disk in part
    }
  }

  /** Whether it waits for an answer. */
  boolean isWaiting() {
    for (final Request[] ofQueue : requests) {
      for (final Request request : ofQueue) {
        if (request != null) {
          return true;
        }
      }
    }
    return false;
  }

  /** What it waits for, request by request. */
  String describe() {
    final StringBuilder text = new StringBuilder();
    for (int q = 0; q < queues.size(); q++) {
      for (int tag = 0; tag < requests[q].length; tag++) {
        if (requests[q][tag] != null) {
          text.append(queues.get(q).describe(tag)).append("; ");
        }
      }
    }
    return text.toString();
  }

  /**
   * The server died: what was not answered may be done or not. The next start looks, and the next
   * server is sent it.
   */
  void serverDied() {
    unanswered.addAll(again);
    for (final Request[] ofQueue : requests) {
      for (final Request request : ofQueue) {
        if (request != null && request.write != null) {
          request.write.outcome = GuestWrite.Outcome.UNKNOWN;
          unanswered.add(request.write);
        }
      }
    }
  }

  /** The power went: what was not flushed may be lost. */
  void powerCut() {
    unflushed.clear();
    unanswered.clear();
    for (final GuestWrite write : writes) {
      if (write.outcome == GuestWrite.Outcome.ACKNOWLEDGED && !write.flushed) {
        write.outcome = GuestWrite.Outcome.PERHAPS_LOST;
      }
    }
  }
}
