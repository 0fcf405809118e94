#!/usr/bin/env bash
# Places one call now, through the front door. Usage: scripts/call.sh [NUMBER] [--course missed]
# Without a number it rings a business of the ready account that has a history.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/settings.sh"

number=+14045550148
if [[ ${1:-} == +* ]]; then
  number=$1
  shift
fi
exec "$ROOT/scripts/with-settings.sh" frontdesk-sandbox call "$number" \
  --target "http://$(setting INGEST_LISTEN)" --state-dir "$DATA/sandbox" "$@"
