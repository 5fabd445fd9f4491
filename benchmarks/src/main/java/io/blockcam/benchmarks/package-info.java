/**
 * Benchmarks of the parts that speed is wanted of: the queue's offer, the consumer's append, the
 * seal, a run of the index. {@code scripts/bench} runs them.
 */
@NullMarked
package io.blockcam.benchmarks;

import org.jspecify.annotations.NullMarked;
