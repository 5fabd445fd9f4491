@NullMarked
package io.blockcam.export;

import org.jspecify.annotations.NullMarked;
