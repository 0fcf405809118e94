#!/usr/bin/env bash
# Runs the benchmarks with servers of their own. Usage: bench.sh [argument of the bench program…]
. "$(dirname "$0")/prelude.sh"
"$ROOT/scripts/install.sh" run
cargo build --quiet --release --locked -p frontdesk
exec cargo bench --quiet --locked -p frontdesk-harness --bench product -- "$@"
