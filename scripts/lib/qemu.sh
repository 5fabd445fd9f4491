# shellcheck shell=bash
# Stock Debian kernels for QEMU: fetched once into the cache, with initial RAM disks made
# for the test host and for the guest of scripts/lib/ahci-guest.
# Sourced by kernels.sh.

QEMU_PACKAGES=(qemu-system-x86 busybox-static e2fsprogs util-linux kmod cpio xz-utils)

# Modules of the test host's initial RAM disk, loaded in this order with what they depend on.
QEMU_MODULES=(virtio_blk 9pnet_virtio 9p overlay ublk_drv loop brd
  null_blk nbd dm-log-writes dm-flakey dm-snapshot dm-delay ext4 xfs btrfs vfat
  nls_cp437 nls_iso8859-1 fuse sch_netem sch_tbf)
AHCI_MODULES=(ahci sd_mod ext4)

# Two digits that must change whenever the steps below give other files.
QEMU_RECIPE=03

qemu_digest() {
  printf '%s-%s\n' "$(digest_of "$LIB/guest/qemu-init" "$LIB/guest/ahci-init")" "$QEMU_RECIPE"
}

# qemu_cached NAME: the directory with vmlinuz, initrd and ahci-initrd of kernel NAME
# (qemu-6.12 or qemu-backports).
qemu_cached() {
  local found
  found=$(find "$(cache_dir)/$1" -mindepth 1 -maxdepth 1 -name "*-$(qemu_digest)" 2>/dev/null \
    | sort -V | tail -n 1)
  [[ -n $found ]] && printf '%s\n' "$found"
}

qemu_prepare() {
  local found
  need_packages "${QEMU_PACKAGES[@]}"
  if found=$(qemu_cached "$1") && ! is_whole "$found"; then
    rm -rf "$found"
  fi
  qemu_cached "$1" >/dev/null || with_lock "$1" qemu_build "$1"
}

