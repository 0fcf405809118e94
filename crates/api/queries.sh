#!/usr/bin/env bash
# The checked queries of this crate, as sqlx's macros describe them against a real schema.
#
#   queries.sh write DATABASE_URL    writes crates/api/.sqlx anew
#   queries.sh check DATABASE_URL    fails when that would change something
#
# The database must be migrated (frontdesk migrate, which wants NATS as well) and may be empty. `cargo sqlx prepare` does
# the same, but installing it takes longer than building this crate.
set -euo pipefail
cd "$(dirname "$0")/../.."
mode=${1:?write or check} url=${2:?DATABASE_URL}
committed=crates/api/.sqlx
described=$(mktemp -d)
trap 'rm -rf "$described"' EXIT

# Macros run only when the crate is compiled.
touch crates/api/src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$described DATABASE_URL=$url cargo check --quiet --locked -p frontdesk-api

case $mode in
  write)
    mkdir -p "$committed"
    rm -f "$committed"/query-*.json
    cp "$described"/query-*.json "$committed"/
    ;;
  check)
    diff -rq "$committed" "$described" && exit
    echo "crates/api/.sqlx is stale: run crates/api/queries.sh write and commit it" >&2
    exit 1
    ;;
  *)
    echo "write or check, not $mode" >&2
    exit 2
    ;;
esac
