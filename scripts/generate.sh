#!/usr/bin/env bash
# Writes every generated file anew.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/generated.sh"
"$ROOT/scripts/build.sh" web-dependencies
generate_all
