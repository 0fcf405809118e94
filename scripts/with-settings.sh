#!/usr/bin/env bash
# Runs a command with the settings file's names in its environment.
# Paths among the arguments are from the root. Usage: scripts/with-settings.sh frontdesk projections status
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/settings.sh"
[[ $# -gt 0 ]] || fail "usage: scripts/with-settings.sh COMMAND [ARGUMENT…]"
[[ -f $ENV_FILE ]] || fail "there is no ${ENV_FILE#"$ROOT"/} yet: run make up first"
export_settings
PATH=$PROGRAMS:$PATH exec "$@"
