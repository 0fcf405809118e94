# shellcheck shell=bash
# The settings file: NAME=VALUE lines under the names the product documents. What is written
# there is never changed (save the port of a private server, and addresses of stand-ins whose real
# ones have come); what is missing is appended.
# A variable of the environment goes before the file.

# The value of NAME, or nothing.
setting() {
  if [[ -n ${!1:-} ]]; then
    printf '%s' "${!1}"
  else
    setting_in_file "$1"
  fi
}

setting_in_file() {
  [[ -f $ENV_FILE ]] || return 0
  local value
  value=$(sed -nE "s/^(export )?$1=//p" "$ENV_FILE" | tail -n 1)
  value=${value%$'\r'}
  # One pair of quotes around the whole value is the file's syntax, not part of the value.
  if [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]]; then value=${BASH_REMATCH[1]}; fi
  printf '%s' "$value"
}

# A name without a value counts as missing: an empty token or password would be a hole.
has_setting() { [[ -n $(setting "$1") ]]; }

append_setting() {
  [[ -f $ENV_FILE ]] || (umask 077 && say "# Made by make up. Yours to change; what is missing is added at the next start." >"$ENV_FILE")
  # A last line without its newline must not swallow the next name.
  [[ -z $(tail -c 1 "$ENV_FILE") ]] || say >>"$ENV_FILE"
  printf '%s=%s\n' "$1" "$2" >>"$ENV_FILE"
}

default_setting() { has_setting "$1" || append_setting "$1" "$2"; }

# Only for the address of a private server whose port somebody else has taken.
replace_setting() {
  local changed
  changed=$(mktemp "$ENV_FILE.XXXXXX")
  sed -E "s|^(export )?$1=.*|$1=$2|" "$ENV_FILE" >"$changed"
  chmod --reference="$ENV_FILE" "$changed"
  mv -f "$changed" "$ENV_FILE"
  # The environment goes before the file, so an old value there would win.
  [[ -z ${!1:-} ]] || export "$1=$2"
}

# Takes a line out that holds exactly this value: one that somebody has changed stays.
forget_setting() {
  local kept
  [[ -f $ENV_FILE && $(setting_in_file "$1") == "$2" ]] || return 0
  kept=$(mktemp "$ENV_FILE.XXXXXX")
  grep -vE "^(export )?$1=" "$ENV_FILE" >"$kept" || true
  chmod --reference="$ENV_FILE" "$kept"
  mv -f "$kept" "$ENV_FILE"
}

# Begins with a letter: nats.conf would read digits or 1e9 as a number.
secret() { printf 's%s' "$(od -An -v -N 24 -tx1 /dev/urandom | tr -d ' \n')"; }

export_settings() {
  local name
  while read -r name; do
    [[ -n ${!name:-} ]] || export "$name=$(setting_in_file "$name")"
  done < <(sed -nE 's/^(export )?([A-Za-z_][A-Za-z0-9_]*)=.*/\2/p' "$ENV_FILE")
}

port_of() {
  [[ $1 =~ :([0-9]+)/?$ ]] || fail "'$1' in ${ENV_FILE#"$ROOT"/} should end in a port"
  printf '%s' "${BASH_REMATCH[1]}"
}

# Ports of a second instance lie elsewhere, so that both can run.
FIRST_PORT=${FRONTDESK_FIRST_PORT:-8080}

complete_settings() {
  local api ingest sandbox smtp
  if ! has_setting API_LISTEN; then
    api=$(free_port "$FIRST_PORT")
    ((api == FIRST_PORT)) || say "port $FIRST_PORT is taken by $(port_holder "$FIRST_PORT"): using $api"
    append_setting API_LISTEN "127.0.0.1:$api"
  fi
  api=$(port_of "$(setting API_LISTEN)")
  if ! has_setting INGEST_LISTEN; then
    ingest=$(free_port $((api + 1)))
    append_setting INGEST_LISTEN "127.0.0.1:$ingest"
  fi
  if ! has_setting SANDBOX_LISTEN; then
    sandbox=$(free_port $((api + 10)))
    append_setting SANDBOX_LISTEN "127.0.0.1:$sandbox"
  fi
  if ! has_setting SANDBOX_SMTP_LISTEN; then
    smtp=$(free_port $((api + 11)))
    append_setting SANDBOX_SMTP_LISTEN "127.0.0.1:$smtp"
  fi
  default_setting PUBLIC_URL "http://localhost:$api"
  default_setting JWT_SECRET "$(secret)"
  default_setting LIVEKIT_API_KEY "API$(secret | cut -c 2-13)"
  default_setting LIVEKIT_API_SECRET "$(secret)"
  default_setting PAYPAL_MODE sandbox
  default_setting MAIL_FROM '"Frontdesk <frontdesk@example.com>"'
  # Calls are ended there; another address is a real LiveKit, and no calls are made up beside it.
  default_setting LIVEKIT_URL "http://$(setting SANDBOX_LISTEN)"
  stand_in_for_paypal
  stand_in_for_mail
  stand_in_for_logins
}

