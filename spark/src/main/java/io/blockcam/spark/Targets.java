package io.blockcam.spark;

import io.blockcam.filesearch.HashListReader;
import io.blockcam.filesearch.TargetSet;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** The files that are looked for: sent as their list, made ready once in each executor. */
final class Targets implements Serializable {
  private static final long serialVersionUID = 1L;

  private final String name;
  private final byte[] list;

  /** Guarded by this. */
  private transient @Nullable TargetSet ready;

  /**
   * @param name of the list, for errors
   * @param list its bytes; becomes this object's own
   */
  Targets(final String name, final byte[] list) {
    this.name = name;
    this.list = list;
  }

  synchronized TargetSet get() throws IOException {
    TargetSet known = ready;
    if (known == null) {
      final TargetSet.Builder builder = new TargetSet.Builder();
      HashListReader.read(name, new ByteArrayInputStream(list), builder);
      known = builder.build();
      if (known.targets().isEmpty()) {
        throw new IOException(name + " holds no file to look for");
      }
      ready = known;
    }
    return known;
  }
}
