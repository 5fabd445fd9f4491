package io.blockcam.cli;

import io.blockcam.archive.head.RecordingHead;
import io.blockcam.history.Indexer;
import io.blockcam.history.Packer;
import io.blockcam.history.RecordingReader;
import io.blockcam.store.ObjectStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code blockcam index}: what is missing of the order of an archive. */
@Command(
    name = "index",
    description =
        "Makes what is missing of the index of a recording, and puts small segments into packs.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "A recorder does both as it ships; this is for an archive that has no index, or not all of it."
          + " It is made from the segments alone and may be stopped and begun again at any time."
          + " 512 segments of together 64 MiB at most become one object, a pack, once a head names"
          + " a newer one; 64 do where 512 are more. They stay the same, byte for byte.",
      "",
      "Examples:",
      "  blockcam index --archive file:///srv/archive --name web1",
      "  blockcam index --archive webhdfs://namenode:9870/blockcam --name web1 --check"
    })
final class IndexCommand implements Callable<Integer> {

  private static final int SEGMENTS_AT_ONCE = 4;

  @Mixin RecordingOptions options = new RecordingOptions();

  @Option(
      names = "--check",
      description = "Read what is there, too, and make anew what is damaged or of other segments.")
  boolean check;

  @Option(names = "--json", description = "Print JSON instead of text.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    try (ObjectStore store = options.openStore();
        ProgressLine progress = new ProgressLine()) {
      final RecordingReader reader = options.recording(store);
      final Path directory = Path.of(System.getProperty("java.io.tmpdir"));
      final Indexer.Result result =
          new Indexer(store, reader, directory, SEGMENTS_AT_ONCE)
              .run(
                  reader.find(),
                  check,
                  (done, total) -> progress.segments("indexing", done, total),
                  (done, total) -> progress.segments("cataloging", done, total));
      final Packer.Result packs = pack(store, reader, directory, progress);
      progress.close();
      final PrintWriter out = spec.commandLine().getOut();
      if (json) {
        final Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("recording", options.name);
        facts.put("made", result.made());
        facts.put("catalogs", result.catalogs());
        facts.put("bytes", result.bytes());
        facts.put("removed", result.damaged());
        facts.put("packs", packs.made());
        facts.put("packedSegments", packs.segments());
        Json.print(out, facts);
      } else {
        out.printf(
            "%s: %d runs made, %d catalogs, %s%s%s%n",
            options.name,
            result.made(),
            result.catalogs(),
            Size.format(result.bytes()),
            result.damaged() > 0 ? "; %d of no use removed".formatted(result.damaged()) : "",
            packs.segments() > 0
                ? "; packs made: %d, segments in packs: %d more"
                    .formatted(packs.made(), packs.segments())
                : "");
        out.flush();
      }
      return ExitCode.DONE;
    }
  }

  /** Up to the newest head: what is behind it may still be shipped. */
  private static Packer.Result pack(
      final ObjectStore store,
      final RecordingReader reader,
      final Path directory,
      final ProgressLine progress)
      throws IOException {
    final Optional<RecordingHead> head = reader.usableHead();
    return head.isEmpty()
        ? new Packer.Result(0, 0)
        : new Packer(store, reader.recording(), directory)
            .run(
                head.get().segmentNumber() + 1,
                (done, total) -> progress.segments("packing", done, total));
  }
}
