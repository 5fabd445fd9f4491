/**
 * The 64-byte record: its bytes, kinds, flags and the rules a valid one keeps.
 *
 * <p>Stateless; used on whatever thread owns the memory that is looked at. Reading a record never
 * allocates. Nothing here reads or writes files.
 */
@NullMarked
package io.blockcam.archive.record;

import org.jspecify.annotations.NullMarked;
