# shellcheck shell=bash
# PostgreSQL's server programs. No cluster of the system is made, started or touched.

POSTGRES_LEAST=15

# The newest bin directory of at least POSTGRES_LEAST; given a major version, of exactly that one.
postgres_bin() {
  local wanted=$1 candidate version best='' best_version=0
  for candidate in /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null || true)"; do
    [[ -x $candidate/postgres && -x $candidate/initdb ]] || continue
    version=$("$candidate/postgres" --version | grep -oE '[0-9]+' | head -n 1)
    [[ -z $wanted || $version == "$wanted" ]] || continue
    ((version >= POSTGRES_LEAST && version > best_version)) || continue
    best=$candidate best_version=$version
  done
  [[ -n $best ]] && printf '%s' "$best"
}

install_postgres() {
  [[ -n $(postgres_bin "") ]] && return
  # Debian's package makes and starts a cluster named main unless this says otherwise.
  local folder=/etc/postgresql-common/createcluster.d
  local veto=$folder/frontdesk-install.conf
  as_root mkdir -p "$folder"
  say 'create_main_cluster = false' | as_root tee "$veto" >/dev/null
  (install_packages "PostgreSQL" postgresql) || { as_root rm -f "$veto" && exit 1; }
  as_root rm -f "$veto"
  [[ -n $(postgres_bin "") ]] ||
    fail "PostgreSQL $POSTGRES_LEAST or newer is needed and apt-get has none: see https://apt.postgresql.org"
}
