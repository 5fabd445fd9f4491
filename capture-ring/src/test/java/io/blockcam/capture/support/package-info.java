/** Stand-ins and models shared by the tests of this module. Test threads only. */
@NullMarked
package io.blockcam.capture.support;

import org.jspecify.annotations.NullMarked;
