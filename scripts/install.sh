#!/usr/bin/env bash
# Installs what is missing and nothing else. Usage: install.sh run|test|check
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/packages.sh"
. "$ROOT/scripts/install-postgres.sh"
. "$ROOT/scripts/install-nats.sh"
. "$ROOT/scripts/install-test-tools.sh"

require_languages() {
  have cargo || fail "Rust is missing: install it with rustup (https://rustup.rs)"
  have node || fail "Node.js is missing: install version 20.19 or newer (https://nodejs.org)"
  have npm || fail "npm is missing: it comes with Node.js 20.19 or newer (https://nodejs.org)"
  local node_version
  node_version=$(node --version)
  at_least "${node_version#v}" 20.19 || fail "Node.js $node_version is too old: 20.19 or newer is needed"
  # ring and mimalloc are partly C.
  have cc || install_packages "a C compiler" gcc libc6-dev
  have curl || install_packages "curl" curl ca-certificates
  have python3 || install_packages "Python" python3
}

# A disk that fills up half-way fails in a hundred places, none of which names it.
# Usage: require_space GIGABYTES DIRECTORY; what an earlier build left there counts as there.
require_space() {
  local needed=$(($1 * 1024 * 1024)) directory=$2 free held=0
  mkdir -p "$directory"
  free=$(df -Pk "$directory" | awk 'NR == 2 { print $4 }')
  # It may hold files of other users that cannot be counted, or that go while it counts.
  held=$( (du -sk "$directory" 2>/dev/null || true) | cut -f 1)
  ((free + held >= needed)) ||
    fail "too little room: $1 GB are needed in $directory, $((free / 1024 / 1024)) GB are free"
}

for_running() {
  require_space 4 "$BUILD_DIR"
  require_languages
  install_postgres
  install_nats
}

# Not chained with &&, which would switch `set -e` off inside the functions.
for_testing() {
  require_space 12 "$BUILD_DIR"
  # Each test has a database of its own.
  require_space 4 "${TMPDIR:-/tmp}/frontdesk-test-postgres"
  for_running
  install_browser
  install_python_clients
  install_javascript_clients
  install_livekit
}

for_checking() {
  require_space 6 "$BUILD_DIR"
  require_languages
  install_deny
  install_shellcheck
}

case ${1:-run} in
  run) for_running ;;
  test) for_testing ;;
  check) for_checking ;;
  *) fail "install.sh knows run, test and check, not $1" ;;
esac
