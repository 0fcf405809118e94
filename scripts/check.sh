#!/usr/bin/env bash
# What a machine can see without running the product.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/steps.sh"
. "$ROOT/scripts/generated.sh"

# No database while building: a query missing from .sqlx is an error here.
export SQLX_OFFLINE=true

formatting() { cargo fmt --all --check; }

clippy() { cargo clippy --quiet --workspace --all-targets --locked -- -D warnings; }

# The advisory database lives on GitHub, so it may be out of reach; the rest never needs it.
dependencies() {
  "$TOOLS/cargo-deny" --locked check --hide-inclusion-graph bans licenses sources
  if git ls-remote -q https://github.com/RustSec/advisory-db HEAD >/dev/null 2>&1; then
    "$TOOLS/cargo-deny" --locked check --hide-inclusion-graph advisories
  else
    unchecked "crates against RustSec's advisories (github.com cannot be reached)"
  fi
}

web_dependencies() {
  local answer
  answer=$(cd web && npm audit --omit=dev --audit-level=high 2>&1) && return
  if grep -q 'audit endpoint returned an error' <<<"$answer"; then
    unchecked "npm packages against advisories (the registry in use has no audit endpoint)"
  else
    say "$answer"
    return 1
  fi
}

unchecked() { printf '\n!! NOT CHECKED: %s\n\n' "$1"; }

web_lints() { (cd web && npm run --silent lint && npm run --silent types); }

asyncapi() (
  cd scripts/asyncapi
  [[ -d node_modules ]] || npm ci --no-audit --no-fund >"$LOG/npm.log" 2>&1
  node validate.js ../../events/asyncapi.yaml
)

shell() { shellcheck -x -P SCRIPTDIR scripts/*.sh deploy/*.sh .ci/run; }

"$ROOT/scripts/install.sh" check
"$ROOT/scripts/build.sh" web-dependencies
step "formatting" formatting
step "shell scripts" shell
step "clippy" clippy
step "generated files" generated_are_fresh
step "AsyncAPI" asyncapi
step "crates" dependencies
step "npm packages" web_dependencies
step "web lints and types" web_lints
close "make check"
