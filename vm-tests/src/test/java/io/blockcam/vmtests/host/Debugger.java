package io.blockcam.vmtests.host;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.ObjectReference;
import com.sun.jdi.ThreadReference;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Does to the threads of a running recorder what no recorder does by itself. */
public final class Debugger implements AutoCloseable {

  /** Options of the JVM that is to be attached to. */
  public static final String AGENT =
      "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:0";

  private static final Pattern ADDRESS =
      Pattern.compile("^Listening for transport dt_socket at address: (\\d+)$", Pattern.MULTILINE);

  private final VirtualMachine machine;

  private Debugger(final VirtualMachine machine) {
    this.machine = machine;
  }

  /** Attaches to a recorder that was started with {@link #AGENT}. */
  public static Debugger attach(final LiveDisk disk) throws Exception {
    final Matcher address = ADDRESS.matcher(disk.out());
    if (!address.find()) {
      throw new AssertionError("waits for no debugger: " + disk.describe());
    }
    final AttachingConnector connector =
        Bootstrap.virtualMachineManager().attachingConnectors().stream()
            .filter(candidate -> candidate.transport().name().equals("dt_socket"))
            .findAny()
            .orElseThrow();
    final Map<String, Connector.Argument> arguments = connector.defaultArguments();
    Objects.requireNonNull(arguments.get("hostname")).setValue("127.0.0.1");
    Objects.requireNonNull(arguments.get("port")).setValue(address.group(1));
    return new Debugger(connector.attach(arguments));
  }

  /** A thread whose name ends so throws, wherever it is, what the JVM throws without memory. */
  public void exhaustMemoryOf(final String thread) throws Exception {
    // The JVM keeps some: it could not make one when it needs one.
    final List<ObjectReference> errors =
        machine.classesByName("java.lang.OutOfMemoryError").getFirst().instances(1);
    for (final ThreadReference candidate : machine.allThreads()) {
      if (candidate.name().endsWith(thread)) {
        candidate.stop(errors.getFirst());
        return;
      }
    }
    throw new AssertionError(
        "no thread %s, only %s"
            .formatted(thread, machine.allThreads().stream().map(ThreadReference::name).toList()));
  }

  @Override
  public void close() {
    try {
      machine.dispose();
    } catch (final VMDisconnectedException e) {
      // It has ended meanwhile.
    }
  }
}
