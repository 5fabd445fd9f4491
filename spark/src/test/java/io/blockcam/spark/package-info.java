@NullMarked
package io.blockcam.spark;

import org.jspecify.annotations.NullMarked;
