#!/usr/bin/env bash
# Builds the executables and the dashboard, each only when something changed.
. "$(dirname "$0")/prelude.sh"

build_executables() {
  local -a packages=(-p frontdesk -p frontdesk-sandbox)
  # The whole workspace in tests: the same features as `cargo test`, so nothing is built twice.
  [[ $PROFILE == release ]] || packages=(--workspace --bins)
  say "building frontdesk ($PROFILE)"
  cargo build --quiet --profile "$PROFILE" --locked "${packages[@]}" ||
    fail "frontdesk does not build (see above)"
}

# Everything the dashboard is built from, as one hash.
web_inputs() {
  find web -path web/node_modules -prune -o -path web/dist -prune -o -type f \
    ! -path 'web/test-results/*' ! -path 'web/playwright-report/*' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-16
}

install_web() {
  local lock stamp=web/node_modules/.installed-from
  lock=$(sha256sum web/package-lock.json | cut -c 1-16)
  [[ -f $stamp && $(<"$stamp") == "$lock" ]] && return
  say "installing the dashboard's dependencies"
  # The browser of the tests is the system's Chromium.
  (cd web && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund) >"$LOG/npm.log" 2>&1 ||
    fail "npm ci: $(grep -m 1 'npm error' "$LOG/npm.log" || tail -n 1 "$LOG/npm.log")"
  say "$lock" >"$stamp"
}

build_web() {
  local inputs stamp=$ROOT/.data/web.stamp
  inputs=$(web_inputs)
  [[ -f web/dist/index.html && -f $stamp && $(<"$stamp") == "$inputs" ]] && return
  say "building the dashboard"
  (cd web && npm run --silent build) >"$LOG/web-build.log" 2>&1 || {
    tail -n 20 "$LOG/web-build.log" >&2
    fail "the dashboard does not build (whole log: ${LOG#"$ROOT"/}/web-build.log)"
  }
  say "$inputs" >"$stamp"
}

# The dashboard is built while cargo fetches and waits for its longest crates. In a process group of its
# own, so that nothing of it goes on when this ends early.
build_all() {
  local web
  set -m
  (
    install_web
    build_web
  ) </dev/null &
  web=$!
  set +m
  # shellcheck disable=SC2064 # which group is known now
  trap "kill -- -$web 2>/dev/null || true" EXIT
  build_executables
  wait "$web"
  trap - EXIT
}

case ${1:-all} in
  web-dependencies) install_web ;;
  all) build_all ;;
  *) fail "build.sh knows all and web-dependencies, not $1" ;;
esac
