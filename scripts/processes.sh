# shellcheck shell=bash
# Background processes by pid file. A pid alone proves nothing (it may have been given to
# someone else since), so the file also holds the boot and the tick the process began at.

# Field 22 of /proc/PID/stat, counted after the name, which may itself hold blanks. Fails for a zombie.
identity() {
  local stat fields
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  read -r -a fields <<<"${stat##*) }"
  [[ ${fields[0]} != Z ]] || return 1
  printf '%s:%s' "$(</proc/sys/kernel/random/boot_id)" "${fields[19]}"
}

# The pid of the running process NAME; fails when it does not run.
pid_of() {
  local pid began
  [[ -f $RUN/$1.pid ]] || return 1
  read -r pid began _ <"$RUN/$1.pid" || return 1
  [[ $pid =~ ^[0-9]+$ && $(identity "$pid") == "$began" ]] || return 1
  printf '%s' "$pid"
}

running() { pid_of "$1" >/dev/null; }

# True when NAME runs as it was launched from exactly this FINGERPRINT.
running_as() {
  local fingerprint
  running "$1" || return 1
  read -r _ _ fingerprint <"$RUN/$1.pid"
  [[ $fingerprint == "$2" ]]
}

# Usage: record NAME PID FINGERPRINT
record() {
  printf '%s %s %s\n' "$2" "$(identity "$2")" "$3" >"$RUN/$1.pid"
}

# A process of ours whose pid file was lost: two servers on one store would destroy it.
# The mark is set by `launch`; children inherit it, so the one with an unmarked parent counts.
orphan() {
  local mark="FRONTDESK_PROCESS=$1:$DATA" environ pid parent
  for environ in /proc/[0-9]*/environ; do
    pid=${environ//[!0-9]/}
    marked "$pid" "$mark" || continue
    identity "$pid" >/dev/null || continue
    parent=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
    marked "$parent" "$mark" && continue
    printf '%s' "$pid"
    return
  done
  return 1
}

marked() { grep -qzxF "$2" "/proc/$1/environ" 2>/dev/null; }

# Usage: launch NAME FINGERPRINT COMMAND…; output goes to the log of that name.
launch() {
  local name=$1 fingerprint=$2 log=$LOG/$1.log
  shift 2
  # Ten megabytes of past are enough to look back at.
  if [[ -f $log ]] && (($(stat -c %s "$log") > 10000000)); then mv -f "$log" "$log.1"; fi
  # A session of its own, so that Ctrl-C in the terminal does not reach it; descriptor 9 is the
  # lock of the running command and must not be kept by a server.
  FRONTDESK_PROCESS=$name:$DATA setsid "$@" >>"$log" 2>&1 </dev/null 9>&- &
  record "$name" $! "$fingerprint"
  disown
}

# Usage: halt NAME SIGNAL SECONDS; stops exactly the process that was launched.
halt() {
  local name=$1 signal=$2 patience=$3 pid
  pid=$(pid_of "$name" || orphan "$name") || { rm -f "$RUN/$name.pid" && return; }
  kill -"$signal" "$pid" 2>/dev/null || as_root kill -"$signal" "$pid"
  if ! wait_until "$patience" gone "$pid"; then
    say "$name did not stop within $patience s: killing it"
    kill -KILL "$pid"
    wait_until 5 gone "$pid" || fail "$name (pid $pid) cannot be stopped"
  fi
  rm -f "$RUN/$name.pid"
  say "stopped $name"
}

gone() { ! identity "$1" >/dev/null; }

# Usage: ready NAME SECONDS COMMAND…; waits for COMMAND, and gives up at once when NAME dies.
ready() {
  local name=$1 seconds=$2
  shift 2
  wait_until "$seconds" ready_or_dead "$name" "$@" && running "$name" && "$@" && return
  say "the end of ${LOG#"$ROOT"/}/$name.log:" >&2
  tail -n 15 "$LOG/$name.log" >&2
  if running "$name"; then fail "$name is not ready after $seconds s"; else fail "$name stopped right after its start"; fi
}

ready_or_dead() {
  local name=$1
  shift
  "$@" || ! running "$name"
}

# Tried as a server would take it: a port can be in use without anybody listening, as the near
# end of somebody's outgoing connection.
port_taken() {
  ! python3 - "$1" <<'PY'
import socket, sys
with socket.socket() as attempt:
    attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        attempt.bind(("127.0.0.1", int(sys.argv[1])))
    except OSError:
        sys.exit(1)
PY
}

# True when somebody accepts connections there.
answered() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# The first free port at or after $1.
free_port() {
  local port=$1
  while port_taken "$port"; do port=$((port + 1)); done
  printf '%s' "$port"
}

port_holder() {
  local holder
  holder=$(ss -Hltnp "sport = :$1" 2>/dev/null | grep -oE '"[^"]+",pid=[0-9]+' | head -n 1 | tr -d '"') || true
  printf '%s' "${holder:-another program}"
}

# What a process was started from: its executable, its arguments, and the settings in force,
# whether they come from the file or from the environment of this command.
fingerprint_of() {
  local executable=$1
  shift
  {
    stat -L -c '%i.%s.%Y' "$executable"
    say "$*"
    env | grep -E '^(DATABASE|NATS|PUBLIC|CORS|JWT|LIVEKIT|PAYPAL|GOOGLE|SMTP|MAIL|READY|FILE|EXPORT|WORKERS|AWS|TRUSTED|METRICS|HUGGINGFACE|API|INGEST|SANDBOX|STREAM|ALLOW|WEB|RUST)_|^GITHUB_(CLIENT|API|URL)' | sort
  } | sha256sum | cut -c 1-16
}
