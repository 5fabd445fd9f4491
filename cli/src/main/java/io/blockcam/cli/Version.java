package io.blockcam.cli;

import picocli.CommandLine;

/** The version as the build wrote it into the jar. */
final class Version implements CommandLine.IVersionProvider {

  static String current() {
    final String version = Version.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }

  @Override
  public String[] getVersion() {
    return new String[] {"blockcam " + current()};
  }
}
