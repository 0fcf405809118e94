# shellcheck shell=bash
# The committed files that a program writes, and how it writes them.

GENERATED=(events/schemas events/asyncapi.yaml crates/api/openapi.json web/src/api/schema.ts)

generate_all() {
  say "writing schemas and asyncapi.yaml"
  cargo run --quiet --locked -p frontdesk-events --bin catalogue
  say "writing openapi.json"
  cargo run --quiet --locked -p frontdesk-api --example openapi >crates/api/openapi.json.part
  mv -f crates/api/openapi.json.part crates/api/openapi.json
  say "writing the dashboard's types"
  (cd web && npm run --silent generate)
}

generated_state() {
  find "${GENERATED[@]}" -type f -print0 2>/dev/null | sort -z | xargs -0 sha256sum
}

# Compared with what lies here and not with a commit, so that it also serves work in progress.
generated_are_fresh() {
  local before after
  before=$(generated_state)
  generate_all
  after=$(generated_state)
  [[ $before == "$after" ]] && return
  diff <(say "$before") <(say "$after") | awk '/^[<>]/ { print "stale: " $3 }' | sort -u
  say "they are written anew now: look at them and commit them"
  return 1
}
