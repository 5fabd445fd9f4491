# shellcheck shell=bash
# The kernels of scripts/test-host: getting them ready, and the command that boots one.
# Needs common.sh; sources the rest.

# shellcheck source=scripts/lib/deps.sh
source "$LIB/deps.sh"
# shellcheck source=scripts/lib/private-apt.sh
source "$LIB/private-apt.sh"
# shellcheck source=scripts/lib/uml.sh
source "$LIB/uml.sh"
# shellcheck source=scripts/lib/qemu.sh
source "$LIB/qemu.sh"

# The names of them. uml-small is for a first look: half of it is built in half the time.
KERNELS=(uml uml-small qemu-6.12 qemu-backports)

# check_kernel NAME: refuses what is none.
check_kernel() {
  [[ " ${KERNELS[*]} " == *" $1 "* ]] || die "$EXIT_USAGE" "--kernel $1: use one of ${KERNELS[*]}"
}

# fetch_packages SUITE DIR PACKAGE...: downloads Debian packages of that suite into DIR.
fetch_packages() {
  local suite=$1 dir=$2
  shift 2
  mkdir -p "$dir"
  (cd "$dir" && with_progress "fetching $*" "$(cache_dir)/logs/apt-download.log" \
    private_apt "$suite" apt-get download "$@") \
    || failed "$EXIT_ENVIRONMENT" "cannot fetch $* of $suite" "$(cache_dir)/logs/apt-download.log"
}

# update_lists SUITE: the list of packages in that suite.
update_lists() {
  with_progress "fetching the package list of $1" "$(cache_dir)/logs/apt-lists.log" private_apt_update "$1" \
    || failed "$EXIT_ENVIRONMENT" "cannot fetch the package list of $1" "$(cache_dir)/logs/apt-lists.log"
}

# kernels_prepare NAME: makes sure that kernel NAME and what it needs to run are there.
kernels_prepare() {
  case $1 in
    uml*)
      need_packages busybox-static util-linux
      uml_prepare "$1"
      ;;
    *) qemu_prepare "$1" ;;
  esac
}

# kernel_command NAME RUN MEMORY-MIB CPUS WRITABLE-COUNT DISK-COUNT: writes RUN/start, a script
# that becomes the running kernel. It is started with the kernel log as standard output and
# error, and with the numbers of two file descriptors for the output of the command in OUT and ERR.
kernel_command() {
  local line=()
  if [[ $1 == uml* ]]; then
    uml_command "$@"
  else
    qemu_command "$@"
  fi
}

uml_command() {
  local name=$1 run=$2 memory_mib=$3 cpus=$4 disks=$6 i
  if ((cpus > 4)); then
    die "$EXIT_USAGE" "--cpus $cpus: a UML test host has at most 4"
  fi
  {
    printf 'export TMPDIR=%q\n' "$(uml_memory_dir "$memory_mib")"
    printf 'ulimit -c 0\n'
    printf 'exec %q mem=%dM ncpus=%d root=none rootfstype=hostfs rootflags=/ ro init=%q seccomp=auto' \
      "$(uml_cached "$name")" "$memory_mib" "$cpus" "$run/init"
    # shellcheck disable=SC2016  # for the script that is written
    printf ' uml_dir=%q con=null con0=fd:0,fd:1 con1=null,fd:$OUT con2=null,fd:$ERR' "$run/"
    for ((i = 0; i < disks; i++)); do
      printf ' ubd%d=%q' "$i" "$run/disk$i"
    done
    printf '\n'
  } >"$run/start"
}

# uml_memory_dir MIB: where UML keeps its memory: a file, sparse, deleted while in use. A
# memory file system with room for all of it is best; a disk serves when there is none.
uml_memory_dir() {
  local dir free
  for dir in /dev/shm "${TMPDIR:-/tmp}" /var/tmp; do
    [[ -d $dir && -w $dir ]] || continue
    free=$(df -Pm "$dir" | awk 'NR == 2 { print $4 }')
    if ((free > $1)) && ! findmnt -nT "$dir" -o OPTIONS | grep -w noexec >/dev/null; then
      printf '%s\n' "$dir"
      return 0
    fi
  done
  die "$EXIT_ENVIRONMENT" "no room for $1 MiB of memory in /dev/shm or ${TMPDIR:-/tmp}: use a smaller --memory"
}

qemu_command() {
  local name=$1 run=$2 memory_mib=$3 cpus=$4 writable=$5 disks=$6 dir i
  # One thread emulates all CPUs in turn. With a thread each (thread=multi) QEMU 7.2 runs stale code
  # now and then where a program writes code while another CPU runs it, as a JVM does all the time:
  # SIGSEGV at the first instruction of a method just compiled.
  local accel=tcg,thread=single
  dir=$(qemu_cached "$name")
  if qemu_has_kvm "$dir"; then
    accel=kvm
  fi
  {
    printf 'exec qemu-system-x86_64 -accel %s -cpu max -smp %d -m %dM -nodefaults -no-reboot' \
      "$accel" "$cpus" "$memory_mib"
    printf ' -display none -monitor none -serial stdio -kernel %q -initrd %q' "$dir/vmlinuz" "$dir/initrd"
    printf ' -append %q' "console=ttyS0 panic=-1 no_timer_check blockcam.init=$run/init"
    printf ' -virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap'
    printf ' -virtfs local,path=%q,mount_tag=run,security_model=none,multidevs=remap' "$run"
    for ((i = 0; i < writable; i++)); do
      printf ' -virtfs local,path=%q,mount_tag=rw%d,security_model=none,multidevs=remap' \
        "$(qemu_escape "$(readlink "$run/rw$i")")" "$i"
    done
    for ((i = 0; i < disks; i++)); do
      printf ' -drive file=%q,format=raw,if=virtio,cache=none,aio=threads' "$run/disk$i"
    done
    # shellcheck disable=SC2016  # for the script that is written
    printf ' -device virtio-serial-pci -chardev file,id=out,path=/dev/fd/$OUT -chardev file,id=err,path=/dev/fd/$ERR'
    printf ' -device virtserialport,chardev=out,nr=1,name=out -device virtserialport,chardev=err,nr=2,name=err\n'
  } >"$run/start"
}

# QEMU separates options by commas; one in a value is doubled.
qemu_escape() {
  printf '%s\n' "${1//,/,,}"
}

# qemu_has_kvm DIR: whether /dev/kvm can run the stock kernel in DIR. On some machines it
# fails at once or hangs before the first line, so it is tried, once per boot of the machine.
qemu_has_kvm() {
  local answer
  [[ -w /dev/kvm ]] || return 1
  answer=$(cache_dir)/kvm-$(</proc/sys/kernel/random/boot_id)
  if [[ ! -e $answer ]]; then
    rm -f "$(cache_dir)"/kvm-*
    if timeout -k 1 10 qemu-system-x86_64 -accel kvm -cpu max -m 512M -nodefaults -no-reboot \
      -display none -monitor none -serial stdio -kernel "$1/vmlinuz" -initrd "$1/initrd" \
      -append 'console=ttyS0 panic=-1 no_timer_check blockcam.init=probe' </dev/null 2>/dev/null \
      | grep blockcam-probe-ok >/dev/null; then
      printf 'yes\n' >"$answer"
    else
      printf 'no\n' >"$answer"
      note "this machine's /dev/kvm does not run a stock kernel: using emulation"
    fi
  fi
  [[ $(<"$answer") == yes ]]
}
