# shellcheck shell=bash
# kublk, the ublk server of the kernel's self-tests: the one in C that ours is measured against.
# Needs common.sh and kernels.sh.

KUBLK_PACKAGES=(gcc libc6-dev xz-utils)

# Where there is a liburing that knows all that kublk asks for.
KUBLK_LIBURING_SUITE=forky

KUBLK_BUILD_MIB=600

# Two digits that must change whenever the steps below give another program.
KUBLK_RECIPE=01

# kublk_cached: prints the newest one in the cache.
kublk_cached() {
  local found
  found=$(find "$(cache_dir)/kublk" -mindepth 2 -maxdepth 2 -path "*-$KUBLK_RECIPE/kublk" 2>/dev/null \
    | sort -V | tail -n 1)
  [[ -n $found ]] && printf '%s\n' "$found"
}

# kublk_prepare: makes sure that there is one.
kublk_prepare() {
  local found
  if found=$(kublk_cached) && ! is_whole "${found%/kublk}"; then
    rm -rf "${found%/kublk}"
  fi
  kublk_cached >/dev/null || with_lock kublk kublk_build
}

kublk_build() {
  local package version suite target work log
  if kublk_cached >/dev/null; then
    return 0
  fi
  need_packages "${KUBLK_PACKAGES[@]}"
  need_room "$(cache_dir)" "$KUBLK_BUILD_MIB" "building kublk"
  for suite in "${UML_SUITES[@]}"; do
    update_lists "$suite"
  done
  read -r package version suite < <(uml_newest_source) \
    || die "$EXIT_ENVIRONMENT" "the Debian mirror has no linux-source package in ${UML_SUITES[*]}"
  target=$(cache_dir)/kublk/${version//[^0-9A-Za-z.+-]/_}-$KUBLK_RECIPE
  work=$(cache_dir)/kublk/.build
  log=$(cache_dir)/logs/kublk-build.log
  rm -rf "$work"
  mkdir -p "$work/source"
  fetch_packages "$suite" "$work" "$package=$version"
  with_progress "building kublk of $package $version (once)" "$log" kublk_make "$work" \
    || failed "$EXIT_ENVIRONMENT" "kublk can not be built" "$log"
  # All or nothing: what is in the cache is taken as it is.
  {
    mkdir -p "$work/done" && cp "$work/kublk" "$work/done/kublk" \
      && printf '%s\n' "$package $version" >"$work/done/source-package" \
      && seal "$work/done" && rm -rf "$target" && mv "$work/done" "$target"
  } >>"$log" 2>&1 || failed "$EXIT_ENVIRONMENT" "kublk cannot be put into $target" "$log"
  rm -rf "$work"
}

# kublk_make DIR: linked statically, since the test host has not this liburing.
kublk_make() {
  local work=$1 headers tests uring sources
  headers=$("$LIB/uapi-headers") || return 1
  private_apt_unpack "$KUBLK_LIBURING_SUITE" liburing-dev "$work/liburing" || return 1
  dpkg -x "$work"/linux-source-*.deb "$work/package" || return 1
  tar -I 'xz -T0' -xf "$work"/package/usr/src/linux-source-*.tar.xz -C "$work/source" \
    --strip-components=1 --wildcards '*/tools/testing/selftests/ublk/*' \
    '*/tools/testing/selftests/*.h' '*/tools/include/*' || return 1
  tests=$work/source/tools/testing/selftests
  uring=$(find "$work/liburing" -name liburing.a | head -n 1)
  # metadata_size.c is another program.
  mapfile -t sources < <(find "$tests/ublk" -name '*.c' ! -name metadata_size.c)
  # As its Makefile does, but for -D_GNU_SOURCE, which lib.mk adds.
  gcc -O3 -Wall -D_GNU_SOURCE -I "$headers" -I "$headers/$(gcc -print-multiarch)" \
    -I "$work/source/tools/include" -I "$tests" -I "$work/liburing/usr/include" \
    -o "$work/kublk" -static "${sources[@]}" "$uring" -lpthread -lm
}
