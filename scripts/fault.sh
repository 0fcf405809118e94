#!/usr/bin/env bash
# The fault test alone: KILLS kill -9 of ingest, projector, PostgreSQL and nats-server under load.
. "$(dirname "$0")/prelude.sh"
"$ROOT/scripts/install.sh" run
export KILLS=${KILLS:-40}
exec cargo test --quiet --locked -p frontdesk --test faults -- --nocapture
