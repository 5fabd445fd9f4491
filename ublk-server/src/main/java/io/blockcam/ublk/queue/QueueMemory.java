package io.blockcam.ublk.queue;

import java.lang.foreign.MemorySegment;

/**
 * What one queue shares with the driver. Whoever mapped it frees it, after the queue's thread has
 * ended.
 *
 * @param queueId 0 .. queues - 1
 * @param depth how many tags there are
 * @param bufferBytes of each tag, a multiple of the page size
 * @param descriptors the mapped request descriptors, {@code depth} of them
 * @param buffers {@code depth * bufferBytes} bytes, page-aligned and resident
 */
record QueueMemory(
    int queueId, int depth, int bufferBytes, MemorySegment descriptors, MemorySegment buffers) {}
