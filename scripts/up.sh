#!/usr/bin/env bash
# Brings Frontdesk up on this machine; what already runs as it should is left alone.
# BARE=1 leaves the sandbox out, so that an outside sender can be tried.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/processes.sh"
. "$ROOT/scripts/settings.sh"
. "$ROOT/scripts/install-postgres.sh"
. "$ROOT/scripts/postgres.sh"
. "$ROOT/scripts/nats.sh"

start_frontdesk() {
  local program=$PROGRAMS/frontdesk fingerprint address
  address=$(setting API_LISTEN)
  fingerprint=$(fingerprint_of "$program" serve all)
  if running_as frontdesk "$fingerprint"; then
    say "frontdesk already runs on $address"
    return
  fi
  halt frontdesk TERM 30
  require_free API_LISTEN
  require_free INGEST_LISTEN
  say "starting frontdesk on $address"
  launch frontdesk "$fingerprint" "$program" serve all
  (ready frontdesk 60 answers_ready "$address") || {
    [[ ! -s $RUN/readyz ]] || say "its last word on readiness: $(<"$RUN/readyz")" >&2
    exit 1
  }
}

# The answer names each dependency, so it is kept for whoever asks why.
answers_ready() { curl -s -m 5 "http://$1/readyz" -o "$RUN/readyz" -w '%{http_code}' | grep -q 200; }

start_sandbox() {
  local program=$PROGRAMS/frontdesk-sandbox fingerprint
  local -a arguments=(run --calls-per-minute "${CALLS_PER_MINUTE:-1.5}" --seed "${SEED:-1}"
    --target "http://$(setting INGEST_LISTEN)" --state-dir "$DATA/sandbox")
  fingerprint=$(fingerprint_of "$program" "${arguments[@]}")
  if running_as sandbox "$fingerprint"; then
    say "the sandbox already runs"
    return
  fi
  halt sandbox TERM 15
  require_free SANDBOX_LISTEN
  require_free SANDBOX_SMTP_LISTEN
  say "starting the sandbox"
  mkdir -p "$DATA/sandbox"
  launch sandbox "$fingerprint" "$program" "${arguments[@]}"
  # It answers once its keys are made and its accounts are in the database.
  ready sandbox 60 curl -s -m 5 -o "$RUN/sandbox" "http://$(setting SANDBOX_LISTEN)/"
}

# Whoever sends from outside wants to see what came of it, so somebody must be able to sign in.
seed() {
  mkdir -p "$DATA/sandbox"
  "$PROGRAMS/frontdesk-sandbox" seed --state-dir "$DATA/sandbox" >>"$LOG/migrate.log" 2>&1 9>&- || {
    tail -n 5 "$LOG/migrate.log" >&2
    fail "making the accounts to sign in with did not succeed"
  }
}

# Tables that an earlier build made are folded anew from the streams, which have everything.
renew_read_models() {
  local name stale
  stale=$("$PROGRAMS/frontdesk" projections status 2>>"$LOG/migrate.log" 9>&- |
    awk '($1 == "calls" || $1 == "billing") && /made by another version/ { print $1 }') ||
    fail "frontdesk projections status did not succeed (see ${LOG#"$ROOT"/}/migrate.log)"
  for name in $stale; do
    say "folding $name anew, as this build writes it"
    {
      "$PROGRAMS/frontdesk" projections rebuild "$name" &&
        "$PROGRAMS/frontdesk" projections swap "$name" --drop-previous
    } >>"$LOG/migrate.log" 2>&1 9>&- || {
      tail -n 5 "$LOG/migrate.log" >&2
      fail "frontdesk projections rebuild $name did not succeed"
    }
  done
}

require_free() {
  local address
  address=$(setting "$1")
  ! port_taken "$(port_of "$address")" ||
    fail "$address ($1) is taken by $(port_holder "$(port_of "$address")"): stop that, or change $1 in ${ENV_FILE#"$ROOT"/}"
}

exec 9>"$DATA/lock"
flock -n 9 || fail "another make up or make down is at work"

"$ROOT/scripts/install.sh" run 9>&-
"$ROOT/scripts/build.sh" 9>&-
complete_settings
start_postgres
start_nats
export_settings
export WEB_DIR=${WEB_DIR:-$ROOT/web/dist}
say "migrating"
"$PROGRAMS/frontdesk" migrate >"$LOG/migrate.log" 2>&1 9>&- || {
  tail -n 15 "$LOG/migrate.log" >&2
  fail "frontdesk migrate did not succeed"
}
renew_read_models
if [[ -n ${BARE:-} && $BARE != 0 ]]; then
  halt sandbox TERM 15
  leave_out_stand_ins
  seed
  start_frontdesk
else
  start_frontdesk
  start_sandbox
fi
"$ROOT/scripts/greeting.sh"
