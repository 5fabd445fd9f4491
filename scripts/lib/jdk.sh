# shellcheck shell=bash
# Finding a JDK that can run blockcam (22 or newer). Needs common.sh.

JDK_FLOOR=22

# jdk_version HOME: the major version of the JDK there; fails if there is none.
jdk_version() {
  local version
  [[ -x $1/bin/javac && -r $1/release ]] || return 1
  version=$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")
  [[ -n $version ]] && printf '%s\n' "$version"
}

# find_jdk: prints the home of a JDK >= 22: JAVA_HOME if it qualifies, else the one on PATH,
# else the newest of those installed under /usr/lib/jvm. Exits 3 when there is none.
find_jdk() {
  local home version best='' best_version=0 on_path=''
  if command -v javac >/dev/null; then
    on_path=$(readlink -f "$(command -v javac)")
    on_path=${on_path%/bin/javac}
  fi
  for home in "${JAVA_HOME:-}" "$on_path"; do
    if [[ -n $home ]] && version=$(jdk_version "$home") && ((version >= JDK_FLOOR)); then
      printf '%s\n' "$home"
      return 0
    fi
  done
  for home in /usr/lib/jvm/*; do
    if version=$(jdk_version "$home") && ((version >= JDK_FLOOR && version > best_version)); then
      best=$home
      best_version=$version
    fi
  done
  if [[ -z $best ]]; then
    die "$EXIT_ENVIRONMENT" "no JDK >= $JDK_FLOOR found: install one (Debian 13: openjdk-25-jdk-headless) or set JAVA_HOME"
  fi
  printf '%s\n' "$best"
}
