#!/usr/bin/env bash
# Runs the benchmarks with servers of their own. Usage: bench.sh [argument of the bench program…]
. "$(dirname "$0")/prelude.sh"
"$ROOT/scripts/install.sh" run
exec cargo run --quiet --release --locked -p frontdesk-harness --bin bench -- "$@"
