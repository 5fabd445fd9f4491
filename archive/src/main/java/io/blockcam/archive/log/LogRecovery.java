package io.blockcam.archive.log;

import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;

import io.blockcam.archive.Directories;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.record.LittleEndian;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
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
  private static final int STREAM_BUFFER_BYTES = 1 << 20;

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
        FileChannel payloads = FileChannel.open(openFile, StandardOpenOption.READ);
        Arena arena = Arena.ofConfined()) {
      return recover(log, payloads, new EntryTable(arena));
    }
  }

  private Recovered finishSealed() throws IOException {
    final SealedLog log = SealedLog.open(sealedFile);
    chain.checkSealed(sealedFile.toString(), log.header(), log.firstTimestampNs());
    Directories.force(directory);
    return new Recovered(Optional.of(log), 0, "");
  }

  private Recovered recover(
      final FileBytes log, final FileChannel payloads, final EntryTable records)
      throws IOException {
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
    final Cut cut = cut(header, reader, step);
    if (records.count() == 0) {
      Files.delete(openFile);
      Directories.force(directory);
      return new Recovered(Optional.empty(), cut.bytes, cut.reason);
    }
    final SealedLog sealed = seal(header, reader, new LogRewrite(payloads, places), records);
    return new Recovered(Optional.of(sealed), cut.bytes, cut.reason);
  }

  /** What is given up at the end, and why; nothing where nothing was written. */
  private record Cut(long bytes, String reason) {}

  private Cut cut(final LogHeader header, final LogReader reader, final LogReader.Step step)
      throws IOException {
    if (step == LogReader.Step.END) {
      return new Cut(0, "");
    }
    final LogRest rest = new LogRest(header.salt(), reader.nextSequence(), reader.offset());
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
      return copy.seal();
    }
  }

  private LogWriter copy(final LogHeader header, final LogRewrite rewrite, final EntryTable records)
      throws IOException {
    final LogWriter copy = LogWriter.recovered(directory, header);
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
      write(log, sealed.encodeEnd(header.salt()), reader.offset());
      log.force(true);
    }
    Files.move(openFile, sealedFile, StandardCopyOption.ATOMIC_MOVE);
    Directories.force(directory);
    return sealed;
  }

  private static void write(final FileChannel file, final byte[] content, final long offset)
      throws IOException {
    final ByteBuffer bytes = ByteBuffer.wrap(content);
    while (bytes.hasRemaining()) {
      file.write(bytes, offset + bytes.position());
    }
  }

  /**
   * What stands in a log where its order ends: nothing, records that were written later, or what
   * the file held when it was another one.
   */
  private final class LogRest {
    private long entriesBytes;
    private long bytesToZeroes = -1;
    private long bytes;

    LogRest(final int salt, final long dueSequence, final long offset) throws IOException {
      final byte[] entry = new byte[RECORD_BYTES];
      final MemorySegment view = MemorySegment.ofArray(entry);
      final Crc32c crc = new Crc32c();
      try (InputStream log =
          new BufferedInputStream(Files.newInputStream(openFile), STREAM_BUFFER_BYTES)) {
        log.skipNBytes(offset);
        for (int count = log.readNBytes(entry, 0, RECORD_BYTES);
            count > 0;
            count = log.readNBytes(entry, 0, RECORD_BYTES)) {
          if (count == RECORD_BYTES && LogReader.isNothing(entry, 0)) {
            bytesToZeroes = bytesToZeroes < 0 ? bytes : bytesToZeroes;
          } else if (count == RECORD_BYTES
              && (crc.of(entry, 0, RecordDescriptor.CRC32C_OFFSET) ^ salt)
                  == view.get(LittleEndian.U32, RecordDescriptor.CRC32C_OFFSET)
              && view.get(LittleEndian.U64, RecordDescriptor.SEQUENCE_OFFSET) >= dueSequence) {
            entriesBytes = bytes + count;
          }
          bytes += count;
        }
      }
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