qemu_build() {
  local name=$1 suite packages version work target log
  if qemu_cached "$name" >/dev/null; then
    return 0
  fi
  case $name in
    qemu-6.12) suite=trixie ;;
    qemu-backports) suite=trixie-backports ;;
    *) die "$EXIT_USAGE" "unknown kernel $name" ;;
  esac
  need_room "$(cache_dir)" 1000 "preparing kernel $name"
  update_lists "$suite"
  mapfile -t packages < <(qemu_packages "$suite")
  ((${#packages[@]} > 0)) || die "$EXIT_ENVIRONMENT" "no linux-image-amd64 in $suite on the Debian mirror"
  work=$(cache_dir)/$name/.build
  log=$(cache_dir)/logs/$name.log
  rm -rf "$work"
  mkdir -p "$work/done"
  fetch_packages "$suite" "$work" "${packages[@]}"
  with_progress "preparing kernel $name" "$log" qemu_unpack "$work" \
    || failed "$EXIT_ENVIRONMENT" "cannot prepare kernel $name" "$log"
  version=$(<"$work/done/version")
  target=$(cache_dir)/$name/$version-$(qemu_digest)
  { seal "$work/done" && rm -rf "$target" && mv "$work/done" "$target"; } >>"$log" 2>&1 \
    || failed "$EXIT_ENVIRONMENT" "kernel $name cannot be put into $target" "$log"
  rm -rf "$work"
}

# qemu_packages SUITE: the packages with the kernel and its modules that linux-image-amd64 leads to.
qemu_packages() {
  private_apt "$1" apt-cache depends --no-recommends --no-suggests --no-conflicts --no-breaks \
    --no-replaces --no-enhances --no-pre-depends --recurse linux-image-amd64 \
    | sed -nE 's/^(linux-(image|binary|modules)-[0-9][^ :]*)$/\1/p' | sort -u
}

qemu_unpack() {
  local work=$1 deb root=$1/root kernel version
  for deb in "$work"/*.deb; do
    dpkg -x "$deb" "$root" || return 1
  done
  kernel=$(find "$root/boot" "$root/usr/lib/modules" -name 'vmlinuz*' -type f 2>/dev/null | head -n 1)
  version=$(basename "$(find "$root/lib/modules" "$root/usr/lib/modules" -mindepth 1 -maxdepth 1 \
    -type d 2>/dev/null | head -n 1)")
  [[ -n $kernel && -n $version ]] || return 1
  if [[ ! -e $root/lib ]]; then
    ln -s usr/lib "$root/lib" || return 1
  fi
  depmod -b "$root" "$version" \
    && initrd_base "$work/test-host" "$LIB/guest/qemu-init" \
    && initrd_modules "$work/test-host" "$root" "$version" "${QEMU_MODULES[@]}" \
    && [[ -e $work/test-host/modules/ublk_drv.ko && -e $work/test-host/modules/9p.ko ]] \
    && initrd_pack "$work/test-host" "$work/done/initrd" \
    && initrd_base "$work/ahci" "$LIB/guest/ahci-init" \
    && initrd_modules "$work/ahci" "$root" "$version" "${AHCI_MODULES[@]}" \
    && [[ -e $work/ahci/modules/ahci.ko && -e $work/ahci/modules/ext4.ko ]] \
    && initrd_program "$work/ahci" "$(command -v mkfs.ext4)" \
    && initrd_program "$work/ahci" "$(command -v e2fsck)" \
    && initrd_program "$work/ahci" "$(command -v fstrim)" \
    && initrd_program "$work/ahci" "$(command -v blkdiscard)" \
    && initrd_program "$work/ahci" "$(command -v dd)" \
    && initrd_pack "$work/ahci" "$work/done/ahci-initrd" \
    && cp "$kernel" "$work/done/vmlinuz" \
    && printf '%s\n' "$version" >"$work/done/version"
}

# initrd_base DIR INIT: a tree with busybox under all its names and INIT as /init.
initrd_base() {
  local dir=$1
  mkdir -p "$dir/bin" "$dir/sbin" "$dir/dev" "$dir/proc" "$dir/sys" "$dir/tmp" "$dir/mnt" "$dir/etc" \
    && cp "$(command -v busybox)" "$dir/bin/busybox" \
    && "$dir/bin/busybox" --list | while read -r applet; do
      [[ -e $dir/bin/$applet ]] || ln -s busybox "$dir/bin/$applet"
    done \
    && install -m 755 "$2" "$dir/init"
}

# initrd_modules DIR ROOT VERSION MODULE...: the modules, unpacked, and /modules/order.
initrd_modules() {
  local dir=$1 root=$2 version=$3 module list file base options
  shift 3
  mkdir -p "$dir/modules"
  for module in "$@"; do
    # What is built in is not found: the package with the list of that is not among ours.
    list=$(modprobe -d "$root" -S "$version" --show-depends "$module") || continue
    while read -r _ file _; do
      base=${file##*/}
      base=${base%.xz}
      [[ -e $dir/modules/$base ]] && continue
      if [[ $file == *.xz ]]; then
        xz -dc "$file" >"$dir/modules/$base" || return 1
      else
        cp "$file" "$dir/modules/$base" || return 1
      fi
      options=''
      [[ $base == brd.ko ]] && options='rd_nr=1'
      printf '%s %s\n' "$base" "$options" >>"$dir/modules/order"
    done < <(grep '^insmod ' <<<"$list")
  done
}

# initrd_program DIR PROGRAM: the program in /sbin with the shared libraries it needs.
initrd_program() {
  local dir=$1 library
  install -D -m 755 "$2" "$dir/sbin/${2##*/}" || return 1
  for library in $(ldd "$2" | grep -oE '/[^ ]+'); do
    install -D -m 755 "$(readlink -f "$library")" "$dir$library" || return 1
  done
}

initrd_pack() {
  (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet | gzip -1) >"$2"
}
