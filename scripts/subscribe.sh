#!/usr/bin/env bash
# Lets PayPal's stand-in tell that somebody subscribed, so that numbers can be put into service.
# Usage: scripts/subscribe.sh EMAIL solo|pro|white_label
. "$(dirname "$0")/prelude.sh"

[[ $# -eq 2 ]] || fail "usage: scripts/subscribe.sh EMAIL solo|pro|white_label"
exec "$ROOT/scripts/outside.sh" subscribe "$1" "$2"
