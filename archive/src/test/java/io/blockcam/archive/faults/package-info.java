/**
 * A disk in memory that fails as real ones do, for the tests of whoever must survive it. Plain
 * files through {@code java.nio.file}: what is tested does not know the difference. One thread.
 */
@NullMarked
package io.blockcam.archive.faults;

import org.jspecify.annotations.NullMarked;
