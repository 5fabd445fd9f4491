# shellcheck shell=bash
# The kernels of the User-Mode Linux test hosts: found in the cache or built once.
# Sourced by kernels.sh.

UML_PACKAGES=(gcc make flex bison bc libelf-dev libssl-dev xz-utils rsync)

# Where newer kernel sources than those of the stable release are.
UML_SUITES=(trixie-backports forky)

# Two digits that must change whenever the steps below give another kernel.
UML_RECIPE=03

# What source, objects and packages take while a kernel is built.
UML_BUILD_MIB=2500

# Directories of the source that no User-Mode Linux is built from: half of the files.
UML_UNUSED=('*/Documentation/*.[rsytp]*' '*/drivers/gpu/*.[chS]' '*/drivers/net/*/*.[chS]'
  '*/drivers/media/*.[chS]' '*/sound/*.[chS]' '*/arch/arm*/*.[chSd]*' '*/arch/mips/*.[chSd]*'
  '*/arch/powerpc/*.[chSd]*')

# uml_config NAME: the files that configure it. What all have in common comes first.
uml_config() {
  case $1 in
    uml) printf '%s\n' "$LIB/uml/config" "$LIB/uml/config-full" ;;
    uml-small) printf '%s\n' "$LIB/uml/config" "$LIB/uml/config-small" ;;
  esac
}

uml_digest() {
  local files
  mapfile -t files < <(uml_config "$1")
  printf '%s-%s\n' "$(digest_of "${files[@]}")" "$UML_RECIPE"
}

# uml_cached NAME: prints the newest kernel in the cache that was built from this configuration.
uml_cached() {
  local found
  found=$(find "$(cache_dir)/$1" -mindepth 2 -maxdepth 2 -path "*-$(uml_digest "$1")/linux" 2>/dev/null \
    | sort -V | tail -n 1)
  [[ -n $found ]] && printf '%s\n' "$found"
}

# uml_prepare NAME: makes sure that there is one.
uml_prepare() {
  local found
  if found=$(uml_cached "$1") && ! is_whole "${found%/linux}"; then
    rm -rf "${found%/linux}"
  fi
  uml_cached "$1" >/dev/null || with_lock "$1" uml_build "$1"
}

uml_build() {
  local name=$1 package version suite target work log
  if uml_cached "$name" >/dev/null; then
    return 0
  fi
  need_packages "${UML_PACKAGES[@]}"
  need_room "$(cache_dir)" "$UML_BUILD_MIB" "building a kernel"
  for suite in "${UML_SUITES[@]}"; do
    update_lists "$suite"
  done
  read -r package version suite < <(uml_newest_source) \
    || die "$EXIT_ENVIRONMENT" "the Debian mirror has no linux-source package in ${UML_SUITES[*]}"
  target=$(cache_dir)/$name/${version//[^0-9A-Za-z.+-]/_}-$(uml_digest "$name")
  work=$(cache_dir)/$name/.build
  log=$(cache_dir)/logs/$name-build.log
  rm -rf "$work"
  mkdir -p "$work" "$(cache_dir)/logs"
  fetch_packages "$suite" "$work" "$package=$version"
  with_progress "unpacking $package" "$log" uml_unpack "$work" \
    || failed "$EXIT_ENVIRONMENT" "cannot unpack $package" "$log"
  with_progress "building a User-Mode Linux kernel, $name, from $package $version (once; takes minutes)" \
    "$log" uml_make "$name" "$work" || failed "$EXIT_ENVIRONMENT" "the kernel build failed" "$log"
  # All or nothing: what is in the cache is taken as it is.
  {
    mkdir -p "$work/done" \
      && strip -o "$work/done/linux" "$work/source/linux" \
      && cp "$work/source/.config" "$work/done/config" \
      && printf '%s\n' "$package $version" >"$work/done/source-package" \
      && seal "$work/done" && rm -rf "$target" && mv "$work/done" "$target"
  } >>"$log" 2>&1 || failed "$EXIT_ENVIRONMENT" "the kernel cannot be put into $target" "$log"
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
  printf '%s\n' "${UML_UNUSED[@]}" >"$work/unused"
  dpkg -x "$work"/linux-source-*.deb "$work/package" \
    && rm "$work"/linux-source-*.deb \
    && mkdir -p "$work/source" \
    && tar -I 'xz -T0' -xf "$work"/package/usr/src/linux-source-*.tar.xz -C "$work/source" \
      --strip-components=1 --wildcards --exclude-from="$work/unused" \
    && rm -rf "$work/package"
}

# uml_fragment NAME: its configuration as Kconfig lines.
uml_fragment() {
  local files
  mapfile -t files < <(uml_config "$1")
  sed -nE -e 's/^-([A-Z0-9_]+)$/# CONFIG_\1 is not set/p' -e 's/^([A-Z0-9_]+=.+)$/CONFIG_\1/p' \
    -e 's/^([A-Z0-9_]+)$/CONFIG_\1=y/p' "${files[@]}"
}

uml_make() {
  local name=$1 work=$2 line lost=0 flags=()
  cd "$work/source" || return 1
  make ARCH=um tinyconfig && uml_fragment "$name" >>.config && make ARCH=um olddefconfig || return 1
  while IFS= read -r line; do
    if [[ $line == CONFIG_* ]] && ! grep -qxF "$line" .config; then
      printf 'this kernel does not take %s\n' "$line"
      lost=1
    fi
  done < <(uml_fragment "$name")
  ((lost == 0)) || return 1
  # The small one is there to be built soon.
  [[ $name != uml-small ]] || flags=(KCFLAGS=-O1)
  make ARCH=um -j"$(nproc)" "${flags[@]}" linux
}
