package io.blockcam.filesearch;

/**
 * Where a file may lie: all that it has in one piece on the disk begins there, or would.
 *
 * @param target number of the file among those that are looked for
 * @param base the sector of the disk on which its first one is; before the disk if only a later
 *     fragment lies like that
 */
record Placement(int target, long base) {}
