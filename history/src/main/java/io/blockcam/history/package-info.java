/**
 * A recording in a store: its segments as one chain, its head, its index. What both the uploader
 * and whoever reads know of an archive.
 */
@NullMarked
package io.blockcam.history;

import org.jspecify.annotations.NullMarked;