# Twenty million events, and a hundred thousand.
MOST_STREAM_BYTES=$((32 * 1024 * 1024 * 1024))
LEAST_STREAM_BYTES=$((128 * 1024 * 1024))

# Usage: bound_streams DIRECTORY, where a private NATS keeps them. A full disk would freeze every
# stream until NATS starts again; one that has reached its bound says so to each sender. A tenth of what is
# free for each of the four leaves the rest to the tables and to everything else on the volume.
bound_streams() {
  local room held=0
  has_setting STREAM_MAX_BYTES && return
  room=$(df --output=avail -B1 "$DATA" | tail -n 1)
  room=$((room / 10))
  ((room <= MOST_STREAM_BYTES)) || room=$MOST_STREAM_BYTES
  ((room >= LEAST_STREAM_BYTES)) || room=$LEAST_STREAM_BYTES
  # What streams of an earlier version hold is theirs already.
  [[ ! -d $1 ]] || held=$(du -sb "$1" | cut -f 1)
  append_setting STREAM_MAX_BYTES $((room + held))
}

# With an account at PayPal its own certificates must be trusted and the stand-in's must not.
stand_in_for_paypal() {
  [[ $(setting PAYPAL_MODE) == sandbox ]] && ! has_setting PAYPAL_CLIENT_ID || return 0
  default_setting PAYPAL_WEBHOOK_ID "$(secret | cut -c 2-18 | tr '[:lower:]' '[:upper:]')"
  default_setting PAYPAL_CERT_HOSTS "http://$(setting SANDBOX_LISTEN)"
  default_setting PAYPAL_TRUST_BUNDLE "${DATA#"$ROOT"/}/sandbox/paypal-ca.pem"
}

# Without a mail server the sandbox's mailbox takes every mail.
stand_in_for_mail() {
  local address
  has_setting SMTP_HOST && return
  address=$(setting SANDBOX_SMTP_LISTEN)
  append_setting SMTP_HOST "${address%:*}"
  default_setting SMTP_PORT "$(port_of "$address")"
  default_setting SMTP_TLS none
}

# Whoever reaches the stand-ins can be anybody, so nobody else may reach the product.
stand_in_for_logins() {
  local base
  base=http://$(setting SANDBOX_LISTEN)
  stand_in_for_login GOOGLE GOOGLE_ISSUER "$base/google"
  stand_in_for_login GITHUB GITHUB_URL "$base/github"
  if [[ $(setting GITHUB_URL) == "$base/github" ]]; then
    default_setting GITHUB_API_URL "$base/github/api"
  else
    forget_setting GITHUB_API_URL "$base/github/api"
  fi
  if on_loopback "$(setting PUBLIC_URL)"; then
    default_setting READY_ACCOUNTS "${DATA#"$ROOT"/}/sandbox/accounts.json"
  else
    forget_setting READY_ACCOUNTS "${DATA#"$ROOT"/}/sandbox/accounts.json"
  fi
}

# Without the sandbox nobody plays the stand-ins: whoever were sent there would find nobody. Mails wait until
# somebody takes them.
leave_out_stand_ins() {
  local base
  base=http://$(setting SANDBOX_LISTEN)
  [[ ${LIVEKIT_URL:-} != "$base" ]] || unset LIVEKIT_URL
  [[ ${GOOGLE_ISSUER:-} != "$base/google" ]] || unset GOOGLE_ISSUER GOOGLE_CLIENT_ID GOOGLE_CLIENT_SECRET
  [[ ${GITHUB_URL:-} != "$base/github" ]] || unset GITHUB_URL GITHUB_API_URL GITHUB_CLIENT_ID GITHUB_CLIENT_SECRET
  [[ ${SMTP_HOST:-}:${SMTP_PORT:-} != "$(setting SANDBOX_SMTP_LISTEN)" ]] || unset SMTP_HOST SMTP_PORT SMTP_TLS
}

# Usage: stand_in_for_login PROVIDER ADDRESS-SETTING ADDRESS. A client id that is not the
# stand-in's is a real one: its provider is asked where it really is.
stand_in_for_login() {
  local id
  id=$(setting "$1_CLIENT_ID")
  if [[ -n $id && $id != sandbox-* ]] || ! on_loopback "$(setting PUBLIC_URL)"; then
    forget_setting "$2" "$3"
    return
  fi
  default_setting "$1_CLIENT_ID" "sandbox-$(secret | cut -c 2-17)"
  default_setting "$1_CLIENT_SECRET" "$(secret)"
  default_setting "$2" "$3"
}

on_loopback() { [[ $1 =~ ^http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?/?$ ]]; }
