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

# with_progress LABEL LOG COMMAND...: runs COMMAND with its output in LOG and says every few
# seconds that it still runs: one line that counts on a terminal, a plain line each half
# minute elsewhere. On failure shows the end of LOG. Returns the status of COMMAND.
with_progress() {
  local label=$1 log=$2 pid start now told=0 status=0
  shift 2
  start=$SECONDS
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
    elif ((now >= told + 30 || (told == 0 && now >= 3))); then
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
    note "$label: failed after $now s with status $status; the end of $log:"
    tail -n 30 "$log" >&2
  elif ((now >= 3)); then
    note "$label: done in $now s"
  fi
  return "$status"
}
