# shellcheck shell=bash
# Shared by all scripts: messages, the cache directory, progress lines, locks.
# Source it; it runs nothing by itself.

# shellcheck disable=SC2034  # used by the scripts that source this file
CHECKOUT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
LIB=$CHECKOUT/scripts/lib

# Exit codes, the same as those of the blockcam command.
EXIT_USAGE=2
EXIT_ENVIRONMENT=3

note() {
  printf '%s\n' "$*" >&2
}

# die CODE MESSAGE...: one line on standard error, then exit CODE.
die() {
  local code=$1
  shift
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit "$code"
}

# The directory that outlives a clean checkout: kernels, initial RAM disks, HDFS jars.
cache_dir() {
  printf '%s\n' "${BLOCKCAM_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/blockcam}"
}

# Everything in the cache gets its name only when it is complete, and a list of what is in it, so
# that what a crash or a full disk cut short later is made anew and not run.

# seal DIR: writes the list.
seal() {
  local files
  mapfile -d '' -t files < <(cd "$1" && find . -type f -print0 | LC_ALL=C sort -z)
  (cd "$1" && sha256sum "${files[@]}" >SHA256SUMS)
}

# is_whole DIR: whether all is as it was sealed; says so if not.
is_whole() {
  if ! (cd "$1" 2>/dev/null && sha256sum --check --status SHA256SUMS 2>/dev/null); then
    note "$1 is damaged or cut short: making it anew"
    return 1
  fi
}

# digest_of FILE...: twelve hexadecimal digits standing for names and contents of the files.
digest_of() {
  local file
  for file in "$@"; do
    printf '%s\n' "${file##*/}"
    cat "$file"
  done | sha256sum | cut -c1-12
}

# with_lock NAME COMMAND...: runs COMMAND while no other caller holds NAME in this cache.
# The lock is dropped by the kernel when its holder dies.
with_lock() {
  local name=$1 cache fd status=0
  shift
  cache=$(cache_dir)
  mkdir -p "$cache/locks"
  exec {fd}>"$cache/locks/$name"
  if ! flock -n "$fd"; then
    note "waiting for another run that prepares $name"
    flock "$fd"
  fi
  "$@" {fd}>&- || status=$?
  exec {fd}>&-
  return "$status"
}

# cause_of LOG: in words, what the log of a failed command complains of, if it is one of the things
# that the machine lacks and not the command.
cause_of() {
  local log=$1 space
  [[ -s $log ]] || return 0
  if grep -qiE 'no space left on device|not enough free space|ENOSPC' "$log"; then
    space=$(df -Ph "${log%/*}" | awk 'NR == 2 { print $4 " free on " $6 }')
    printf 'the disk is full (%s): make room' "$space"
  elif grep -qE 'Could not resolve|Temporary failure (in name resolution|resolving)|Unknown host|Network is unreachable|Could not connect|Unable to connect|Connection (refused|timed out)|Could not transfer artifact|Unable to fetch|Failed to fetch|in offline mode|No route to host' "$log"; then
    printf 'the network does not reach where it comes from: check the network, the proxy and the mirrors of apt and Maven'
  fi
}

# failed CODE MESSAGE LOG: like die, with the cause if the log tells it, else with the log's name.
failed() {
  local cause
  cause=$(cause_of "$3")
  if [[ -n $cause ]]; then
    die "$1" "$2: $cause"
  fi
  note "the end of $3:"
  tail -n 30 "$3" >&2 || true
  die "$1" "$2: see $3"
}

# need_room DIR MIB WHAT: makes sure that DIR has that much free, before anything is begun.
need_room() {
  local free elsewhere=''
  [[ $1 != "$(cache_dir)" ]] || elsewhere=', or let BLOCKCAM_CACHE name another place'
  if ! mkdir -p "$1" 2>/dev/null || [[ ! -w $1 ]]; then
    die "$EXIT_ENVIRONMENT" "$1 cannot be written, and $3 needs it: make it writable$elsewhere"
  fi
  free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
  if ((free < $2)); then
    die "$EXIT_ENVIRONMENT" "$1 has $free MiB free, and $3 takes $2: make room$elsewhere"
  fi
}

# with_progress LABEL LOG COMMAND...: runs COMMAND with its output in LOG and says every few
# seconds that it still runs: one line that counts on a terminal, a plain line every eight seconds
# elsewhere. Returns the status of COMMAND; the caller says what a failure means (see failed).
with_progress() {
  local label=$1 log=$2 pid start now told=0 status=0
  shift 2
  start=$SECONDS
  mkdir -p "${log%/*}"
  # Job control gives COMMAND a process group of its own, to end it whole.
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  # shellcheck disable=SC2064  # the process id of now
  trap "kill -TERM -- -$pid 2>/dev/null; exit 130" INT TERM
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    now=$((SECONDS - start))
    if [[ -t 2 ]]; then
      if ((now > told)); then
        printf '\r%s ... %d s ' "$label" "$now" >&2
        told=$now
      fi
    elif ((now >= told + 8 || (told == 0 && now >= 3))); then
      note "$label ... $now s"
      told=$now
    fi
  done
  wait "$pid" || status=$?
  trap - INT TERM
  now=$((SECONDS - start))
  if [[ -t 2 ]] && ((told > 0)); then
    printf '\r\033[K' >&2
  fi
  if ((status != 0)); then
    note "$label: failed after $now s with status $status"
  elif ((now >= 3)); then
    note "$label: done in $now s"
  fi
  return "$status"
}
