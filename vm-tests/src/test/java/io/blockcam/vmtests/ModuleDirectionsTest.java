package io.blockcam.vmtests;

import static com.tngtech.archunit.core.importer.ImportOption.Predefined.DO_NOT_INCLUDE_TESTS;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A module uses only the modules that ARCHITECTURE.md lists beside it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ModuleDirectionsTest {

  private JavaClasses classes = new ClassFileImporter().importClasses();

  @BeforeAll
  void readClasses() {
    classes =
        new ClassFileImporter()
            .withImportOption(DO_NOT_INCLUDE_TESTS)
            .importPackages("io.blockcam");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nativebindings",
        "uring",
        "ublk",
        "store",
        "archive",
        "capture",
        "history",
        "filesearch",
        "uploader",
        "replay",
        "export",
        "attach",
        "cli"
      })
  void everyModuleIsLookedAt(final String module) {
    assertThat(classes)
        .as("classes in io.blockcam.%s", module)
        .anyMatch(c -> c.getPackageName().startsWith("io.blockcam." + module));
  }

  @Test
  void modulesUseOnlyWhatTheyMay() {
    layeredArchitecture()
        .consideringOnlyDependenciesInAnyPackage("io.blockcam..")
        .layer("native-bindings")
        .definedBy("io.blockcam.nativebindings..")
        .layer("ublk-server")
        .definedBy("io.blockcam.uring..", "io.blockcam.ublk..")
        .layer("store")
        .definedBy("io.blockcam.store..")
        .layer("archive")
        .definedBy("io.blockcam.archive..")
        .layer("capture-ring")
        .definedBy("io.blockcam.capture..")
        .layer("history")
        .definedBy("io.blockcam.history..")
        .layer("file-search")
        .definedBy("io.blockcam.filesearch..")
        .layer("uploader")
        .definedBy("io.blockcam.uploader..")
        .layer("replay")
        .definedBy("io.blockcam.replay..")
        .layer("export")
        .definedBy("io.blockcam.export..")
        .layer("attach")
        .definedBy("io.blockcam.attach..")
        .layer("cli")
        .definedBy("io.blockcam.cli..")
        .whereLayer("native-bindings")
        .mayNotAccessAnyLayer()
        .whereLayer("ublk-server")
        .mayOnlyAccessLayers("native-bindings")
        .whereLayer("store")
        .mayNotAccessAnyLayer()
        .whereLayer("archive")
        .mayNotAccessAnyLayer()
        .whereLayer("capture-ring")
        .mayOnlyAccessLayers("native-bindings", "ublk-server", "archive")
        .whereLayer("history")
        .mayOnlyAccessLayers("archive", "store")
        .whereLayer("file-search")
        .mayOnlyAccessLayers("archive", "history")
        .whereLayer("uploader")
        .mayOnlyAccessLayers("archive", "store", "history")
        .whereLayer("replay")
        .mayOnlyAccessLayers("archive", "store", "history")
        .whereLayer("export")
        .mayOnlyAccessLayers("archive", "history")
        .whereLayer("attach")
        .mayOnlyAccessLayers("ublk-server", "store")
        .whereLayer("cli")
        .mayNotBeAccessedByAnyLayer()
        .ensureAllClassesAreContainedInArchitecture()
        .check(classes);
  }

  /** Other programs read archives, too, on an older Java: what records is not for them. */
  @Test
  void readersNeedNoNativeMemory() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "io.blockcam.archive..",
            "io.blockcam.store..",
            "io.blockcam.history..",
            "io.blockcam.filesearch..")
        .and()
        .resideOutsideOfPackage("io.blockcam.archive.log..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("io.blockcam.archive.log..", "java.lang.foreign..")
        .check(classes);
  }

  @Test
  void packagesFormNoCycles() {
    slices().matching("io.blockcam.(**)").should().beFreeOfCycles().check(classes);
  }
}
