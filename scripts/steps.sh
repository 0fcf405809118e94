# shellcheck shell=bash
# Runs named steps one after the other, all of them even when one fails, and closes with one line.

failed_steps=()
steps_begun=$SECONDS

# Usage: step NAME COMMAND…
step() {
  local name=$1 begun=$SECONDS status
  shift
  printf '\n== %s\n' "$name"
  # In a subshell, so that a failing command ends its step and not the run. Not as an `if`'s
  # condition: bash would ignore `set -e` all the way down.
  set +e
  (
    set -e
    "$@"
  )
  status=$?
  set -e
  if ((status == 0)); then
    printf -- '-- %s: ok (%s s)\n' "$name" $((SECONDS - begun))
  else
    printf -- '-- %s: FAILED (%s s)\n' "$name" $((SECONDS - begun))
    failed_steps+=("$name")
  fi
}

# Usage: close WHAT; the last line, and the exit status of the whole.
close() {
  local took=$((SECONDS - steps_begun))
  if ((${#failed_steps[@]} == 0)); then
    printf '\n%s passed in %d min %d s\n' "$1" $((took / 60)) $((took % 60))
    return
  fi
  printf '\n%s FAILED: %s\n' "$1" "$(printf '%s; ' "${failed_steps[@]}" | sed 's/; $//')"
  exit 1
}
