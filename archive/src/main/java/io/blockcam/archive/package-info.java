/** The record of a disk. */
@org.jspecify.annotations.NullMarked
package io.blockcam.archive;
