#!/usr/bin/env bash
# What of this instance runs. Fails when something that was started has died.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/processes.sh"
. "$ROOT/scripts/settings.sh"

died=0
for name in postgres nats frontdesk sandbox; do
  if pid=$(pid_of "$name"); then
    printf '%-10s runs, pid %s\n' "$name" "$pid"
  elif [[ -f $RUN/$name.pid ]]; then
    printf '%-10s has died: see %s\n' "$name" "${LOG#"$ROOT"/}/$name.log"
    died=1
  else
    printf '%-10s is not started\n' "$name"
  fi
done
if running frontdesk; then
  curl -sS -m 5 "http://$(setting API_LISTEN)/readyz" && say
fi
exit "$died"
