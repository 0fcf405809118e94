#!/usr/bin/env bash
# Every test, with servers of its own: nothing that make up started is used or disturbed.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/steps.sh"

# The tests look for these; each says so when one is absent.
export PATH=$TOOLS:$PATH
export FRONTDESK_PYTHON=$ROOT/.venv/bin/python
LIVEKIT_SERVER=$TOOLS/livekit-server
export LIVEKIT_SERVER
export SQLX_OFFLINE=true

# One failing test program must not hide what the others would say.
rust_tests() { cargo test --workspace --locked --no-fail-fast; }

web_tests() { (cd web && npm test); }

# An earlier run's rows and streams must not be what a page shows.
forget_instance() {
  [[ -d $FRONTDESK_DATA ]] || return 0
  scripts/down.sh
  # The database may lie elsewhere (scripts/postgres.sh), behind a link.
  rm -rf "$(readlink -f "$FRONTDESK_DATA/postgres")" "$FRONTDESK_DATA"
}

# The whole product, built as the tests built it, on ports of its own. Its callers run in a subshell.
own_instance() {
  export FRONTDESK_DATA=$ROOT/.data/e2e FRONTDESK_PROFILE=dev FRONTDESK_FIRST_PORT=18080
  export FRONTDESK_POSTGRES_PORT=15429 FRONTDESK_NATS_PORT=14229
  # Enough calls within seconds to see them ring, live and end.
  export CALLS_PER_MINUTE=${CALLS_PER_MINUTE:-60}
  # Shell settings of a developer are not those of this instance.
  unset DATABASE_URL NATS_URL NATS_MONITOR_URL API_LISTEN INGEST_LISTEN PUBLIC_URL READY_ACCOUNTS
  unset SANDBOX_LISTEN SANDBOX_SMTP_LISTEN SMTP_HOST SMTP_PORT SMTP_TLS SMTP_USER SMTP_PASSWORD
  unset GOOGLE_CLIENT_ID GOOGLE_CLIENT_SECRET GOOGLE_ISSUER
  unset GITHUB_CLIENT_ID GITHUB_CLIENT_SECRET GITHUB_URL GITHUB_API_URL
  forget_instance
  trap '"$ROOT/scripts/down.sh"' EXIT
}

# Without the sandbox, as for a sender of one's own: what it says lets somebody in, who sees what came.
bare_test() (
  own_instance
  asks=$(BARE=1 scripts/up.sh | sed -n 's/^  Ask *//p')
  [[ $asks == curl\ * ]] || fail "BARE=1 make up did not say how to ask"
  scripts/outside.sh call +14045550148 --speed 30
  wait_until 20 shows_the_call "$asks" || fail "the call is not there: $asks"
)

shows_the_call() { eval "$1 -fsS" | grep -q '"dialled_number":"+14045550148"'; }

browser_tests() (
  own_instance
  scripts/up.sh
  . "$ROOT/scripts/settings.sh"
  ENV_FILE=$FRONTDESK_DATA/env
  # Pages are looked at when the sandbox has told its past, not while it floods the machine.
  wait_until 1200 grep -q '"past_told": *true' "$FRONTDESK_DATA/sandbox/sandbox.json" ||
    fail "the sandbox did not tell its past within 20 minutes"
  BASE_URL=$(setting PUBLIC_URL)
  # Who can sign in, and where mails can be read: as JSON at FRONTDESK_MAILBOX.json?to=ADDRESS.
  FRONTDESK_ACCOUNTS=$FRONTDESK_DATA/sandbox/accounts.json
  FRONTDESK_MAILBOX=http://$(setting SANDBOX_LISTEN)/mail
  # How a test takes the server away under an open page.
  FRONTDESK_RESTART=../scripts/restart.sh
  # How a test has something happen outside.
  FRONTDESK_SANDBOX=../scripts/outside.sh
  export BASE_URL FRONTDESK_ACCOUNTS FRONTDESK_MAILBOX FRONTDESK_RESTART FRONTDESK_SANDBOX
  cd web && npm run e2e
)

"$ROOT/scripts/install.sh" test
"$ROOT/scripts/build.sh" web-dependencies
step "Rust" rust_tests
step "web units" web_tests
step "without the sandbox" bare_test
step "browser" browser_tests
close "make test"
