# shellcheck shell=bash
# Sourced, not run: Debian packages of another release, without touching the machine's own apt.
#
# apt gets a root of its own (sources, lists, cache) below the cache directory, so that neither
# the machine's sources nor its installed packages change, and no root rights are needed. The
# mirror is the one the machine itself uses; BLOCKCAM_DEBIAN_MIRROR overrides it.
#
#   blockcam_cache                         prints the cache directory (created when missing)
#   private_apt SUITE COMMAND ARGUMENT...  runs apt-get, apt-cache, ... against that suite
#   private_apt_version SUITE PACKAGE      prints the version that suite offers, or fails
#   private_apt_unpack SUITE PACKAGE DIR   downloads PACKAGE and unpacks its files into DIR
#
# Every function prints one line on standard error and returns 3 when the environment lacks
# something.

blockcam_cache() {
  local cache="${BLOCKCAM_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/blockcam}"
  mkdir -p "$cache" || return 3
  printf '%s\n' "$cache"
}

private_apt_mirror() {
  local mirror="${BLOCKCAM_DEBIAN_MIRROR:-}"
  if [ -z "$mirror" ]; then
    # The archive itself, not the security archive: those have a label of their own.
    # shellcheck disable=SC2016 # the $(...) are apt's
    mirror=$(apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 2>/dev/null |
      sed -n 's/^Debian|//p' | head -n 1)
  fi
  if [ -z "$mirror" ]; then
    echo "private-apt: this machine's apt lists no Debian mirror: run 'apt-get update' first," \
      "or set BLOCKCAM_DEBIAN_MIRROR to the URL of one" >&2
    return 3
  fi
  printf '%s\n' "$mirror"
}

private_apt() {
  local suite=$1 cache root mirror keyring
  shift
  cache=$(blockcam_cache) || return
  root="$cache/apt/$suite"
  if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
    echo "private-apt: apt-get and dpkg are missing: a Debian-like machine is needed" >&2
    return 3
  fi
  if [ ! -s "$root/sources.list" ]; then
    mirror=$(private_apt_mirror) || return
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    if [ ! -r "$keyring" ]; then
      echo "private-apt: $keyring is missing: install debian-archive-keyring" >&2
      return 3
    fi
    mkdir -p "$root/lists/partial" "$root/archives/partial" "$root/empty" || return 3
    : >"$root/status"
    echo "deb [signed-by=$keyring] $mirror $suite main" >"$root/sources.list.new"
    mv "$root/sources.list.new" "$root/sources.list"
  fi
  local command=$1
  shift
  "$command" -q=2 \
    -o Dir::Etc::sourcelist="$root/sources.list" -o Dir::Etc::sourceparts="$root/empty" \
    -o Dir::Etc::preferences="$root/none" -o Dir::Etc::preferencesparts="$root/empty" \
    -o Dir::State="$root" -o Dir::State::status="$root/status" -o Dir::State::lists="$root/lists" \
    -o Dir::Cache="$root" -o Dir::Cache::archives="$root/archives" \
    -o APT::Sandbox::User= -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

# Fetches the package lists unless they are younger than a day. One run at a time: apt would not
# wait for another.
private_apt_update() {
  local suite=$1 directory
  directory="$(blockcam_cache)/apt/$suite" || return
  mkdir -p "$directory" || return 3
  (
    flock 9
    if [ -n "$(find "$directory/updated" -mmin -1440 2>/dev/null)" ]; then
      exit 0
    fi
    # Without the mode a fetch that failed counts as one that found nothing new.
    if ! private_apt "$suite" apt-get -o APT::Update::Error-Mode=any update >&2; then
      echo "private-apt: the package lists of $suite could not be fetched: check the network and" \
        "the machine's apt sources" >&2
      exit 3
    fi
    : >"$directory/updated"
  ) 9>"$directory/lock"
}

private_apt_version() {
  local suite=$1 package=$2 version
  private_apt_update "$suite" || return
  version=$(private_apt "$suite" apt-cache show --no-all-versions "$package" 2>/dev/null |
    sed -n 's/^Version: //p' | head -n 1)
  if [ -z "$version" ]; then
    echo "private-apt: $suite has no package $package" >&2
    return 3
  fi
  printf '%s\n' "$version"
}

private_apt_unpack() {
  local suite=$1 package=$2 directory=$3 work
  private_apt_update "$suite" || return
  work=$(mktemp -d "$(blockcam_cache)/download.XXXXXX") || return 3
  if (cd "$work" && private_apt "$suite" apt-get download "$package" >&2) &&
    mkdir -p "$directory" && dpkg -x "$work"/*.deb "$directory"; then
    rm -rf "$work"
    return 0
  fi
  rm -rf "$work"
  echo "private-apt: $package of $suite could not be downloaded and unpacked" >&2
  return 3
}
