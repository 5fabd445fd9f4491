package io.blockcam.archive.log;

import static io.blockcam.archive.log.LogDescriptor.HEADER_BYTES;
import static io.blockcam.archive.log.LogDescriptor.PAYLOAD_ENTRY_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.WHOLE_BLOCK;

import io.blockcam.archive.hash.Crc32c;
import io.blockcam.archive.hash.SectorHash;
import io.blockcam.archive.record.GapReason;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.archive.record.RecordFlags;
import io.blockcam.archive.record.RecordKind;
import io.blockcam.archive.record.RecordTable;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentChain;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.archive.segment.SegmentLimits;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.UUID;

/**
 * Makes a whole log of a sealed one that was damaged in the spool: of each record that is sound,
 * and for what is not a {@link RecordKind#GAP}. A payload that is lost costs its block. Where
 * records are lost nobody knows which blocks they were of: they become a gap of all of the disk.
 */
public final class LogRepair {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final int PAGE_BYTES = 4096;

  private final FileBytes file;
  private final LogHeader header;
  private final long endSequence;
  private final long endTimestampNs;
  private final LogWriter copy;
  private final PayloadPlaces places = new PayloadPlaces();
  private final LogRewrite rewrite;
  private final Crc32c crc = new Crc32c();
  private final RecordView view = new RecordView();

  // What is in memory of the file, and the record that is looked at.
  private final byte[] chunk = new byte[CHUNK_BYTES];
  private long chunkOffset;
  private int chunkBytes;
  private final byte[] entry = new byte[RECORD_BYTES];
  private final MemorySegment entryMemory = MemorySegment.ofArray(entry);
  private final RecordTable record = new RecordTable(entry);

  private long due;
  private int lostRecords;

  private LogRepair(
      final FileBytes file,
      final LogHeader header,
      final LogWriter copy,
      final long endSequence,
      final long endTimestampNs) {
    this.file = file;
    this.header = header;
    this.copy = copy;
    this.endSequence = endSequence;
    this.endTimestampNs = endTimestampNs;
    this.rewrite = new LogRewrite(file, places);
    this.due = header.segment().firstSequence();
  }

  /**
   * Makes the other log, in a fresh file, which has to {@linkplain RepairedLog#takeName take its
   * name}. The damaged one stays as it is until then.
   *
   * @param damaged the sealed log
   * @param recordingId the recording it must belong to
   * @param endSequence of the first record behind it
   * @param endTimestampNs none of its records is later
   * @throws SegmentException when nothing can be made of it: header and its copy are damaged, or
   *     are those of another log
   */
  public static RepairedLog repair(
      final Path damaged, final UUID recordingId, final long endSequence, final long endTimestampNs)
      throws IOException {
    final Path directory = Objects.requireNonNull(damaged.toAbsolutePath().getParent());
    try (FileBytes file = FileBytes.open(damaged)) {
      final LogHeader header = SealedLog.header(file);
      final long number = LogName.sealedNumber(String.valueOf(damaged.getFileName())).orElse(-1);
      SegmentChain.checkIdentity(
          file.name(),
          recordingId,
          number,
          header.segment().recordingId(),
          header.segment().segmentNumber());
      final long records = endSequence - header.segment().firstSequence();
      if (records < 1 || records > SegmentLimits.MAX_RECORDS) {
        throw SegmentException.of(
            file.name(),
            "begins with sequence %d, and the segment behind it with %d"
                .formatted(header.segment().firstSequence(), endSequence));
      }
      final LogWriter copy = LogWriter.copyOf(directory, header);
      boolean finished = false;
      try {
        final LogRepair repair = new LogRepair(file, header, copy, endSequence, endTimestampNs);
        repair.run();
        final SealedLog sealed = copy.finishCopy();
        finished = true;
        return new RepairedLog(copy, sealed, repair.rewrite.lostBlocks(), repair.lostRecords);
      } finally {
        if (!finished) {
          copy.close();
          Files.deleteIfExists(directory.resolve(LogName.fresh(number)));
        }
      }
    }
  }

  private void run() throws IOException {
    long at = HEADER_BYTES;
    while (due < endSequence && at + RECORD_BYTES <= file.length()) {
      load(at);
      if (!isSound()) {
        at += RECORD_BYTES; // of everything in a log the offset is a multiple of that
        continue;
      }
      lose(record.sequence(0), record.timestampNs(0));
      at += RECORD_BYTES;
      if (record.ownsPayload(0)) {
        places.put(record.payloadIndex(0), at + SectorHash.BLOCK_HASHES_BYTES);
        at += PAYLOAD_ENTRY_BYTES - RECORD_BYTES;
      }
      rewrite.append(record, view.wrap(entryMemory, 0), copy);
      due++;
    }
    lose(
        endSequence,
        copy.recordCount() > 0 ? copy.lastTimestampNs() : header.segment().createdNs());
  }

  /** The checksums have salt in them: what a guest wrote is never taken for a record. */
  private boolean isSound() {
    return record.problem(0, header.segment().diskBlocks(), crc) == null
        && record.sequence(0) >= due
        && record.sequence(0) < endSequence
        && record.timestampNs(0) >= copy.lastTimestampNs()
        && record.timestampNs(0) <= endTimestampNs
        && (!record.ownsPayload(0)
            || (record.payloadIndex(0) >= 0 && record.payloadIndex(0) < SegmentLimits.MAX_RECORDS));
  }

  /** The records up to one are lost. */
  private void lose(final long sequence, final long timestampNs) throws IOException {
    final long diskBlocks = header.segment().diskBlocks();
    if (due < sequence && diskBlocks > RecordDescriptor.MAX_RUN_BLOCKS) {
      throw SegmentException.of(
          file.name(), "has lost records of a disk that is too large for one gap of all of it");
    }
    for (boolean first = true; due < sequence; due++) {
      copy.append(
          RecordView.allocate()
              .put(due, 0, diskBlocks, RecordKind.GAP, WHOLE_BLOCK, GapReason.RECORDS_LOST.code()),
          timestampNs,
          first ? RecordFlags.FIRST : 0,
          null,
          0);
      first = false;
      lostRecords++;
    }
  }

  /** Brings an entry in, without the salt. */
  private void load(final long at) throws IOException {
    if (at < chunkOffset || at + RECORD_BYTES > chunkOffset + chunkBytes) {
      chunkOffset = at;
      chunkBytes = (int) Math.min(CHUNK_BYTES, file.length() - at);
      read(at, 0, chunkBytes);
    }
    System.arraycopy(chunk, (int) (at - chunkOffset), entry, 0, RECORD_BYTES);
    entryMemory.set(
        LittleEndian.U32,
        RecordDescriptor.CRC32C_OFFSET,
        entryMemory.get(LittleEndian.U32, RecordDescriptor.CRC32C_OFFSET) ^ header.salt());
  }

  /** What cannot be read counts as zero: a bad sector costs what lies in it. */
  private void read(final long offset, final int at, final int bytes) throws IOException {
    try {
      file.read(offset, ByteBuffer.wrap(chunk, at, bytes));
    } catch (final ClosedChannelException e) {
      throw e; // by an interrupt: that says nothing of the file
    } catch (final IOException e) {
      if (bytes <= PAGE_BYTES) {
        Arrays.fill(chunk, at, at + bytes, (byte) 0);
        return;
      }
      for (int done = 0; done < bytes; done += PAGE_BYTES) {
        read(offset + done, at + done, Math.min(PAGE_BYTES, bytes - done));
      }
    }
  }
}
