package io.blockcam.archive.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.faults.FaultyDisk;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.SegmentCheck;
import io.blockcam.archive.segment.SegmentReader;
import io.blockcam.archive.segment.SegmentTables;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** C3: a sync that failed is not believed when the next one says that all is well. */
final class LogRewriteTest {

  private static final List<Segments.Entry> ENTRIES =
      List.of(
          Segments.data(100, 1, Segments.filled(1)),
          Segments.data(101, 2, Segments.filled(2)),
          Segments.data(102, 3, Segments.filled(2)),
          Segments.data(103, 4, new byte[4096]),
          Segments.data(104, 5, Segments.filled(3)));

  /** More calls than a rewrite makes. */
  private static final int MANY_CALLS = 60;

  @TempDir private Path directory;

  @Test
  void isNeededOnceASyncHasFailed() throws IOException {
    try (FaultyDisk disk = new FaultyDisk(new SplittableRandom(1))) {
      final LogWriter writer = written(disk.root());
      writer.force();
      assertThat(writer.isSuspect()).isFalse();
      disk.failSyncs(1);
      assertThatThrownBy(writer::force).isInstanceOf(IOException.class);
      writer.force(); // Linux reports it once

      assertThat(writer.isSuspect()).isTrue();
      assertThat(rewritten(writer).log().isSuspect()).isFalse();
    }
  }

  @Test
  void keepsEveryRecordAndGoesOn() throws IOException {
    final LogWriter copy = rewritten(written(directory)).log();
    Segments.data(105, 6, Segments.filled(1)).appendTo(copy);
    final SealedLog sealed = copy.seal();

    try (DigestedBytes bytes = Segments.digested(sealed).open()) {
      final SegmentReader reader = SegmentReader.open(bytes);
      final SegmentTables tables = reader.tables();
      final RecordTable table = tables.records();
      assertThat(table.count()).isEqualTo(6);
      for (int i = 0; i < ENTRIES.size(); i++) {
        assertThat(table.block(i)).isEqualTo(ENTRIES.get(i).block());
        if (!table.hasFlag(i, RecordFlags.ALL_ZERO)) {
          assertThat(reader.readPayload(tables, i))
              .isEqualTo(ByteBuffer.wrap(ENTRIES.get(i).payload()));
        }
      }
      assertThat(table.hasFlag(3, RecordFlags.ALL_ZERO)).isTrue();
      assertThat(table.hasFlag(2, RecordFlags.SHARED)).isTrue();
      assertThat(reader.readPayload(tables, 5)).isEqualTo(ByteBuffer.wrap(Segments.filled(1)));
    }
    assertThat(directory).isDirectoryNotContaining(path -> !path.equals(sealed.path()));
  }

  /** Two records share it: both are told. */
  @Test
  void putsAGapWhereAPayloadIsGone() throws IOException {
    final LogWriter writer = written(directory);
    try (FileChannel file =
        FileChannel.open(directory.resolve(LogName.open(1)), StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.wrap(new byte[] {9}), 4096 + 4224 + 128 + 100);
    }
    final Rewritten rewritten = rewritten(writer);
    assertThat(rewritten.lostBlocks()).containsExactly(2L, 3L);
    final SealedLog sealed = rewritten.log().seal();

    try (DigestedBytes bytes = Segments.digested(sealed).open()) {
      final RecordTable table = SegmentReader.open(bytes).records();
      assertThat(Stream.of(0, 1, 2, 3, 4).map(table::kind))
          .containsExactly(
              RecordKind.DATA, RecordKind.GAP, RecordKind.GAP, RecordKind.DATA, RecordKind.DATA);
      assertThat(table.block(1)).isEqualTo(2);
    }
  }

  /** Killed at any call, and then perhaps without power: nothing that was durable is lost. */
  @Test
  void mayBeInterruptedAnywhere() throws IOException {
    final SplittableRandom random = new SplittableRandom(2);
    for (int calls = 0; calls < MANY_CALLS; calls++) {
      for (int cut = 0; cut < 8; cut++) {
        try (FaultyDisk disk = new FaultyDisk(random)) {
          final LogWriter writer = written(disk.root());
          writer.force();
          disk.killAfter(calls);
          try {
            rewritten(writer);
          } catch (final IOException e) {
            assertThat(e).hasMessage("the process was killed");
          }
          disk.revive();
          if (cut > 0) {
            disk.cutPower();
          }
          if (cut > 4) { // the recovery is interrupted, too
            disk.killAfter(random.nextInt(MANY_CALLS));
            try {
              recover(disk.root());
            } catch (final IOException e) {
              assertThat(e).hasMessage("the process was killed");
            }
            disk.revive();
            disk.cutPower();
          }
          assertThat(recover(disk.root()).log().orElseThrow().recordCount())
              .as("killed after %d calls", calls)
              .isEqualTo(ENTRIES.size());
          try (Stream<Path> files = Files.list(disk.root())) {
            assertThat(files.map(Path::toString)).hasSize(1);
          }
        }
      }
    }
  }

  /** The process that meets the segment next knows nothing of the sync that failed. */
  @Test
  void isDoneByTheRecoveryToo() throws IOException {
    final SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 100; i++) {
      try (FaultyDisk disk = new FaultyDisk(random)) {
        final LogWriter writer = written(disk.root());
        disk.failSyncs(1);
        assertThatThrownBy(writer::force).hasMessage("Input/output error");
        if (i % 2 == 0) { // and once more
          disk.failSyncs(random.nextInt(3), 1);
          assertThatThrownBy(() -> recover(disk.root())).hasMessage("Input/output error");
        }
        final SealedLog sealed = recover(disk.root()).log().orElseThrow();
        disk.cutPower();
        try (DigestedBytes bytes = Segments.digested(sealed).open()) {
          SegmentCheck.run(
              bytes,
              finding -> {
                throw new AssertionError("after a power cut: " + finding.getMessage());
              });
        }
      }
    }
  }

  private static Recovered recover(final Path directory) throws IOException {
    return LogWriter.recover(directory, Segments.chain(1));
  }

  private static LogWriter written(final Path directory) throws IOException {
    return Segments.log(directory, ENTRIES);
  }

  private static Rewritten rewritten(final LogWriter writer) throws IOException {
    final Rewritten rewritten = writer.rewrite();
    rewritten.log().takeName();
    writer.close();
    return rewritten;
  }
}
