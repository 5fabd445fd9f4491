package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.blockcam.vmtests.host.Checkout;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import io.blockcam.vmtests.record.MadeUpRecording;
import io.blockcam.vmtests.record.PublishedRecording;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With an index or without, as a file or as a stream: the same disk. */
class IndexTest {
  private static final int SEGMENTS = 20;
  private static final int DISK_BYTES = 32 << 20;

  @TempDir private Path dir;
  private Recording recording = Recording.inDirectory(Path.of(""), "disk", "");

  @BeforeEach
  void record() throws IOException, InterruptedException {
    MadeUpRecording.make(dir, "disk", DISK_BYTES, SEGMENTS, 32 << 10);
    recording = Recording.inDirectory(dir, "disk", "");
  }

  private Path index() {
    return dir.resolve("archive/disk/index");
  }

  private List<Path> runs() throws IOException {
    try (Stream<Path> files = Files.walk(index())) {
      return files.filter(file -> file.toString().endsWith(".run")).sorted().toList();
    }
  }

  /** How many runs there must be: how many segments there are is the clock's. */
  private long due() throws IOException {
    try (Stream<Path> segments = Files.list(dir.resolve("archive/disk/segments/0000000"))) {
      final long count = segments.count();
      assertThat(count).isGreaterThanOrEqualTo(SEGMENTS);
      return count / 8 + count / 64;
    }
  }

  private JsonNode restore(final String image, final Object... more) throws IOException {
    final Object[] arguments =
        Stream.concat(Stream.of("--to", dir.resolve(image), "--json"), Stream.of(more)).toArray();
    return new ObjectMapper()
        .readTree(recording.runHere("replay", arguments).shouldSucceed().out());
  }

  @Test
  void givesTheSameHashWithAndWithout() throws IOException {
    final String without = restore("without.img").get("sha256").asText();
    assertThat(recording.runHere("index").shouldSucceed().out())
        .contains("disk: %d runs made".formatted(due()));
    assertThat(restore("with.img").get("sha256").asText()).isEqualTo(without);
    assertThat(restore("no.img", "--no-index").get("sha256").asText()).isEqualTo(without);
    assertThat(Shell.run("sha256sum", dir.resolve("with.img").toString())).startsWith(without);
    Recording.isEqual(dir.resolve("with.img"), dir.resolve("disk.disk"));
    assertThat(recording.runHere("index").shouldSucceed().out()).contains("disk: 0 runs made");
  }

  @Test
  void isMadeAnewWhereItIsDamaged() throws IOException {
    recording.runHere("index").shouldSucceed();
    final String sound = restore("sound.img").get("sha256").asText();
    try (RandomAccessFile file = new RandomAccessFile(runs().get(0).toFile(), "rw")) {
      file.write(new byte[8]);
    }
    final Shell.Result result =
        recording.run("replay", "--to", dir.resolve("other.img"), "--json").shouldSucceed();
    assertThat(result.out()).contains(sound);
    assertThat(result.err()).contains("`blockcam index` repairs it");
    assertThat(recording.runHere("index", "--check").shouldSucceed().out())
        .contains("1 runs made")
        .contains("1 of no use removed");
    assertThat(recording.run("replay", "--to", dir.resolve("third.img")).shouldSucceed().err())
        .isEmpty();
  }

  @Test
  void aStreamIsTheImage() throws IOException {
    final Path image = dir.resolve("disk.img");
    final JsonNode facts = restore("disk.img", "--hash", "md5,sha256");
    final Path streamed = dir.resolve("streamed.img");
    final Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    Shell.sh(
        "out=$1; export BLOCKCAM_JAVA=$2; shift 2; \"$@\" >$out",
        Stream.concat(
                Stream.of(streamed, java, Checkout.file("bin/blockcam")),
                Stream.of(recording.arguments("replay", List.of("--to", "-"))))
            .toArray());
    Recording.isEqual(streamed, image);
    assertThat(Shell.run("md5sum", image.toString())).startsWith(facts.get("md5").asText());
    assertThat(new ObjectMapper().readTree(Files.readString(dir.resolve("disk.img.json"))))
        .isEqualTo(facts);
  }

  /** Whoever reads a recording by the format alone finds in it what was there before. */
  @Test
  void theSegmentsOfAQuietDiskArePutTogether() throws IOException, InterruptedException {
    final int segments = 514;
    MadeUpRecording.make(dir, "quiet", segments + 1L << 20, segments, 4096);
    final Recording quiet = Recording.inDirectory(dir, "quiet", "");
    final Path folder = dir.resolve("archive/quiet");
    final List<Event> events = PublishedRecording.read(folder).events();
    assertThat(quiet.runHere("index").shouldSucceed().out())
        .contains("packs made: 1, segments in packs: 512 more");
    assertThat(Files.list(folder.resolve("packs/512/0000000"))).hasSize(1);
    assertThat(folder.resolve("segments/0000000/0000000511.seg")).doesNotExist();
    final PublishedRecording packed = PublishedRecording.read(folder);
    assertThat(packed.events()).hasSameSizeAs(events);
    assertThat(packed.segments()).hasSizeGreaterThanOrEqualTo(segments);
    quiet.runHere("verify").shouldSucceed();
    quiet.runHere("replay", "--to", dir.resolve("quiet.img")).shouldSucceed();
    Recording.isEqual(dir.resolve("quiet.img"), dir.resolve("quiet.disk"));
  }

  @Test
  void tellsWhereTheDiskWasWritten() {
    recording.runHere("index").shouldSucceed();
    final List<Event> events = PublishedRecording.readEvents(dir.resolve("archive/disk")).events();
    final long from = 10;
    final long until = events.getLast().sequence() - 7;
    final BitSet expected = new BitSet();
    events.stream()
        .filter(e -> e.kind() == Event.DATA && e.sequence() > from && e.sequence() <= until)
        .forEach(e -> expected.set((int) e.block()));
    final BitSet told = new BitSet();
    recording
        .runHere("diff", "--from", "seq:" + from, "--until", "seq:" + until, "--json")
        .shouldSucceed()
        .out()
        .lines()
        .forEach(
            line -> {
              final String[] numbers = line.replaceAll("[^0-9]+", " ").strip().split(" ");
              final int first = (int) (Long.parseLong(numbers[0]) / 4096);
              told.set(first, first + (int) (Long.parseLong(numbers[1]) / 4096));
            });
    assertThat(told).isEqualTo(expected);
    assertThat(recording.runHere("diff", "--from", "latest").shouldSucceed().out())
        .contains("0 B written, 0 B in doubt");
    recording.runHere("diff", "--from", "latest", "--until", "seq:3").shouldEndWith(2);
  }
}
