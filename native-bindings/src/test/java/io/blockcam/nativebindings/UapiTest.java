package io.blockcam.nativebindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.blockcam.nativebindings.uapi.Linux;
import io.blockcam.nativebindings.uapi.Ublk;
import io.blockcam.nativebindings.uapi.Uring;
import java.io.IOException;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SequenceLayout;
import java.lang.foreign.StructLayout;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.opentest4j.TestAbortedException;

/**
 * The generated bindings say what the C compiler says of the same headers.
 *
 * <p>Newer headers than those the bindings were generated from are good too: constants never
 * change, and a struct may only grow at its end.
 */
class UapiTest {
  /** The constants classes, each with the umbrella header it was generated from. */
  private static final Map<Class<?>, String> HEADERS =
      Map.of(Ublk.class, "ublk.h", Uring.class, "uring.h", Linux.class, "linux.h");

  private boolean newerHeaders;

  /** What the bindings say of one struct: its name, size, and the place of every member. */
  private record Struct(String name, long size, Map<String, Member> members) {}

  /** Offset and size in bytes; the size is -1 where C gives none, of a flexible array. */
  private record Member(long offset, long size) {}

  @BeforeEach
  void headersAreNotOlderThanTheBindings() throws Exception {
    final CProbe probe = new CProbe("linux.h");
    probe.askMacro("LINUX_VERSION_CODE");
    final int version = Integer.parseInt(probe.answers().get("LINUX_VERSION_CODE"));
    if (version < Linux.LINUX_VERSION_CODE()) {
      throw new TestAbortedException(
          "the headers in BLOCKCAM_UAPI_HEADERS are older than the bindings ("
              + release(version)
              + " < "
              + release(Linux.LINUX_VERSION_CODE())
              + "): scripts/lib/uapi-headers prints newer ones");
    }
    newerHeaders = version > Linux.LINUX_VERSION_CODE();
  }

  @TestFactory
  Stream<DynamicNode> everyConstantHasTheValueOfC() throws Exception {
    final List<DynamicNode> nodes = new ArrayList<>();
    for (final Class<?> type : HEADERS.keySet()) {
      final Map<String, Long> constants = constantsOf(type);
      final CProbe probe = new CProbe(HEADERS.get(type));
      for (final String name : constants.keySet()) {
        if (type == Linux.class && !name.equals("LINUX_VERSION_CODE")) {
          probe.askMacro(name); // an older C library may lack it
        } else {
          probe.ask(name, name);
        }
      }
      final Map<String, String> answers = probe.answers();
      assertThat(constants).hasSizeGreaterThan(100);
      assertThat(answers).hasSizeGreaterThan(constants.size() * 9 / 10);
      final List<DynamicNode> tests = new ArrayList<>();
      constants.forEach(
          (name, value) -> {
            final String answer = answers.get(name);
            if (answer != null && !(newerHeaders && name.equals("LINUX_VERSION_CODE"))) {
              // unsigned 32-bit values are an int in Java
              final long expected = Long.parseLong(answer);
              tests.add(
                  dynamicTest(name, () -> assertThat(value).isIn(expected, (long) (int) expected)));
            }
          });
      nodes.add(dynamicContainer(type.getSimpleName(), tests));
    }
    return nodes.stream();
  }

  @TestFactory
  Stream<DynamicNode> everyStructHasTheLayoutOfC() throws Exception {
    final List<DynamicNode> tests = new ArrayList<>();
    for (final String header : HEADERS.values()) {
      final List<Struct> structs = structsOf(header);
      assertThat(structs).isNotEmpty();
      final CProbe probe = new CProbe(header);
      for (final Struct struct : structs) {
        final String type = "struct " + struct.name();
        probe.ask(struct.name(), "sizeof(" + type + ")");
        struct
            .members()
            .forEach(
                (name, member) -> {
                  final String key = struct.name() + "." + name;
                  probe.ask(key, "offsetof(" + type + ", " + name + ")");
                  if (member.size() >= 0) {
                    probe.ask(key + "#", "sizeof(((" + type + " *) 0)->" + name + ")");
                  }
                });
      }
      final Map<String, String> answers = probe.answers();
      for (final Struct struct : structs) {
        tests.add(dynamicTest(struct.name(), () -> compare(struct, answers)));
      }
    }
    return tests.stream();
  }

