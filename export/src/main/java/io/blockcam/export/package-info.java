/** The record as Parquet files, which other programs read by themselves. */
@NullMarked
package io.blockcam.export;

import org.jspecify.annotations.NullMarked;
