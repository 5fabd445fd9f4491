package io.blockcam.archive.log;

import static io.blockcam.archive.record.RecordDescriptor.BLOCK_BYTES;
import static io.blockcam.archive.record.RecordDescriptor.RECORD_BYTES;

import io.blockcam.archive.hash.SectorHash;

/**
 * Layout of the log of a segment, little-endian: a header, and then an entry for each record: the
 * record, and behind it, when the record has a payload of its own, the eight sector hashes and the
 * payload. A log that takes no more records ends with an end mark.
 *
 * <pre>
 *   0               8       12      16                              32
 *  +---------------+-------+-------+-------------------------------+
 *  | B L K C A M L G |version| zero  |         recording id          |
 *  +---------------+-------+-------+-------------------------------+
 *  |     epoch     | segment number|first sequence |   createdNs   |
 *  32              40              48              56              64
 *  |   diskBytes   | salt  | crc32c|  zero  ...
 *  64              72      76      80
 *  |  the same 80 bytes once more, for whoever finds them damaged, zero ...
 *  2048                                                           4096
 *  |                          record (64)                          |
 *  |          sector hashes (64), only with an own payload         |
 *  |             payload (4096), only with an own payload          |
 *  |                             ...                               |
 *  | B L K C A M E N |records|payload| first time ns |  last time ns |
 *  | flags |                   zero                        | crc32c |
 * </pre>
 *
 * <p>The checksum of a record, and that of the end mark, are stored xor the salt, a random number:
 * so what the file held when it was another log, or a guest's block that looks like a record, is
 * none of this one.
 */
final class LogDescriptor {
  /** Bytes before the first entry. */
  static final int HEADER_BYTES = 4096;

  /** "BLKCAMLG", read as a u64. */
  static final long MAGIC = 0x474c_4d41_434b_4c42L;

  /** The version this code writes, and the only one it reads. */
  static final int VERSION = 1;

  /** u64: {@link #MAGIC}. */
  static final int MAGIC_OFFSET = 0;

  /** u32: {@link #VERSION}. */
  static final int VERSION_OFFSET = 8;

  /** u32, zero. */
  static final int RESERVED_OFFSET = 12;

  /** 16 bytes: which recording this belongs to. */
  static final int RECORDING_ID_OFFSET = 16;

  /** u64, as in the header of the segment. */
  static final int EPOCH_OFFSET = 32;

  /** u64, as in the header of the segment. */
  static final int SEGMENT_NUMBER_OFFSET = 40;

  /** u64, as in the header of the segment. */
  static final int FIRST_SEQUENCE_OFFSET = 48;

  /** u64, as in the header of the segment. */
  static final int CREATED_NS_OFFSET = 56;

  /** u64, as in the header of the segment. */
  static final int DISK_BYTES_OFFSET = 64;

  /** u32: another one for each log. */
  static final int SALT_OFFSET = 72;

  /** u32: CRC32C of the bytes before it. */
  static final int CRC32C_OFFSET = 76;

  /** Where all of the above stands once more. */
  static final int COPY_OFFSET = 2048;

  /** Bytes of the end mark: those of a record. */
  static final int END_BYTES = RECORD_BYTES;

  /** "BLKCAMEN", read as a u64; no sequence reaches it. */
  static final long END_MAGIC = 0x4e45_4d41_434b_4c42L;

  /** u64: {@link #END_MAGIC}. */
  static final int END_MAGIC_OFFSET = 0;

  /** u32: records of the log. */
  static final int END_RECORDS_OFFSET = 8;

  /** u32: payloads of the log. */
  static final int END_PAYLOADS_OFFSET = 12;

  /** u64: timestamp of the first record. */
  static final int END_FIRST_TIMESTAMP_NS_OFFSET = 16;

  /** u64: timestamp of the last record. */
  static final int END_LAST_TIMESTAMP_NS_OFFSET = 24;

  /** u32: {@link #END_FLAG_RECOVERED} or 0. */
  static final int END_FLAGS_OFFSET = 32;

  /** Recovery has sealed it, after a crash. */
  static final int END_FLAG_RECOVERED = 1;

  /** u32: CRC32C of the bytes before it, xor the salt. */
  static final int END_CRC32C_OFFSET = 60;

  /** Bytes of an entry with a payload of its own. */
  static final int PAYLOAD_ENTRY_BYTES = RECORD_BYTES + SectorHash.BLOCK_HASHES_BYTES + BLOCK_BYTES;

  private LogDescriptor() {}

  /** Bytes of a log that has ended, or of one that is open, its end mark counted. */
  static long bytes(final long records, final long payloads) {
    return HEADER_BYTES
        + records * RECORD_BYTES
        + payloads * (PAYLOAD_ENTRY_BYTES - RECORD_BYTES)
        + END_BYTES;
  }
}
