/** Tests of the uploader, on a directory that fails on purpose and on a real HDFS. */
@NullMarked
package io.blockcam.uploader;

import org.jspecify.annotations.NullMarked;
