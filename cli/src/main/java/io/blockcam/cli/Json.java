package io.blockcam.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.PrintWriter;

/** Prints maps and lists as JSON, the same facts as the table beside it. */
final class Json {

  private static final ObjectWriter WRITER =
      JsonMapper.builder().build().writerWithDefaultPrettyPrinter();

  private static final ObjectWriter LINE_WRITER = JsonMapper.builder().build().writer();

  private static final ObjectWriter ASCII_WRITER =
      JsonMapper.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build().writer();

  private Json() {}

  /** The same in one line, for lists that have no end. */
  static String line(final Object value) {
    try {
      return LINE_WRITER.writeValueAsString(value);
    } catch (final JsonProcessingException e) {
      throw new IllegalStateException("maps and lists are always JSON", e);
    }
  }

  /** In one line of ASCII. */
  static String ascii(final Object value) {
    try {
      return ASCII_WRITER.writeValueAsString(value);
    } catch (final JsonProcessingException e) {
      throw new IllegalStateException("maps and lists are always JSON", e);
    }
  }

  /** As {@link #print} prints it. */
  static String lines(final Object value) {
    try {
      return WRITER.writeValueAsString(value) + "\n";
    } catch (final JsonProcessingException e) {
      throw new IllegalStateException("maps and lists are always JSON", e);
    }
  }

  static void print(final PrintWriter out, final Object value) {
    out.print(lines(value));
    out.flush();
  }
}
