# shellcheck shell=bash
# The settings file: NAME=VALUE lines under the names the product documents. What is written
# there is never changed (save the port of a private server); what is missing is appended.
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
  local api ingest sandbox
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
  default_setting PUBLIC_URL "http://localhost:$api"
  default_setting DEV_TOKEN "$(secret)"
  default_setting JWT_SECRET "$(secret)"
  default_setting LIVEKIT_API_KEY "API$(secret | cut -c 2-13)"
  default_setting LIVEKIT_API_SECRET "$(secret)"
  default_setting PAYPAL_MODE sandbox
  stand_in_for_paypal
}

# With an account at PayPal its own certificates must be trusted and the stand-in's must not.
stand_in_for_paypal() {
  [[ $(setting PAYPAL_MODE) == sandbox ]] && ! has_setting PAYPAL_CLIENT_ID || return 0
  default_setting PAYPAL_WEBHOOK_ID "$(secret | cut -c 2-18 | tr '[:lower:]' '[:upper:]')"
  default_setting PAYPAL_CERT_HOSTS "http://$(setting SANDBOX_LISTEN)"
  default_setting PAYPAL_TRUST_BUNDLE "${DATA#"$ROOT"/}/sandbox/paypal-ca.pem"
}
