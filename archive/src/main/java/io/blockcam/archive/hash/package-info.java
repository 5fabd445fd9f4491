/**
 * The three checks of the record: CRC32C against damage, SHA-256 against change, XXH3-64 of each
 * sector for search.
 *
 * <p>Every object belongs to one thread at a time. Nothing here reads or writes files.
 */
@NullMarked
package io.blockcam.archive.hash;

import org.jspecify.annotations.NullMarked;
