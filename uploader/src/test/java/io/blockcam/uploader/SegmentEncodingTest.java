package io.blockcam.uploader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.blockcam.archive.log.DigestedSegment;
import io.blockcam.archive.segment.FileBytes;
import io.blockcam.archive.segment.SegmentCheck;
import io.blockcam.archive.segment.SegmentException;
import io.blockcam.store.ObjectConflictException;
import io.blockcam.store.ObjectStore;
import io.blockcam.store.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is sent encoded says the same as what was sealed. */
final class SegmentEncodingTest {
  @TempDir private Path dir;
  private Path archive;
  private ObjectStore store;
  private TestSpool spool;

  @BeforeEach
  void open() throws IOException {
    archive = dir.resolve("archive");
    store = Stores.open(archive.toUri().toString());
    spool = new TestSpool(dir.resolve("spool"));
  }

  @AfterEach
  void close() throws IOException {
    store.close();
  }

  private Uploader uploader(final boolean encodes) {
    final Path work = dir.resolve("encoding");
    return new Uploader(
        store,
        TestSpool.RECORDING,
        spool,
        encodes ? new Sending(1, Compress.ALWAYS, work) : Sending.plain(work),
        Shipping.pace(Duration.ofMillis(1), Duration.ofMillis(2)));
  }

  private Path archived(final int number) {
    return archive.resolve("disk/segments/0000000/%010d.seg".formatted(number));
  }

  private static List<String> findings(final Path segment) throws IOException {
    final List<String> findings = new ArrayList<>();
    try (FileBytes bytes = FileBytes.open(segment)) {
      SegmentCheck.run(bytes, finding -> findings.add(finding.getMessage()));
    }
    return findings;
  }

  @Test
  void sendsLessWhereThatIsWorthIt() throws IOException {
    final byte[] noise = spool.bytesOf(spool.seal(40));
    spool.sealCompressible();
    final long raw = spool.bytesOf(spool.seal(100)).length;
    final Uploader uploader = uploader(true);
    while (uploader.doWork()) {}

    assertThat(archived(0)).hasBinaryContent(noise);
    assertThat(Files.size(archived(1))).isLessThan(raw / 4);
    assertThat(findings(archived(1))).isEmpty();
    assertThat(Files.list(dir.resolve("encoding"))).as("nothing stays").isEmpty();
    assertThat(Files.readString(archive.resolve("disk/heads/0000000001.json")))
        .as("what is stored is counted")
        .contains("\"bytes\": " + (noise.length + Files.size(archived(1))));
  }

  /** Killed while it had four ways, and begun again with one. */
  @Test
  void leavesNothingOfAnEarlierRun() throws IOException {
    final Path left = Files.createDirectories(dir.resolve("encoding")).resolve("encoded-3");
    Files.writeString(left, "half of a segment");
    uploader(true).doWork();
    assertThat(left).doesNotExist();
  }

  @Test
  void shipsEvenIfSomethingThereCannotBeRemoved() throws IOException {
    Files.createDirectories(dir.resolve("encoding/encoded-3/somebody-elses"));
    spool.seal(3);
    assertThat(uploader(true).doWork()).isTrue();
  }

  /** The spool's disk is full, say, which only shipping can change. */
  @Test
  void shipsAsItIsWhatCannotBeEncoded() throws IOException {
    Files.writeString(dir.resolve("encoding"), "a file is in the way");
    spool.sealCompressible();
    final byte[] sealed = spool.bytesOf(spool.seal(50));
    assertThat(uploader(true).doWork()).isTrue();
    assertThat(archived(0)).hasBinaryContent(sealed);
  }

  /** A slow network first, then one that is faster than the encoder can be. */
  @Test
  void encodesOnlyWhereThatIsFaster() throws IOException {
    spool.sealCompressible();
    final DigestedSegment segment = spool.digested(spool.seal(100));
    final SendRate slow = new SendRate();
    slow.add(1 << 20, 1_000_000_000_000L);
    final SendRate fast = new SendRate();
    fast.add(1L << 60, 1);
    final Path file = dir.resolve("encoded");

    assertThat(new SegmentEncoding(Compress.FASTER, slow, file).of(segment).trailer())
        .isNotEqualTo(segment.trailer());
    assertThat(new SegmentEncoding(Compress.FASTER, fast, file).of(segment).trailer())
        .isEqualTo(segment.trailer());
    assertThat(file).doesNotExist();
  }

  /** Killed before the spool forgot it, and begun again with another choice. */
  @Test
  void knowsASegmentThatIsThereInAnotherEncoding() throws IOException {
    spool.sealCompressible();
    final byte[] sealed = spool.bytesOf(spool.seal(50));
    Files.createDirectories(archived(0).getParent());
    Files.write(archived(0), sealed);
    final Uploader uploader = uploader(true);
    while (uploader.doWork()) {}

    assertThat(archived(0)).as("stays as it is").hasBinaryContent(sealed);
    assertThat(spool.published()).hasSize(1);
  }

  /** The other way round: it was encoded, and is to be sent as it is now. */
  @Test
  void countsWhatIsStoredAndNotWhatWasToBeSent() throws IOException {
    spool.sealCompressible();
    spool.seal(50);
    while (uploader(true).doWork()) {}
    final long encoded = Files.size(archived(0));
    final Path head = archive.resolve("disk/heads/0000000000.json");
    Files.delete(head);
    spool = new TestSpool(dir.resolve("again"));
    spool.sealCompressible();
    spool.seal(50);
    while (uploader(false).doWork()) {}

    assertThat(archived(0)).hasSize(encoded);
    assertThat(Files.readString(head)).contains("\"bytes\": " + encoded);
  }

  @Test
  void takesNothingElseForIt() throws IOException {
    spool.sealCompressible();
    final byte[] sealed = spool.bytesOf(spool.seal(50));
    sealed[5000] ^= 1;
    Files.createDirectories(archived(0).getParent());
    Files.write(archived(0), sealed);
    assertThatThrownBy(uploader(true)::doWork).isInstanceOf(ObjectConflictException.class);
    assertThat(spool.published()).isEmpty();
  }

  @Test
  void noticesDamageInTheSpoolBeforeItIsHidden() throws IOException {
    spool.sealCompressible();
    final Path sealed = spool.seal(50);
    final byte[] bytes = Files.readAllBytes(sealed);
    bytes[4096 + 7000] ^= 1;
    Files.write(sealed, bytes);
    assertThatThrownBy(uploader(true)::doWork).isInstanceOf(SegmentException.class);
    assertThat(spool.published()).isEmpty();
  }

  @Test
  void noticesDamageOfWhatWasEncoded() throws IOException {
    spool.sealCompressible();
    final DigestedSegment segment = spool.digested(spool.seal(50));
    final Path file = dir.resolve("encoding/encoded");
    final SegmentEncoding.Parcel parcel =
        new SegmentEncoding(Compress.ALWAYS, new SendRate(), file).of(segment);
    final byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    try (InputStream in = parcel.source().open()) {
      assertThatThrownBy(in::readAllBytes)
          .isInstanceOf(SegmentException.class)
          .hasMessageContaining("damaged since");
    }
  }
}
