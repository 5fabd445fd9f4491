package io.blockcam.ublk.queue;

/**
 * The tags that wait for something, oldest first. Fixed capacity, no allocation. Queue thread only.
 */
final class TagFifo {

  private final short[] tags;
  private int head;
  private int size;

  TagFifo(final int depth) {
    tags = new short[depth];
  }

  int size() {
    return size;
  }

  boolean isEmpty() {
    return size == 0;
  }

  void add(final int tag) {
    assert size < tags.length : "a tag stands twice in the list";
    tags[(head + size) % tags.length] = (short) tag;
    size++;
  }

  int remove() {
    assert size > 0 : "the list is empty";
    final int tag = tags[head] & 0xffff;
    head = (head + 1) % tags.length;
    size--;
    return tag;
  }
}
