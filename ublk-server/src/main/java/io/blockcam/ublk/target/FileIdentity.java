package io.blockcam.ublk.target;

/**
 * Which file a disk stands on, and when it was last changed (statx(2)).
 *
 * @param blockDevice whether it is a block device: the other fields are those of its node in /dev
 *     then and say nothing about what it holds
 * @param device of the file system, major number in the upper 32 bits; may differ after a reboot
 * @param inode of the file
 * @param changedNs change time of the inode, in ns since 1970 UTC: unlike the modification time
 *     nobody can set it
 */
public record FileIdentity(boolean blockDevice, long device, long inode, long changedNs) {}
