/** Races of {@link io.blockcam.capture.ring.CaptureRing}, in its own package. */
@NullMarked
package io.blockcam.capture.ring;

import org.jspecify.annotations.NullMarked;
