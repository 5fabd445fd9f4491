package io.blockcam.cli;

/** What an error says, in one line. */
final class Messages {

  private Messages() {}

  static String of(final Throwable e) {
    final String message = e.getMessage();
    return message == null ? e.toString() : message.lines().findFirst().orElse(e.toString());
  }
}
