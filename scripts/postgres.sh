# shellcheck shell=bash
# A private PostgreSQL under $DATA, unless DATABASE_URL names one somewhere else.

PGDATA_LINK=$DATA/postgres
PASSWORD_FILE=$DATA/postgres.password
POSTGRES_FIRST_PORT=${FRONTDESK_POSTGRES_PORT:-54329}

# PostgreSQL refuses to run as root, so root lends it an unprivileged user.
postgres_user() {
  local candidate
  for candidate in postgres nobody; do
    id -u "$candidate" >/dev/null 2>&1 && printf '%s' "$candidate" && return
  done
  fail "PostgreSQL does not run as root, and this machine has neither a user postgres nor nobody"
}

# setpriv becomes the program it is given, so the recorded pid is PostgreSQL's own.
unprivileged=()
if ((EUID == 0)); then
  user=$(postgres_user)
  unprivileged=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups -- env HOME=/)
fi

as_postgres() { (cd / && exec "${unprivileged[@]}" "$@"); }

# Fills in DATABASE_URL and decides whose server it is: true when it is ours to start.
choose_postgres() {
  local url port password ours='^postgres(ql)?://frontdesk:([^@]+)@127\.0\.0\.1:([0-9]+)/frontdesk$'
  url=$(setting DATABASE_URL)
  if [[ -z $url ]]; then
    password=$(cat "$PASSWORD_FILE" 2>/dev/null || secret)
    append_setting DATABASE_URL "postgres://frontdesk:$password@127.0.0.1:$(free_port "$POSTGRES_FIRST_PORT")/frontdesk"
    url=$(setting DATABASE_URL)
  fi
  if [[ ! $url =~ $ours ]]; then
    say "using the PostgreSQL of DATABASE_URL; none is started here"
    return 1
  fi
  password=${BASH_REMATCH[2]} port=${BASH_REMATCH[3]}
  if [[ ! -e $PGDATA_LINK ]] && answered "$port"; then
    say "using the PostgreSQL that already answers on port $port; none is started here"
    return 1
  fi
  [[ ! -e $PASSWORD_FILE || $password == "$(<"$PASSWORD_FILE")" ]] ||
    fail "the password in DATABASE_URL is not that of ${PGDATA_LINK#"$ROOT"/} (kept in ${PASSWORD_FILE#"$ROOT"/})"
  POSTGRES_PORT=$port
  (umask 077 && printf '%s' "$password" >"$PASSWORD_FILE")
}

# The directory must be reachable for the user PostgreSQL runs as; a checkout under /root is not.
place_cluster() {
  [[ -e $PGDATA_LINK ]] && return
  if ((EUID != 0)); then
    mkdir -m 700 "$PGDATA_LINK"
  elif as_postgres test -x "$DATA"; then
    install -d -m 700 -o "$user" "$PGDATA_LINK"
  else
    local elsewhere
    elsewhere=/var/lib/frontdesk-$(printf '%s' "$DATA" | sha256sum | cut -c 1-12)
    install -d -m 700 -o "$user" "$elsewhere"
    ln -sfn "$elsewhere" "$PGDATA_LINK"
    say "$user cannot reach ${DATA}: the database lies in $elsewhere"
  fi
}

make_cluster() {
  local bin=$1
  local begun=$RUN/postgres.initdb
  # An initdb that was killed leaves half a cluster, which has never held anything.
  [[ ! -e $begun ]] || as_postgres find "$PGDATA" -mindepth 1 -delete
  [[ ! -e $PGDATA/PG_VERSION ]] || return 0
  : >"$begun"
  say "making a private PostgreSQL in ${PGDATA_LINK#"$ROOT"/}"
  # The product uses a role without superuser rights, so that row security binds it.
  local handed
  handed=$(mktemp)
  cat "$PASSWORD_FILE" >"$handed"
  ((EUID != 0)) || chown "$user" "$handed"
  as_postgres "$bin/initdb" -D "$PGDATA" -U postgres -E UTF8 --locale=C.UTF-8 \
    -A scram-sha-256 --pwfile="$handed" >"$LOG/initdb.log" 2>&1 || {
    rm -f "$handed"
    fail "initdb: $(tail -n 1 "$LOG/initdb.log")"
  }
  rm -f "$handed" "$begun"
}

start_postgres() {
  POSTGRES_PORT=''
  choose_postgres || return 0
  local bin major=''
  [[ -e $PGDATA_LINK/PG_VERSION ]] && major=$(<"$PGDATA_LINK/PG_VERSION")
  bin=$(postgres_bin "$major") || fail "the database in ${PGDATA_LINK#"$ROOT"/} needs PostgreSQL $major, which is not installed"
  place_cluster
  PGDATA=$(cd "$PGDATA_LINK" && pwd -P)
  make_cluster "$bin"
  adopt_postmaster
  if running postgres; then
    say "PostgreSQL already runs on port $POSTGRES_PORT"
  else
    launch_postgres "$bin"
  fi
  make_database "$bin"
}

# A postmaster whose pid file was lost still serves; a stale postmaster.pid must not stop a start.
adopt_postmaster() {
  running postgres && return
  local pid
  pid=$(head -n 1 "$PGDATA/postmaster.pid" 2>/dev/null) || return 0
  if [[ $(readlink "/proc/$pid/cwd") == "$PGDATA" ]]; then
    record postgres "$pid" "$(sed -n 4p "$PGDATA/postmaster.pid")"
  elif [[ $(cat "/proc/$pid/comm" 2>/dev/null) != postgres ]]; then
    rm -f "$PGDATA/postmaster.pid"
  fi
}

launch_postgres() {
  local bin=$1
  if port_taken "$POSTGRES_PORT"; then
    local wanted=$POSTGRES_PORT url
    POSTGRES_PORT=$(free_port "$POSTGRES_PORT")
    say "port $wanted is taken by $(port_holder "$wanted"): PostgreSQL moves to $POSTGRES_PORT"
    url=$(setting DATABASE_URL)
    replace_setting DATABASE_URL "${url/:$wanted\//:$POSTGRES_PORT/}"
  fi
  say "starting PostgreSQL on port $POSTGRES_PORT"
  # No socket directory: its path would be longer than the system allows in a deep checkout.
  launch postgres "$POSTGRES_PORT" "${unprivileged[@]}" "$bin/postgres" -D "$PGDATA" \
    -c listen_addresses=127.0.0.1 -c "port=$POSTGRES_PORT" -c unix_socket_directories= \
    -c shared_buffers=256MB -c max_wal_size=2GB -c jit=off -c logging_collector=off
  ready postgres 60 "$bin/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT"
}

# createrole: the migrations make one role for each part of the product.
make_database() {
  local -a ask=("$1/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$POSTGRES_PORT" -U postgres)
  PGPASSWORD=$(<"$PASSWORD_FILE")
  export PGPASSWORD
  if [[ -z $("${ask[@]}" -c "select 1 from pg_roles where rolname = 'frontdesk'") ]]; then
    "${ask[@]}" -c "create role frontdesk login createrole createdb password '$PGPASSWORD'"
  fi
  if [[ -z $("${ask[@]}" -c "select 1 from pg_database where datname = 'frontdesk'") ]]; then
    "${ask[@]}" -c "create database frontdesk owner frontdesk"
  fi
  unset PGPASSWORD
}

