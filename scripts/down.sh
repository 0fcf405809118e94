#!/usr/bin/env bash
# Stops exactly the processes that make up started, in the reverse order. Data stays.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/processes.sh"

exec 9>"$DATA/lock"
flock -n 9 || fail "another make up or make down is at work"

halt sandbox TERM 15
# Answers what it has accepted before it goes.
halt frontdesk TERM 30
halt nats TERM 60
# Fast shutdown: sessions end, everything committed stays.
halt postgres INT 60
say "nothing of Frontdesk runs; data stays in ${DATA#"$ROOT"/}"