  @Test
  void everyErrorNumberHasItsNameAndMessageOfTheCLibrary() throws Exception {
    final CProbe probe = new CProbe("linux.h");
    for (int errno = 1; errno <= 133; errno++) {
      probe.askText(
          errno + "", "strerrorname_np(" + errno + ") ? strerrorname_np(" + errno + ") : \"\"");
      probe.askText(errno + "m", "strerror(" + errno + ")");
    }
    final Map<String, String> answers = probe.answers();
    for (int errno = 1; errno <= 133; errno++) {
      final String name = answers.getOrDefault(errno + "", "");
      if (!name.isEmpty()) {
        assertThat(Errno.name(errno)).isEqualTo(name.equals("ENOTSUP") ? "EOPNOTSUPP" : name);
        assertThat(Errno.message(errno)).isEqualTo(answers.get(errno + "m"));
      }
    }
  }

  /** KERNEL_VERSION of {@code <linux/version.h>}, taken apart. */
  private static String release(final int version) {
    return (version >> 16) + "." + (version >> 8 & 0xff) + "." + (version & 0xff);
  }

  private void compare(final Struct struct, final Map<String, String> answers) {
    final long size = Long.parseLong(answers.get(struct.name()));
    if (newerHeaders) {
      assertThat(size).as("sizeof").isGreaterThanOrEqualTo(struct.size());
    } else {
      assertThat(size).as("sizeof").isEqualTo(struct.size());
    }
    struct
        .members()
        .forEach(
            (name, member) -> {
              final String key = struct.name() + "." + name;
              assertThat(member.offset())
                  .as("offset of %s", name)
                  .isEqualTo(Long.parseLong(answers.get(key)));
              if (member.size() >= 0 && !newerHeaders) {
                assertThat(member.size())
                    .as("size of %s", name)
                    .isEqualTo(Long.parseLong(answers.get(key + "#")));
              }
            });
  }

  private static Map<String, Long> constantsOf(final Class<?> type)
      throws ReflectiveOperationException {
    final Map<String, Long> constants = new LinkedHashMap<>();
    final List<Method> methods = new ArrayList<>(List.of(type.getDeclaredMethods()));
    methods.sort(Comparator.comparing(Method::getName));
    for (final Method method : methods) {
      final boolean number =
          method.getReturnType() == int.class || method.getReturnType() == long.class;
      if (Modifier.isPublic(method.getModifiers()) && method.getParameterCount() == 0 && number) {
        constants.put(method.getName(), ((Number) method.invoke(null)).longValue());
      }
    }
    return constants;
  }

  /** The structs that the arguments file beside an umbrella header asks for. */
  private static List<Struct> structsOf(final String header)
      throws IOException, ReflectiveOperationException {
    final List<Struct> structs = new ArrayList<>();
    final Path arguments = Path.of("src", "jextract", header.replace(".h", ".args"));
    for (final String line : Files.readAllLines(arguments)) {
      if (line.startsWith("--include-struct ")) {
        final String name = line.substring("--include-struct ".length());
        final Class<?> type = Class.forName(Ublk.class.getPackageName() + "." + name);
        final GroupLayout layout = (GroupLayout) type.getMethod("layout").invoke(null);
        final Map<String, Member> members = new LinkedHashMap<>();
        collect(layout, 0, "", members);
        structs.add(new Struct(name, layout.byteSize(), members));
      }
    }
    return structs;
  }

  /** Members by the path C knows them by; members of anonymous groups belong to the outer one. */
  private static void collect(
      final GroupLayout group,
      final long start,
      final String prefix,
      final Map<String, Member> members) {
    long offset = start;
    for (final MemoryLayout member : group.memberLayouts()) {
      final String name = member.name().orElse(""); // padding has none
      if (name.startsWith("$anon$")) {
        collect((GroupLayout) member, offset, prefix, members);
      } else if (!name.isEmpty()) {
        final boolean flexible =
            member instanceof SequenceLayout array && array.elementCount() == 0;
        members.put(prefix + name, new Member(offset, flexible ? -1 : member.byteSize()));
        if (member instanceof GroupLayout inner) {
          collect(inner, offset, prefix + name + ".", members);
        }
      }
      if (group instanceof StructLayout) {
        offset += member.byteSize();
      }
    }
  }
}
