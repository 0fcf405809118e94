#!/usr/bin/env bash
# Lets PayPal's stand-in tell that somebody subscribed, so that numbers can be put into service.
# Usage: scripts/subscribe.sh EMAIL solo|pro|white_label
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/settings.sh"

[[ $# -eq 2 ]] || fail "usage: scripts/subscribe.sh EMAIL solo|pro|white_label"
exec "$ROOT/scripts/with-settings.sh" frontdesk-sandbox subscribe "$1" "$2" \
  --target "http://$(setting INGEST_LISTEN)" --state-dir "$DATA/sandbox"
