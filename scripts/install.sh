#!/usr/bin/env bash
# Installs what is missing and nothing else. Usage: install.sh run|test|check
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/packages.sh"
. "$ROOT/scripts/install-postgres.sh"
. "$ROOT/scripts/install-nats.sh"
. "$ROOT/scripts/install-test-tools.sh"

require_languages() {
  have cargo || fail "Rust is missing: install it with rustup (https://rustup.rs)"
  have node || fail "Node.js is missing: install version 20 or newer (https://nodejs.org)"
  have npm || fail "npm is missing: it comes with Node.js 20 or newer (https://nodejs.org)"
  local node_version
  node_version=$(node --version)
  at_least "${node_version#v}" 20.19 || fail "Node.js $node_version is too old: 20.19 or newer is needed"
  # ring and mimalloc are partly C.
  have cc || install_packages "a C compiler" gcc libc6-dev
  have curl || install_packages "curl" curl ca-certificates
  have python3 || install_packages "Python" python3
}

for_running() {
  require_languages
  install_postgres
  install_nats
}

# Not chained with &&, which would switch `set -e` off inside the functions.
for_testing() {
  for_running
  install_browser
  install_python_clients
  install_javascript_clients
  install_livekit
}

for_checking() {
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
