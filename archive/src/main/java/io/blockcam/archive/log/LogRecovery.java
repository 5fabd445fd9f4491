package io.blockcam.archive.log;

import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;

import io.blockcam.archive.Directories;
import io.blockcam.archive.Writes;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;

/** Finishes a log that a crash left open; see {@link LogWriter#recover}. */
final class LogRecovery {
  /** Read at once; a multiple of a record. */
  private static final int CHUNK_BYTES = 1 << 20;

  private final Path directory;
  private final SegmentChain chain;
  private final Path openFile;
  private final Path freshFile;
  private final Path sealedFile;

  LogRecovery(final Path directory, final SegmentChain chain) {
    this.directory = directory;
    this.chain = chain;
    openFile = directory.resolve(LogName.open(chain.number()));
    freshFile = directory.resolve(LogName.fresh(chain.number()));
    sealedFile = directory.resolve(LogName.sealed(chain.number()));
  }

  Recovered recover() throws IOException {
    final boolean hasOpen = Files.exists(openFile);
    // One that is not whole, or a copy of the one that is there.
    final boolean hadFresh = Files.deleteIfExists(freshFile);
    if (Files.exists(sealedFile)) {
      if (hasOpen) {
        throw SegmentException.of(
            openFile.toString(), "the same segment is also there sealed; move one of them away");
      }
      return finishSealed();
    }
    if (!hasOpen) {
      if (!hadFresh) {
        throw new NoSuchFileException(openFile.toString());
      }
      return new Recovered(Optional.empty(), 0, "");
    }
    try (FileBytes log = FileBytes.open(openFile);
        Arena arena = Arena.ofConfined()) {
      return recover(log, new EntryTable(arena));
    }
  }

  private Recovered finishSealed() throws IOException {
    final SealedLog log = SealedLog.open(sealedFile);
    chain.checkSealed(sealedFile.toString(), log.header(), log.firstTimestampNs());
    Directories.force(directory);
    return new Recovered(Optional.of(log), 0, "");
  }

  private Recovered recover(final FileBytes log, final EntryTable records) throws IOException {
    final LogHeader header = SealedLog.header(log);
    chain.checkOpen(openFile.toString(), header.segment());
    final PayloadPlaces places = new PayloadPlaces();
    final LogReader reader = new LogReader(log, header, /* checksPayloads= */ true);
    LogReader.Step step = reader.next();
    for (; step == LogReader.Step.RECORD; step = reader.next()) {
      records.add(
          Arrays.copyOfRange(reader.array(), reader.recordAt(), reader.recordAt() + RECORD_BYTES));
      if (reader.ownsPayload()) {
        places.add(reader.offset() + reader.payloadAt() - reader.recordAt());
      }
    }
    final Cut cut = cut(log, header, reader, step);
    if (records.count() == 0) {
      Files.delete(openFile);
      Directories.force(directory);
      return new Recovered(Optional.empty(), cut.bytes, cut.reason);
    }
    final SealedLog sealed = seal(header, reader, new LogRewrite(log, places), records);
    return new Recovered(Optional.of(sealed), cut.bytes, cut.reason);
  }

  /** What is given up at the end, and why; nothing where nothing was written. */
  private record Cut(long bytes, String reason) {}

  private static Cut cut(
      final FileBytes log,
      final LogHeader header,
      final LogReader reader,
      final LogReader.Step step)
      throws IOException {
    if (step == LogReader.Step.END) {
      return new Cut(0, "");
    }
    final LogRest rest = new LogRest(log, header.salt(), reader.nextSequence(), reader.offset());
    if (step == LogReader.Step.NOTHING && !rest.hasEntries()) {
      return new Cut(0, "");
    }
    final String why = step == LogReader.Step.NOTHING ? "nothing stands there" : reader.problem();
    return new Cut(rest.bytes(), "record %d: %s".formatted(reader.recordCount(), why));
  }

  /**
   * Into a fresh file: if a sync failed before the crash, another one of the same file may say that
   * all is well. Only where there is no room for that, the risk is taken rather than the start
   * refused.
   */
  private SealedLog seal(
      final LogHeader header,
      final LogReader reader,
      final LogRewrite rewrite,
      final EntryTable records)
      throws IOException {
    final LogWriter copy;
    try {
      copy = copy(header, rewrite, records);
    } catch (final SegmentException e) {
      throw e;
    } catch (final IOException e) {
      Files.deleteIfExists(freshFile);
      if (Files.getFileStore(directory).getUsableSpace() >= reader.offset()) {
        throw e;
      }
      return sealInPlace(header, reader);
    }
    try (copy) {
      copy.takeName();
      return copy.seal(/* recovered= */ true);
    }
  }

  private LogWriter copy(final LogHeader header, final LogRewrite rewrite, final EntryTable records)
      throws IOException {
    final LogWriter copy = LogWriter.copyOf(directory, header);
    boolean finished = false;
    try {
      if (!rewrite.run(records, copy).isEmpty()) {
        throw SegmentException.of(openFile.toString(), "does not read twice the same");
      }
      copy.force();
      finished = true;
      return copy;
    } finally {
      if (!finished) {
        copy.close();
      }
    }
  }

  private SealedLog sealInPlace(final LogHeader header, final LogReader reader) throws IOException {
    final SealedLog sealed =
        new SealedLog(
            sealedFile,
            header.segment(),
            true,
            reader.recordCount(),
            reader.payloadCount(),
            reader.firstTimestampNs(),
            reader.lastTimestampNs());
    try (FileChannel log = FileChannel.open(openFile, StandardOpenOption.WRITE)) {
      log.truncate(reader.offset());
      Writes.all(log, ByteBuffer.wrap(sealed.encodeEnd(header.salt())), reader.offset());
      log.force(true);
    }
    Files.move(openFile, sealedFile, StandardCopyOption.ATOMIC_MOVE);
    Directories.force(directory);
    return sealed;
  }

  /**
   * What stands in a log where its order ends: nothing, records that were written later, or what
   * the file held when it was another one.
   */
  private static final class LogRest {
    private long entriesBytes;
    private long bytesToZeroes = -1;
    private final long bytes;

    LogRest(final FileBytes log, final int salt, final long dueSequence, final long offset)
        throws IOException {
      final byte[] chunk = new byte[CHUNK_BYTES];
      final MemorySegment view = MemorySegment.ofArray(chunk);
      final Crc32c crc = new Crc32c();
      for (long at = offset; at < log.length(); at += CHUNK_BYTES) {
        final int count = (int) Math.min(CHUNK_BYTES, log.length() - at);
        log.read(at, ByteBuffer.wrap(chunk, 0, count));
        for (int entry = 0; entry + RECORD_BYTES <= count; entry += RECORD_BYTES) {
          if (LogReader.isNothing(chunk, entry)) {
            bytesToZeroes = bytesToZeroes < 0 ? at + entry - offset : bytesToZeroes;
          } else if ((crc.of(chunk, entry, RecordDescriptor.CRC32C_OFFSET) ^ salt)
                  == view.get(LittleEndian.U32, entry + RecordDescriptor.CRC32C_OFFSET)
              && view.get(LittleEndian.U64, entry + RecordDescriptor.SEQUENCE_OFFSET)
                  >= dueSequence) {
            entriesBytes = at + entry + RECORD_BYTES - offset;
          }
        }
      }
      bytes = log.length() - offset;
    }

    /** Also the end mark, whose magic number is larger than any sequence. */
    boolean hasEntries() {
      return entriesBytes > 0;
    }

    long bytes() {
      return Math.max(entriesBytes, bytesToZeroes < 0 ? bytes : bytesToZeroes);
    }
  }
}
