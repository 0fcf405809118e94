#!/usr/bin/env bash
# Has something happen outside, by a command of the sandbox with this instance's settings and keys.
# Usage: scripts/outside.sh COMMAND [ARGUMENT…], for example: scripts/outside.sh call +14155550123
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/settings.sh"

[[ $# -gt 0 ]] || fail "usage: scripts/outside.sh COMMAND [ARGUMENT…]"
exec "$ROOT/scripts/with-settings.sh" frontdesk-sandbox "$@" \
  --target "http://$(setting INGEST_LISTEN)" --state-dir "$DATA/sandbox"
