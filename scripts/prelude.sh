# shellcheck shell=bash
# Sourced first by every script: where things are and how they are said.
# Holds nothing that only one script needs.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# A second instance beside the first (tests start one) names its own FRONTDESK_DATA and so
# gets its own settings, servers and ports; tools are shared.
DATA=$ROOT/.data
ENV_FILE=$ROOT/.env
if [[ -n ${FRONTDESK_DATA:-} ]]; then
  mkdir -p "$FRONTDESK_DATA"
  DATA=$(cd "$FRONTDESK_DATA" && pwd -P)
  ENV_FILE=$DATA/env
fi
TOOLS=$ROOT/.data/bin
LOG=$DATA/log
RUN=$DATA/run
# `dev` is what the tests have mostly built already.
PROFILE=${FRONTDESK_PROFILE:-release}
BUILD_DIR=${CARGO_TARGET_DIR:-target}
[[ $BUILD_DIR == /* ]] || BUILD_DIR=$ROOT/$BUILD_DIR
PROGRAMS=$BUILD_DIR/${PROFILE/#dev/debug}
NATS_VERSION=2.15.1
export ROOT DATA ENV_FILE TOOLS LOG RUN PROFILE BUILD_DIR PROGRAMS NATS_VERSION
mkdir -p "$TOOLS" "$LOG" "$RUN"
cd "$ROOT"
# A listener takes more connections than the 1,024 descriptors a shell usually allows.
ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

say() { printf '%s\n' "$*"; }

fail() {
  printf 'frontdesk: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    fail "this needs root or sudo: $*"
  fi
}

# Usage: wait_until SECONDS COMMAND…; false once the time is over.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# True when version $1 is $2 or newer.
at_least() { [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]; }
