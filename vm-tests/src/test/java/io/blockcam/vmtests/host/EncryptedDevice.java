package io.blockcam.vmtests.host;

import java.nio.file.Path;

/** A device of dm-crypt, as cryptsetup makes them, over another one; always with the same key. */
public final class EncryptedDevice implements AutoCloseable {

  private static final String NAME = "secret";
  private static final String KEY = "5a".repeat(64);

  private EncryptedDevice() {}

  /** Over all of a block device; one at a time. */
  public static EncryptedDevice over(final Path device) {
    // There is no udev in a test host to wait for, or to make the node.
    Shell.sh(
        """
        dmsetup create $1 --noudevsync \
            --table "0 $(blockdev --getsz $3) crypt aes-xts-plain64 $2 0 $3 0"
        dmsetup mknodes
        """,
        NAME,
        KEY,
        device);
    return new EncryptedDevice();
  }

  /** The block device, in the clear. */
  public Path device() {
    return Path.of("/dev/mapper", NAME);
  }

  @Override
  public void close() {
    Shell.sh("dmsetup remove --noudevsync $1", NAME);
  }
}
