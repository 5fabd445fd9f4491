/**
 * The record as a table of Spark: {@code spark.read.format("blockcam")}. Reads archives through
 * Hadoop's {@code FileSystem}, and never writes. Runs on Java 17.
 */
@NullMarked
package io.blockcam.spark;

import org.jspecify.annotations.NullMarked;
