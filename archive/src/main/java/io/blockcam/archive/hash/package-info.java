/**
 * The three checks of the record: CRC32C against damage, SHA-256 against change, XXH3-64 of each
 * sector for search.
 *
 * <p>Every object belongs to one thread at a time. Nothing here reads or writes files.
 */
@org.jspecify.annotations.NullMarked
package io.blockcam.archive.hash;
