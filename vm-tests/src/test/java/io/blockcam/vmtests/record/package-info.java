/**
 * A second opinion on the record: a reader of published segments that shares no code with the
 * product, written from the description of the format, and models of what must stand in them.
 *
 * <p>Runs on the test's thread. It reads whole recordings into memory and believes nothing it has
 * not checked.
 */
@NullMarked
package io.blockcam.vmtests.record;

import org.jspecify.annotations.NullMarked;
