/**
 * The places an archive can be kept in: a local directory or HDFS over WebHDFS.
 *
 * <p>An {@link io.blockcam.store.ObjectStore} holds immutable objects under slash-separated names.
 * {@link io.blockcam.store.Publisher} is the only way an object gets its final name: temporary
 * name, verification against the store, rename. {@link io.blockcam.store.Stores} opens a store from
 * a URI.
 *
 * <p>Everything here blocks on disks and networks: it runs on the uploader's thread, on the threads
 * of replay and of the command line, never on a queue thread or on the ring consumer. Nothing here
 * retries for ever; that is the uploader's business. No secret is ever logged or put into a
 * message.
 */
@NullMarked
package io.blockcam.store;

import org.jspecify.annotations.NullMarked;
