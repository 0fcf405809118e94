#!/usr/bin/env bash
# Says what to open and what to try. Every command line printed here works when pasted.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/processes.sh"
. "$ROOT/scripts/settings.sh"

past() {
  grep -q '"past_told": *true' "$DATA/sandbox/sandbox.json" 2>/dev/null ||
    say "The sandbox is still telling of earlier months, a minute or two: until then figures grow."
}

public=$(setting PUBLIC_URL)
token=$(setting DEV_TOKEN)
api=$(setting API_LISTEN)
cat <<END

Frontdesk is up.

  Open    $public/#token=$token
  Ask     curl -H 'Authorization: Bearer $token' 'http://$api/api/calls?limit=3'
  Watch   curl -N -H 'Authorization: Bearer $token' 'http://$api/api/live'
END
if running sandbox; then
  cat <<END
  Call    scripts/call.sh

Calls arrive by themselves, one or two a minute (CALLS_PER_MINUTE=20 make up: a busy town).
make logs shows what happens, make down stops it; data stays.
END
  past
else
  cat <<END

No sandbox runs. Send your own, signed with what ${ENV_FILE#"$ROOT"/} holds:
  LiveKit           POST http://$api/webhooks/livekit   (LIVEKIT_API_KEY, LIVEKIT_API_SECRET)
  PayPal            POST http://$api/webhooks/paypal    (PAYPAL_WEBHOOK_ID, PAYPAL_CERT_HOSTS, PAYPAL_TRUST_BUNDLE)
  agents' reports   POST http://$api/events             (CloudEvents; README.md has a line to paste)
Ingest's own listener is http://$(setting INGEST_LISTEN). make up adds the sandbox, make down stops all; data stays.
END
fi
