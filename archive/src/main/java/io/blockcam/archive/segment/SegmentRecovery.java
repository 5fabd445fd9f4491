package io.blockcam.archive.segment;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.BLOCK_SECTORS;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.SECTOR_BYTES;

import io.blockcam.archive.Directories;
import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.LittleEndian;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordTable;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finishes a segment that a crash left open; see {@link SegmentWriter#recover}. */
final class SegmentRecovery {
  private static final int STREAM_BUFFER_BYTES = 1 << 20;
  private static final byte[] NO_ENTRY = new byte[RECORD_BYTES];

  private final Path directory;
  private final SegmentChain chain;
  private final Path openFile;
  private final Path journalFile;
  private final Path sealedFile;
  private final Crc32c crc = new Crc32c();

  SegmentRecovery(final Path directory, final SegmentChain chain) {
    this.directory = directory;
    this.chain = chain;
    openFile = directory.resolve(SegmentName.open(chain.number()));
    journalFile = directory.resolve(SegmentName.journal(chain.number()));
    sealedFile = directory.resolve(SegmentName.sealed(chain.number()));
  }

  Recovered recover() throws IOException {
    SegmentWriter.finishRewrite(directory, chain.number());
    final boolean hasOpen = Files.exists(openFile);
    final boolean hasJournal = Files.exists(journalFile);
    if (Files.exists(sealedFile)) {
      if (hasOpen) {
        throw SegmentException.of(
            openFile.toString(), "the same segment is also there sealed; move one of them away");
      }
      return finishSealed();
    }
    if (!hasOpen && !hasJournal) {
      throw new NoSuchFileException(openFile.toString());
    }
    final long journalBytes = hasJournal ? Files.size(journalFile) : 0;
    if (!isBegun(hasOpen ? Files.size(openFile) : 0, journalBytes)) {
      return remove(0, "");
    }
    if (!hasOpen || !hasJournal) {
      throw SegmentException.of(
          (hasOpen ? journalFile : openFile).toString(),
          "is missing though %s is there; bring it back or move the other away"
              .formatted((hasOpen ? openFile : journalFile).getFileName()));
    }
    return replayJournal(journalBytes);
  }

  /**
   * False when creation or discarding was interrupted: nothing can have been recorded. Each of the
   * files may have been another one before, see {@link SpareFiles}: then zeroes follow the header
   * of the journal, and the open file has the header of another segment until the journal has its
   * own.
   */
  private boolean isBegun(final long openBytes, final long journalBytes) throws IOException {
    if (journalBytes < JournalDescriptor.HEADER_BYTES) {
      return openBytes > SegmentHeaderDescriptor.HEADER_BYTES && !isOfAnotherSegment();
    }
    if (journalBytes == JournalDescriptor.HEADER_BYTES) {
      return false;
    }
    try (InputStream journal = open(journalFile)) {
      journal.skipNBytes(JournalDescriptor.HEADER_BYTES);
      final byte[] first = new byte[RECORD_BYTES];
      return journal.readNBytes(first, 0, RECORD_BYTES) < RECORD_BYTES
          || !isZero(first)
          || new JournalRest(journal, chain.sequence()).hasEntries();
    }
  }

  private boolean isOfAnotherSegment() throws IOException {
    try (InputStream payloads = open(openFile)) {
      final SegmentHeader header =
          SegmentHeader.decode(
              payloads.readNBytes(SegmentHeaderDescriptor.HEADER_BYTES), openFile.toString());
      return header.recordingId().equals(chain.recordingId())
          && header.segmentNumber() < chain.number();
    }
  }

  private static boolean isZero(final byte[] entry) {
    return Arrays.equals(entry, NO_ENTRY);
  }

  private Recovered finishSealed() throws IOException {
    final SegmentTrailer trailer;
    try (FileBytes bytes = FileBytes.open(sealedFile)) {
      trailer = SegmentReader.open(bytes).trailer();
    }
    chain.next(sealedFile.toString(), chain.number(), trailer);
    Directories.force(directory);
    Files.deleteIfExists(journalFile);
    return new Recovered(Optional.of(new SealedSegment(sealedFile, trailer)), 0, "");
  }

  private Recovered remove(final long cutJournalBytes, final String cutReason) throws IOException {
    if (cutJournalBytes > 0) {
      cutJournal();
    }
    Files.deleteIfExists(openFile);
    Files.deleteIfExists(journalFile);
    Directories.force(directory);
    return new Recovered(Optional.empty(), cutJournalBytes, cutReason);
  }

  /**
   * First, and durable: records in a journal whose open file is gone would be a loss, not a crash.
   */
  private void cutJournal() throws IOException {
    try (FileChannel journal = FileChannel.open(journalFile, StandardOpenOption.WRITE)) {
      journal.truncate(JournalDescriptor.HEADER_BYTES);
      journal.force(true);
    }
  }

  private Recovered replayJournal(final long journalBytes) throws IOException {
    try (InputStream journal = open(journalFile);
        InputStream payloads = open(openFile)) {
      final SegmentHeader header = readHeaders(journal, payloads);
      try (SegmentWriter writer = SegmentWriter.reopen(directory, header)) {
        final JournalReplay replay = new JournalReplay(journal, payloads, writer);
        final String cutReason = replay.run();
        final long cutBytes = cutReason.isEmpty() ? 0 : replay.givenUpBytes;
        if (writer.recordCount() == 0) {
          return remove(cutBytes, cutReason);
        }
        writer.cutPayloads();
        return new Recovered(Optional.of(seal(writer)), cutBytes, cutReason);
      }
    }
  }

  /**
   * From fresh files: if a sync failed before the crash, another one of the same file may say that
   * all is well. Only where there is no room for that, the risk is taken rather than the start
   * refused.
   */
  private SealedSegment seal(final SegmentWriter writer) throws IOException {
    final Rewritten rewritten;
    try {
      rewritten = writer.rewrite();
    } catch (final IOException e) {
      SegmentWriter.finishRewrite(directory, chain.number()); // that is, undo
      if (Files.getFileStore(directory).getUsableSpace() >= writer.sealedBytes()) {
        throw e;
      }
      return writer.seal(chain.digest());
    }
    try (SegmentWriter copy = rewritten.segment()) {
      if (!rewritten.lostBlocks().isEmpty()) {
        throw SegmentException.of(openFile.toString(), "does not read twice the same");
      }
      copy.takeNames();
      return copy.seal(chain.digest());
    }
  }

  private SegmentHeader readHeaders(final InputStream journal, final InputStream payloads)
      throws IOException {
    final byte[] headerBytes = payloads.readNBytes(SegmentHeaderDescriptor.HEADER_BYTES);
    if (headerBytes.length < SegmentHeaderDescriptor.HEADER_BYTES) {
      throw SegmentException.of(
          openFile.toString(),
          "has %d bytes, less than a header, though its journal has records"
              .formatted(headerBytes.length));
    }
    final SegmentHeader header = SegmentHeader.decode(headerBytes, openFile.toString());
    chain.checkOpen(openFile.toString(), header);
    final JournalHeader journalHeader =
        JournalHeader.decode(
            journal.readNBytes(JournalDescriptor.HEADER_BYTES), journalFile.toString());
    chain.checkOpen(journalFile.toString(), journalHeader);
    if (journalHeader.epoch() != header.epoch()) {
      throw SegmentException.of(
          journalFile.toString(),
          "belongs to epoch %d, the segment to epoch %d"
              .formatted(journalHeader.epoch(), header.epoch()));
    }
    return header;
  }

  private static InputStream open(final Path file) throws IOException {
    return new BufferedInputStream(Files.newInputStream(file), STREAM_BUFFER_BYTES);
  }

  /** Brings the records of the journal back one by one until one is not whole. */
  private final class JournalReplay {
    private final InputStream journal;
    private final InputStream payloads;
    private final SegmentWriter writer;
    private final RecordCheck records;
    private final byte[] record = new byte[RECORD_BYTES];
    private final RecordTable table = new RecordTable(MemorySegment.ofArray(record));
    private final byte[] hashes = new byte[SectorHash.BLOCK_HASHES_BYTES];
    private final byte[] payload = new byte[BLOCK_BYTES];
    private int hashesRead;
    private long givenUpBytes;

    JournalReplay(
        final InputStream journal, final InputStream payloads, final SegmentWriter writer) {
      this.journal = journal;
      this.payloads = payloads;
      this.writer = writer;
      this.records = new RecordCheck(writer.header().diskBlocks());
    }

    /** Returns why the rest of the journal is not used; empty when there is no rest. */
    String run() throws IOException {
      while (true) {
        hashesRead = 0;
        final int count = journal.readNBytes(record, 0, RECORD_BYTES);
        if (count == 0) {
          return "";
        }
        final boolean isEnd = count == RECORD_BYTES && isZero(record);
        final String problem =
            count < RECORD_BYTES ? "the journal ends within it" : problemOfEntry();
        if (problem != null) {
          final JournalRest rest = new JournalRest(journal, writer.nextSequence());
          givenUpBytes = count + hashesRead + rest.bytes();
          return isEnd && !rest.hasEntries()
              ? ""
              : "record %d: %s".formatted(writer.recordCount(), problem);
        }
        final boolean own = table.ownsPayload(0);
        writer.restore(record, table.timestampNs(0), own ? hashes : null, payload);
      }
    }

    private @Nullable String problemOfEntry() throws IOException {
      final String problem =
          records.problem(
              table, 0, writer.nextSequence(), writer.lastTimestampNs(), writer.payloadCount());
      if (problem != null) {
        return problem;
      }
      if (!writer.hasRoom(1)) {
        return "the segment is full before it";
      }
      return table.ownsPayload(0) ? problemOfPayload() : null;
    }

    private @Nullable String problemOfPayload() throws IOException {
      hashesRead = journal.readNBytes(hashes, 0, hashes.length);
      if (hashesRead < hashes.length) {
        return "the journal ends within its sector hashes";
      }
      if (payloads.readNBytes(payload, 0, BLOCK_BYTES) < BLOCK_BYTES) {
        return "the open file ends within its payload";
      }
      if (crc.of(payload, 0, BLOCK_BYTES) != table.payloadCrc32c(0)) {
        return "its payload has another CRC32C";
      }
      final MemorySegment view = MemorySegment.ofArray(hashes);
      for (int sector = 0; sector < BLOCK_SECTORS; sector++) {
        if (view.get(LittleEndian.U64, (long) sector * Long.BYTES)
            != SectorHash.of(payload, sector * SECTOR_BYTES)) {
          return "the hash of sector %d is not that of the payload".formatted(sector);
        }
      }
      return null;
    }
  }

  /**
   * What stands in a journal behind the entry where its order ends: nothing, entries that were
   * written later, or what the file held when it was another one.
   */
  private final class JournalRest {
    private long entriesBytes;
    private long bytesToZeroes = -1;
    private long bytes;

    JournalRest(final InputStream journal, final long dueSequence) throws IOException {
      final byte[] entry = new byte[RECORD_BYTES];
      final MemorySegment view = MemorySegment.ofArray(entry);
      final RecordTable table = new RecordTable(view);
      for (int count = journal.readNBytes(entry, 0, RECORD_BYTES);
          count > 0;
          count = journal.readNBytes(entry, 0, RECORD_BYTES)) {
        if (count == RECORD_BYTES && isZero(entry)) {
          bytesToZeroes = bytesToZeroes < 0 ? bytes : bytesToZeroes;
        } else if (count == RECORD_BYTES
            && crc.of(entry, 0, RecordDescriptor.CRC32C_OFFSET)
                == view.get(LittleEndian.U32, RecordDescriptor.CRC32C_OFFSET)
            && table.sequence(0) >= dueSequence) {
          entriesBytes = bytes + count;
        }
        bytes += count;
      }
    }

    boolean hasEntries() {
      return entriesBytes > 0;
    }

    long bytes() {
      return Math.max(entriesBytes, bytesToZeroes < 0 ? bytes : bytesToZeroes);
    }
  }
}
