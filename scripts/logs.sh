#!/usr/bin/env bash
# Follows every log of this instance.
. "$(dirname "$0")/prelude.sh"
compgen -G "$LOG/*.log" >/dev/null || fail "there are no logs yet: run make up first"
exec tail -n 20 -F "$LOG"/*.log
