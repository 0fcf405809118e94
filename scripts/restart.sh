#!/usr/bin/env bash
# Kills frontdesk without a warning and brings it up again, as a crash would.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/processes.sh"
kill -KILL "$(pid_of frontdesk)"
exec "$ROOT/scripts/up.sh"
