#!/usr/bin/env bash
# Says what to open and what to try. Every command line printed here works when pasted.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/processes.sh"
. "$ROOT/scripts/settings.sh"

past() {
  grep -q '"past_told": *true' "$DATA/sandbox/sandbox.json" 2>/dev/null ||
    say "The sandbox is still telling of earlier months, a minute or two: until then figures grow."
}

# Who can sign in at once, and where mails can be read: the sandbox has written it down.
# Usage: offered accounts | mailbox | key
offered() {
  [[ -s $DATA/sandbox/accounts.json ]] || return 0
  python3 - "$1" "$DATA/sandbox/accounts.json" <<'PY'
import json, sys
with open(sys.argv[2]) as file:
    told = json.load(file)
if sys.argv[1] == "accounts":
    for account in told["accounts"]:
        print(f'          {account["email"]:<20} {account["password"]:<22} {account["title"]}')
elif sys.argv[1] == "mailbox":
    print(told["mailbox_url"] or "")
else:
    print(next((account["api_key"] for account in told["accounts"] if account["api_key"]), ""))
PY
}

public=$(setting PUBLIC_URL)
api=$(setting API_LISTEN)
mailbox=$(offered mailbox)
key=$(offered key)
cat <<END

Frontdesk is up.

  Open    $public
  Sign in as
END
offered accounts
[[ -z $mailbox ]] || say "  Mail    $mailbox"
if [[ -n $key ]]; then
  cat <<END
  Ask     curl -H 'Authorization: Bearer $key' 'http://$api/api/calls?limit=3'
  Watch   curl -N -H 'Authorization: Bearer $key' 'http://$api/api/live'
END
fi
if running sandbox; then
  cat <<END
  Call    scripts/call.sh
  Pay     scripts/subscribe.sh robin@example.com solo

Calls arrive by themselves, one or two a minute over all twelve businesses of the sandbox
(CALLS_PER_MINUTE=20 make up: a busy town).
make logs shows what happens, make down stops it; data stays.
END
  past
else
  cat <<END

No sandbox runs. Send your own, signed with what ${ENV_FILE#"$ROOT"/} holds:
  LiveKit           POST http://$api/webhooks/livekit   (LIVEKIT_API_KEY, LIVEKIT_API_SECRET)
  PayPal            POST http://$api/webhooks/paypal    (PAYPAL_WEBHOOK_ID, PAYPAL_CERT_HOSTS, PAYPAL_TRUST_BUNDLE)
  agents' reports   POST http://$api/events             (CloudEvents; README.md has a line to paste)
Ingest's own listener is http://$(setting INGEST_LISTEN). Mails wait until there is SMTP_HOST, or the sandbox.
make up adds the sandbox, make down stops all; data stays.
END
fi
