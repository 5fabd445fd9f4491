package io.blockcam.vmtests;

import static org.assertj.core.api.Assertions.assertThat;

import io.blockcam.vmtests.host.Blockcam;
import io.blockcam.vmtests.host.Checkout;
import io.blockcam.vmtests.host.Limits;
import io.blockcam.vmtests.host.LiveDisk;
import io.blockcam.vmtests.host.Recording;
import io.blockcam.vmtests.host.Refusals;
import io.blockcam.vmtests.host.Shell;
import io.blockcam.vmtests.record.Event;
import io.blockcam.vmtests.record.MadeUpRecording;
import io.blockcam.vmtests.record.Segment;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongUnaryOperator;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Whoever asks for what is not there, or has a damaged record, is told so and gets no image. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BadArchiveTest {

  private static final int NO = 1;
  private static final int USAGE = 2;
  private static final int ENVIRONMENT = 3;

  private static final int HEADER_BYTES = 4096;
  private static final int TRAILER_BYTES = 512;
  private static final int RECORD_BYTES = 64;
  private static final int SEGMENTS = 3;

  private Path sound = Path.of("");
  private Path scratch = Path.of("");
  private Refusals here = new Refusals(Path.of(""));

  /** Two recordings of several segments, of which each test gets a copy. */
  @BeforeAll
  void recordTwoDisks(@TempDir final Path dir) throws IOException, InterruptedException {
    sound = dir;
    for (final String name : List.of("disk", "other")) {
      MadeUpRecording.make(dir, name, 16 << 20, SEGMENTS, 32 << 10);
    }
  }

  @BeforeEach
  void copy(@TempDir final Path dir) {
    Shell.run("cp", "-r", sound.resolve("archive").toString(), dir.toString());
    scratch = dir;
    here = new Refusals(dir);
  }

  private Shell.Result run(final String command, final Object... more) {
    return Recording.inDirectory(scratch, "disk", "").run(command, more);
  }

  private Path segment(final String recording, final int number) {
    return scratch.resolve("archive/%s/segments/0000000/%010d.seg".formatted(recording, number));
  }

  private Path image() {
    return scratch.resolve("image");
  }

  @Test
  void findsNothingWrongInASoundRecord() {
    run("verify").shouldSucceed();
    run("replay", "--to", image()).shouldSucceed();
  }

  /** Or from where nothing may be run, as hardening guides ask for. */
  @Test
  void needsNoPlaceToUnpackALibrary() {
    final String replayed =
        Shell.run(
            "env",
            "BLOCKCAM_JAVA_OPTS=-Djava.io.tmpdir=/nonexistent",
            Checkout.file("bin/blockcam").toString(),
            "replay",
            "--archive",
            scratch.resolve("archive").toUri().toString(),
            "--name",
            "disk",
            "--json",
            "--to",
            image().toString());
    assertThat(replayed).contains("sha256");
  }

  @Test
  void looksOnlyAtSegmentsFromTheOneThatIsAskedFor() throws IOException {
    assertThat(run("verify", "--from", "1").shouldSucceed().out()).contains("verified");
    flipBit(segment("disk", 0), length -> HEADER_BYTES + 7);
    run("verify").shouldEndWith(NO);
    run("verify", "--from", "1").shouldSucceed();
    Files.delete(segment("disk", 1));
    here.refuses(NO, () -> run("verify", "--from", "2"), "segment 1 is missing");
  }

  @Test
  void refusesAMomentBeforeTheFirst() {
    here.refuses(
        USAGE, () -> run("replay", "--at", "2001-02-03T04:05:06Z", "--to", image()), "2001-02-03");
  }

  /** Whether it has come is not for the clock of this machine to decide. */
  @Test
  void tellsOfAMomentAfterTheLastRecord() {
    final String after = Instant.now().plusSeconds(3600).toString();
    assertThat(run("replay", "--at", after, "--to", image()).shouldSucceed().err())
        .contains("is after the last record that is published: the disk as of ");
    Shell.run("sh", "-c", "rm -f " + image() + "*");
    here.refuses(
        NO, () -> run("replay", "--strict", "--at", after, "--to", image()), "may not be in the");
  }

  @Test
  void refusesASequenceThatIsNotRecorded() {
    here.refuses(
        USAGE, () -> run("replay", "--at", "seq:999999999", "--to", image()), "seq:999999999");
  }

  @Test
  void refusesWhatIsNoMoment() {
    here.refuses(USAGE, () -> run("replay", "--at", "teatime", "--to", image()), "teatime");
  }

  @Test
  void refusesARecordingThatIsNotThere() {
    here.refuses(
        NO,
        () -> Recording.inDirectory(scratch, "nobody", "").run("replay", "--to", image()),
        "nobody");
  }

  @Test
  void refusesAnArchiveThatIsNotReachable() {
    here.refuses(
        ENVIRONMENT,
        () -> Blockcam.run("list", "--archive", "webhdfs://127.0.0.1:9/archive"),
        "127.0.0.1:9");
  }

  @Test
  void overwritesAnImageOnlyWhenForced() throws IOException {
    Files.writeString(image(), "precious");
    here.refuses(USAGE, () -> run("replay", "--to", image()), image().toString(), "--force");
    assertThat(image()).hasContent("precious");
    run("replay", "--to", image(), "--force").shouldSucceed();
    Recording.isEqual(image(), sound.resolve("disk.disk"));
  }

  /** It would be replaced by the image, not written. */
  @Test
  void refusesADeviceAsAnImage() {
    here.refuses(
        USAGE, () -> run("replay", "--to", "/dev/null", "--force"), "/dev/null", "regular file");
  }

  /** Ctrl-C while the image is written and hashed: on a disk of this size that takes seconds. */
  @Test
  void leavesNothingOfAnImageThatWasInterrupted() throws IOException, InterruptedException {
    MadeUpRecording.make(scratch, "large", 4L << 30, 1, 32 << 10);
    final Recording large = Recording.inDirectory(scratch, "large", "");
    try (LiveDisk replay = Blockcam.launch(large.arguments("replay", List.of("--to", image())))) {
      assertThat(Limits.await(Limits.seconds(30), () -> !unfinishedImages().isEmpty())).isTrue();
      replay.signal("INT");
      assertThat(replay.awaitEnd()).as(replay::describe).isEqualTo(128 + 2);
    }
    assertThat(unfinishedImages()).isEmpty();
    assertThat(image()).doesNotExist();
  }

  private List<Path> unfinishedImages() {
    try (Stream<Path> files = Files.list(scratch)) {
      return files.filter(file -> file.toString().contains(".part")).toList();
    } catch (final IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void namesTheRecordWhosePayloadHasAFlippedBit() throws IOException {
    flipBit(segment("disk", 1), length -> HEADER_BYTES + 4096 + 7);
    isDamaged("0000000001.seg", "record");
  }

  /** One frame of segment 1 is damaged, its only one: all else is there. */
  @Test
  void restoresWhatIsLeftWhenToldTo() throws IOException {
    final Set<Long> holes = written(1, 2);
    flipBit(segment("disk", 1), length -> HEADER_BYTES + 4096 + 7);
    assertThat(run("replay", "--to", image(), "--allow-holes").shouldSucceed().out())
        .contains(" %d blocks could not be read and are zero".formatted(holes.size()));
    Recording.holds(image(), diskWithout(holes));
  }

  /** Whatever was written in the missing one: all that was not written since is in doubt. */
  @Test
  void restoresWithoutASegmentWhenToldTo() throws IOException {
    final Set<Long> lost = written(1, 2);
    final Set<Long> since = written(2, Integer.MAX_VALUE);
    Files.delete(segment("disk", 1));
    assertThat(run("replay", "--to", image(), "--allow-holes").shouldSucceed().out())
        .contains("1 segments, the first is 1")
        .contains(" %d blocks may have held something else".formatted(4096 - since.size()));
    Recording.holds(image(), diskWithout(lost));
    here.refuses(NO, () -> run("replay", "--to", scratch.resolve("no")), "segment 1 is missing");
  }

  /** The first one is gone: those behind it count. */
  @Test
  void restoresWithoutTheFirstSegmentWhenToldTo() throws IOException {
    final Set<Long> lost = written(0, 1);
    Files.delete(segment("disk", 0));
    assertThat(run("replay", "--to", image(), "--allow-holes").shouldSucceed().out())
        .contains("1 segments, the first is 0");
    Recording.holds(image(), diskWithout(lost));
  }

  /** What is left ends where the newest one begins. */
  @Test
  void restoresWithoutTheNewestSegmentWhenToldTo() throws IOException {
    int newest = 0;
    while (Files.exists(segment("disk", newest + 1))) {
      newest++;
    }
    final long last = Segment.read(segment("disk", newest)).events().getFirst().sequence() - 1;
    final Path expected = scratch.resolve("expected");
    run("replay", "--at", "seq:" + last, "--to", expected).shouldSucceed();
    flipBit(segment("disk", newest), length -> length - 100);
    for (final String when : List.of("latest", Instant.now().toString())) {
      assertThat(
              run("replay", "--at", when, "--to", image(), "--allow-holes", "--force")
                  .shouldSucceed()
                  .err())
          .contains("lost with all that was written in it");
      Recording.holds(image(), Files.readAllBytes(expected));
    }
    run("replay", "--to", image(), "--force").shouldEndWith(NO);
  }

  /** Blocks that are written in some segments, which end where the clock wanted. */
  private Set<Long> written(final int from, final int to) {
    final Set<Long> blocks = new TreeSet<>();
    for (int number = from; number < to && Files.exists(segment("disk", number)); number++) {
      Segment.read(segment("disk", number)).events().stream()
          .filter(event -> event.kind() == Event.DATA)
          .forEach(event -> blocks.add(event.block()));
    }
    return blocks;
  }

  private byte[] diskWithout(final Set<Long> blocks) throws IOException {
    final byte[] disk = Files.readAllBytes(sound.resolve("disk.disk"));
    for (final long block : blocks) {
      Arrays.fill(disk, (int) block * 4096, (int) (block + 1) * 4096, (byte) 0);
    }
    return disk;
  }

  @Test
  void namesTheRecordThatHasAFlippedBit() throws IOException {
    flipBit(segment("disk", 1), length -> length - TRAILER_BYTES - RECORD_BYTES + 16);
    isDamaged("0000000001.seg", "record");
  }

  @Test
  void namesTheSegmentWhoseHeaderHasAFlippedBit() throws IOException {
    flipBit(segment("disk", 1), length -> 20);
    isDamaged("0000000001.seg", "header");
  }

  @Test
  void namesTheSegmentWhoseTrailerHasAFlippedBit() throws IOException {
    flipBit(segment("disk", 1), length -> length - TRAILER_BYTES + 50);
    isDamaged("0000000001.seg", "trailer");
  }

  @Test
  void namesTheSegmentThatWasCutShort() throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(segment("disk", 1).toFile(), "rw")) {
      file.setLength(file.length() - 1000);
    }
    isDamaged("0000000001.seg");
  }

  @Test
  void namesTheSegmentThatIsEmpty() throws IOException {
    Files.write(segment("disk", 1), new byte[0]);
    isDamaged("0000000001.seg");
  }

  @Test
  void namesTheSegmentOfAnotherRecording() {
    Shell.run("cp", segment("other", 1).toString(), segment("disk", 1).toString());
    isDamaged("0000000001.seg", "recording");
  }

  @Test
  void namesTheSegmentOfAnUnknownVersion() throws IOException {
    final Path segment = segment("disk", 1);
    final byte[] content = Files.readAllBytes(segment);
    final ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    final int trailer = content.length - TRAILER_BYTES;
    bytes.putInt(8, 2).putInt(HEADER_BYTES - 4, crc(content, 0, HEADER_BYTES - 4));
    bytes
        .putInt(trailer + 8, 2)
        .putInt(content.length - 4, crc(content, trailer, TRAILER_BYTES - 4));
    Files.write(segment, content);
    isDamaged("0000000001.seg", "version 2");
  }

  @Test
  void namesTheSegmentThatIsMissing() throws IOException {
    Files.delete(segment("disk", 1));
    final Shell.Result verified = run("verify").shouldEndWith(NO);
    assertThat(verified.out() + verified.err()).contains("segment").containsPattern("\\b0*1\\b");
    here.refuses(NO, () -> run("replay", "--to", image()), "segment 1 is missing");
  }

  /** verify tells where, and replay refuses rather than guess. */
  private void isDamaged(final String... words) {
    final Shell.Result verified = run("verify").shouldEndWith(NO);
    assertThat(verified.out() + verified.err()).as("%s", verified).contains(words);
    here.refuses(NO, () -> run("replay", "--to", image()), words[0]);
    assertThat(image()).doesNotExist();
  }

  private static void flipBit(final Path file, final LongUnaryOperator where) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      final long at = where.applyAsLong(bytes.length());
      bytes.seek(at);
      final int value = bytes.read();
      bytes.seek(at);
      bytes.write(value ^ 1);
    }
  }

  private static int crc(final byte[] of, final int at, final int length) {
    final CRC32C crc = new CRC32C();
    crc.update(of, at, length);
    return (int) crc.getValue();
  }
}
