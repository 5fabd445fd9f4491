package io.blockcam.capture.spool;

import java.io.IOException;

/** Takes note of blocks of which disk and record may hold different things. */
@FunctionalInterface
public interface Doubts {

  /** Remembers more of them; durable when this returns. May be repeated. */
  void add(Doubt more) throws IOException;
}
