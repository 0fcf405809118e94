# shellcheck shell=bash
# A private nats-server under $DATA, unless NATS_URL names one somewhere else.

NATS_STORE=$DATA/nats
NATS_FIRST_PORT=${FRONTDESK_NATS_PORT:-42229}
NATS_ROLES=(INGEST PROJECTOR API WORKERS OPERATOR)

# Fills in the addresses and decides whose server it is: true when it is ours to start.
choose_nats() {
  local url port role
  if ! has_setting NATS_URL; then
    port=$(free_port "$NATS_FIRST_PORT")
    append_setting NATS_URL "nats://127.0.0.1:$port"
    append_setting NATS_MONITOR_URL "http://127.0.0.1:$(free_port $((port + 1)))"
  fi
  url=$(setting NATS_URL)
  if [[ ! $url =~ ^nats://127\.0\.0\.1:([0-9]+)/?$ ]]; then
    say "using the NATS of NATS_URL; none is started here"
    return 1
  fi
  NATS_PORT=${BASH_REMATCH[1]}
  if [[ ! -e $NATS_STORE ]] && answered "$NATS_PORT"; then
    say "using the NATS that already answers on port $NATS_PORT; none is started here"
    return 1
  fi
  default_setting NATS_MONITOR_URL "http://127.0.0.1:$(free_port $((NATS_PORT + 1)))"
  NATS_MONITOR_PORT=$(port_of "$(setting NATS_MONITOR_URL)")
  for role in "${NATS_ROLES[@]}"; do default_setting "NATS_${role}_PASSWORD" "$(secret)"; done
}

start_nats() {
  choose_nats || return 0
  bound_streams "$NATS_STORE"
  local fingerprint lost
  fingerprint=$(nats_fingerprint)
  if ! running nats && lost=$(orphan nats); then record nats "$lost" unknown; fi
  if running_as nats "$fingerprint"; then
    say "NATS already runs on port $NATS_PORT"
    return
  fi
  halt nats TERM 60
  move_nats_off_taken_ports
  say "starting NATS on port $NATS_PORT"
  [[ -d $NATS_STORE ]] || mkdir -m 700 "$NATS_STORE"
  # In a subshell: the passwords are nats-server's alone to read.
  (
    export_settings
    # Quoted, because nats.conf reads the value as its own syntax and a path may hold blanks.
    export NATS_STORE_DIR="\"$NATS_STORE\""
    # Go's collector showed in the profile under load (docs/adr/0001-group-commit.md).
    export GOGC=400
    launch nats "$(nats_fingerprint)" "$TOOLS/nats-server" -c "$ROOT/nats.conf" \
      -a 127.0.0.1 -p "$NATS_PORT" -m "$NATS_MONITOR_PORT"
  )
  # Recovering a large store takes its time, so this wait is long.
  ready nats 120 curl -fso /dev/null "http://127.0.0.1:$NATS_MONITOR_PORT/healthz"
}

# Not the whole settings file: a new PayPal id must not restart the store.
nats_fingerprint() {
  local role
  {
    sha256sum "$ROOT/nats.conf" "$TOOLS/nats-server"
    say "$NATS_PORT $NATS_MONITOR_PORT"
    for role in "${NATS_ROLES[@]}"; do say "$(setting "NATS_${role}_PASSWORD")"; done
  } | sha256sum | cut -c 1-16
}

move_nats_off_taken_ports() {
  if port_taken "$NATS_PORT"; then
    local wanted=$NATS_PORT
    NATS_PORT=$(free_port "$wanted")
    say "port $wanted is taken by $(port_holder "$wanted"): NATS moves to $NATS_PORT"
    replace_setting NATS_URL "nats://127.0.0.1:$NATS_PORT"
  fi
  if port_taken "$NATS_MONITOR_PORT" || ((NATS_MONITOR_PORT == NATS_PORT)); then
    NATS_MONITOR_PORT=$(free_port $((NATS_PORT + 1)))
    replace_setting NATS_MONITOR_URL "http://127.0.0.1:$NATS_MONITOR_PORT"
  fi
}


