# shellcheck shell=bash
# The kernel of the User-Mode Linux test host: found in the cache or built once.
# Sourced by kernels.sh.

UML_PACKAGES=(gcc make flex bison bc libelf-dev libssl-dev xz-utils rsync)

# Where newer kernel sources than those of the stable release are.
UML_SUITES=(trixie-backports forky)

# Two digits that must change whenever the steps below give another kernel.
UML_RECIPE=01

uml_digest() {
  printf '%s-%s\n' "$(digest_of "$LIB/uml/config")" "$UML_RECIPE"
}

# uml_cached: prints the newest kernel in the cache that was built from this configuration.
uml_cached() {
  local found
  found=$(find "$(cache_dir)/uml" -mindepth 2 -maxdepth 2 -path "*-$(uml_digest)/linux" 2>/dev/null \
    | sort -V | tail -n 1)
  [[ -n $found ]] && printf '%s\n' "$found"
}

# uml_prepare: makes sure that there is one.
uml_prepare() {
  uml_cached >/dev/null || with_lock uml uml_build
}

uml_build() {
  local package version suite target work log
  if uml_cached >/dev/null; then
    return 0
  fi
  need_packages "${UML_PACKAGES[@]}"
  for suite in "${UML_SUITES[@]}"; do
    update_lists "$suite"
  done
  read -r package version suite < <(uml_newest_source) \
    || die "$EXIT_ENVIRONMENT" "the Debian mirror has no linux-source package in ${UML_SUITES[*]}"
  target=$(cache_dir)/uml/${version//[^0-9A-Za-z.+-]/_}-$(uml_digest)
  work=$(cache_dir)/uml/.build
  log=$(cache_dir)/logs/uml-build.log
  rm -rf "$work"
  mkdir -p "$work" "$(cache_dir)/logs"
  fetch_packages "$suite" "$work" "$package=$version"
  with_progress "unpacking $package" "$log" uml_unpack "$work" \
    || die "$EXIT_ENVIRONMENT" "cannot unpack $package: see $log"
  with_progress "building a User-Mode Linux kernel from $package $version (once; takes minutes)" "$log" \
    uml_make "$work" || die "$EXIT_ENVIRONMENT" "the kernel build failed: see $log"
  mkdir -p "$work/done"
  strip -o "$work/done/linux" "$work/source/linux"
  cp "$work/source/.config" "$work/done/config"
  printf '%s\n' "$package $version" >"$work/done/source-package"
  rm -rf "$target"
  mv "$work/done" "$target"
  rm -rf "$work"
}

# uml_newest_source: "PACKAGE VERSION SUITE" of the newest linux-source-X.Y; the first suite
# that has it.
uml_newest_source() {
  local suite package
  for suite in "${UML_SUITES[@]}"; do
    package=$(private_apt "$suite" apt-cache search --names-only '^linux-source-[0-9.]+$' \
      | awk '{ print $1 }' | sort -V | tail -n 1)
    if [[ -n $package ]]; then
      printf '%s %s %s\n' "$package" "$(private_apt_version "$suite" "$package")" "$suite"
    fi
  done | sort -s -r -V -k 1,1 | head -n 1
}

uml_unpack() {
  local work=$1
  dpkg -x "$work"/linux-source-*.deb "$work/package" \
    && rm "$work"/linux-source-*.deb \
    && mkdir -p "$work/source" \
    && tar -xf "$work"/package/usr/src/linux-source-*.tar.xz -C "$work/source" --strip-components=1 \
    && rm -rf "$work/package"
}

# uml_fragment: the configuration list as Kconfig lines.
uml_fragment() {
  sed -nE -e 's/^-([A-Z0-9_]+)$/# CONFIG_\1 is not set/p' -e 's/^([A-Z0-9_]+=.+)$/CONFIG_\1/p' \
    -e 's/^([A-Z0-9_]+)$/CONFIG_\1=y/p' "$LIB/uml/config"
}

uml_make() {
  local work=$1 line lost=0
  cd "$work/source" || return 1
  make ARCH=um tinyconfig && uml_fragment >>.config && make ARCH=um olddefconfig || return 1
  while IFS= read -r line; do
    if [[ $line == CONFIG_* ]] && ! grep -qxF "$line" .config; then
      printf 'this kernel does not take %s\n' "$line"
      lost=1
    fi
  done < <(uml_fragment)
  ((lost == 0)) || return 1
  make ARCH=um -j"$(nproc)" linux
}
