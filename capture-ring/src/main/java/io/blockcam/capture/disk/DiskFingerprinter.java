package io.blockcam.capture.disk;

import io.blockcam.archive.hash.Sha256;
import io.blockcam.archive.hash.Sha256Digest;
import io.blockcam.archive.record.RecordDescriptor;
import io.blockcam.capture.ring.BootId;
import io.blockcam.capture.spool.DiskFingerprint;
import io.blockcam.ublk.target.FileIdentity;
import io.blockcam.ublk.target.FileTarget;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Takes fingerprints of a disk and compares it with an earlier one. Control thread.
 *
 * <p>What tells another disk, or one that was changed:
 *
 * <ul>
 *   <li>a file has another inode (or, in the same boot, is on another file system);
 *   <li>after an orderly stop, its change time is later;
 *   <li>after an orderly stop, a sampled block holds other data. Without one, newer writes may
 *       stand in sampled blocks; but that not one of many is left as it was, is another disk.
 * </ul>
 */
public final class DiskFingerprinter {

  private static final int BLOCK_BYTES = RecordDescriptor.BLOCK_BYTES;

  /** Fewer blocks prove nothing: a small disk may be overwritten as a whole. */
  private static final int ENOUGH = 8;

  private final FileTarget disk;
  private final InstantSource clock;
  private final Random random = new Random();

  /**
   * @param disk stays the caller's
   * @param clock for {@link DiskFingerprint#taken}
   */
  public DiskFingerprinter(final FileTarget disk, final InstantSource clock) {
    this.disk = disk;
    this.clock = clock;
  }

  /**
   * Reads the disk's identity and the blocks that are to be remembered.
   *
   * @param written blocks that this run has written
   * @param before what was remembered before, of which some are kept
   * @param clean whether the device is gone and the disk synced
   */
  public DiskFingerprint take(
      final long[] written, final @Nullable DiskFingerprint before, final boolean clean)
      throws IOException {
    final Set<Long> blocks = new HashSet<>();
    for (final long block : written) {
      blocks.add(block);
    }
    if (before != null) {
      final List<DiskFingerprint.Sample> old = new ArrayList<>(before.samples());
      Collections.shuffle(old, random);
      old.stream().limit(BlockSample.SIZE).forEach(sample -> blocks.add(sample.block()));
    }
    final List<DiskFingerprint.Sample> samples = new ArrayList<>();
    for (final long block : blocks.stream().sorted().toList()) {
      samples.add(new DiskFingerprint.Sample(block, digest(block, disk.geometry().bytes())));
    }
    return new DiskFingerprint(clock.instant(), clean, BootId.current(), disk.identity(), samples);
  }

  /**
   * Why the disk cannot be the one, as it was left, of an earlier fingerprint. One that has grown
   * since was changed by that.
   *
   * @param bytesBefore its size then
   * @return empty when nothing speaks against it
   */
  public Optional<String> mismatch(final DiskFingerprint before, final long bytesBefore)
      throws IOException {
    final FileIdentity was = before.file();
    final FileIdentity is = disk.identity();
    int same = 0;
    for (final DiskFingerprint.Sample sample : before.samples()) {
      same += digest(sample.block(), bytesBefore).equals(sample.digest()) ? 1 : 0;
    }
    final int all = before.samples().size();
    final String samples = "%d of %d sampled blocks hold what they held".formatted(same, all);
    if (was.blockDevice() != is.blockDevice()) {
      return Optional.of(
          is.blockDevice()
              ? "it was a file, now it is a block device"
              : "it was a block device, now it is a file");
    }
    if (!is.blockDevice()
        && (was.inode() != is.inode()
            || (before.bootId().equals(BootId.current()) && was.device() != is.device()))) {
      return Optional.of("it is another file than before; " + samples);
    }
    if (before.clean() ? same < all : same == 0 && all >= ENOUGH) {
      return Optional.of(samples);
    }
    if (before.clean()
        && !is.blockDevice()
        && was.changedNs() != is.changedNs()
        && disk.geometry().bytes() == bytesBefore) {
      return Optional.of(
          "it was changed at %s, after the recorder had stopped; %s"
              .formatted(Instant.EPOCH.plusNanos(is.changedNs()), samples));
    }
    return Optional.empty();
  }

  private Sha256Digest digest(final long block, final long diskBytes) throws IOException {
    final long bytes = diskBytes - block * BLOCK_BYTES;
    try (Arena arena = Arena.ofConfined()) {
      final MemorySegment data = arena.allocate(Math.clamp(bytes, 0, BLOCK_BYTES), BLOCK_BYTES);
      disk.read(data, block * BLOCK_BYTES);
      return Sha256.of(data.toArray(ValueLayout.JAVA_BYTE));
    }
  }
}
