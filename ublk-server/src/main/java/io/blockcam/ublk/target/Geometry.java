package io.blockcam.ublk.target;

/**
 * What a device looks like to its users.
 *
 * @param bytes size, a multiple of 512, more than 0
 * @param logicalBlockBytes smallest addressable unit, 512 or 4096. AHCI disks need 512.
 * @param physicalBlockBytes the unit writes should come in
 * @param zeroing how DISCARD and WRITE_ZEROES are served; both read back as zeroes afterwards
 * @param hasVolatileCache whether FLUSH and FUA mean anything to the target
 * @param readOnly whether writes are refused by the kernel already
 */
public record Geometry(
    long bytes,
    int logicalBlockBytes,
    int physicalBlockBytes,
    Zeroing zeroing,
    boolean hasVolatileCache,
    boolean readOnly) {

  /** The unit of every size and offset in the ublk protocol, whatever the logical block size. */
  public static final int SECTOR_BYTES = 512;

  public Geometry {
    if (bytes <= 0 || bytes % logicalBlockBytes != 0) {
      throw new IllegalArgumentException(
          "disk size " + bytes + " is not a positive multiple of " + logicalBlockBytes);
    }
    if (Integer.bitCount(logicalBlockBytes) != 1
        || logicalBlockBytes < SECTOR_BYTES
        || physicalBlockBytes < logicalBlockBytes
        || Integer.bitCount(physicalBlockBytes) != 1) {
      throw new IllegalArgumentException(
          "block sizes " + logicalBlockBytes + "/" + physicalBlockBytes + " are not powers of two");
    }
  }
}
