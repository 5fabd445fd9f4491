# shellcheck shell=bash
# The built product: what bin/blockcam runs. Needs common.sh.

# shellcheck source=scripts/lib/deps.sh
source "$LIB/deps.sh"
# shellcheck source=scripts/lib/jdk.sh
source "$LIB/jdk.sh"

# What a build adds to a clean checkout, and Maven to its repository.
PRODUCT_BUILD_MIB=700

# product_is_built: whether it is, from all that stands in the checkout now. The jar looked at is
# the last thing that a build makes.
product_is_built() {
  local jar=cli/target/lib/cli.jar
  (cd "$CHECKOUT" && [[ -e $jar ]] \
    && [[ -z $(find pom.xml bin ./*/pom.xml ./*/src \( -path ./vm-tests -o -path ./simulator -o -path ./benchmarks -o -path ./concurrency-tests \) -prune -o -newer "$jar" -type f -print -quit) ]])
}

# product_build: builds it unless it is up to date. Without tests and without the checks of the
# code: for somebody who wants to see it run.
product_build() {
  local log=$CHECKOUT/target/build.log
  if product_is_built; then
    return 0
  fi
  find_jdk >/dev/null
  command -v mvn >/dev/null || need_packages maven
  need_room "$CHECKOUT/target" "$PRODUCT_BUILD_MIB" "a build"
  with_progress 'building blockcam (Maven)' "$log" \
    mvn -B -ntp -f "$CHECKOUT/pom.xml" -T 2 -pl cli -am -Dquick -Dmaven.test.skip=true package \
    || failed "$EXIT_ENVIRONMENT" "blockcam cannot be built" "$log"
}
