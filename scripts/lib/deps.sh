# shellcheck shell=bash
# Debian packages that the scripts need. Needs common.sh.

# need_packages NAME...: makes sure that these Debian packages are installed. As root on
# Debian installs what is missing; elsewhere prints what to install and exits 3.
need_packages() {
  local name missing=() options log
  if ! command -v dpkg-query >/dev/null; then
    die "$EXIT_ENVIRONMENT" "this is not Debian: install what its packages $* contain"
  fi
  for name in "$@"; do
    if [[ " ${missing[*]} " != *" $name "* && $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) != installed ]]; then
      missing+=("$name")
    fi
  done
  if ((${#missing[@]} == 0)); then
    return 0
  fi
  if ((EUID != 0)); then
    die "$EXIT_ENVIRONMENT" "packages missing: as root run: apt-get install ${missing[*]}"
  fi
  options=(-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -y -q --no-install-recommends)
  log=$(cache_dir)/logs/apt.log
  if ! with_progress "installing packages: ${missing[*]}" "$log" \
    apt_get "${options[@]}" install "${missing[@]}"; then
    # The lists may be absent or too old to name files that the mirror still has.
    with_progress 'fetching the package lists of this machine' "$log" apt_get "${options[@]}" update \
      || note "apt-get update failed; trying to install anyway"
    with_progress "installing packages: ${missing[*]}" "$log" \
      apt_get "${options[@]}" install "${missing[@]}" \
      || failed "$EXIT_ENVIRONMENT" "apt-get could not install ${missing[*]}" "$log"
  fi
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get "$@"
}
