package io.blockcam.vmtests.host;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A class of tests that use real ublk devices.
 *
 * <p>Beside it stands the tag {@code test-host}: scripts/test looks for it in the class files and
 * runs such classes in test hosts, three in one, unless they are tagged {@code own-host} as well
 * (more than a minute). A test may also be tagged {@code every-kernel} (small enough to run under
 * an emulated stock kernel, too) or {@code long} (takes minutes).
 */
@Documented
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@RequiresUblk
@ExtendWith(Stopwatch.class)
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public @interface Scenario {}
