package io.blockcam.vmtests.bench;

import java.nio.file.Path;

/** A disk that is measured. */
interface Contender extends AutoCloseable {

  /** What the tables call it. */
  String name();

  /** A workload begins: what the one before has left behind is thrown away. */
  default void begin() {}

  /**
   * Makes it ready for a run.
   *
   * @return its block device
   */
  Path ready();

  @Override
  void close();
}
