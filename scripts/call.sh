#!/usr/bin/env bash
# Plays one caller by hand, through the front door: LiveKit's signed webhooks of somebody who
# rings for RING seconds (10) and gives up.
. "$(dirname "$0")/prelude.sh"
. "$ROOT/scripts/settings.sh"
export_settings

mark=$(secret | cut -c 2-13)
body=$(mktemp)
trap 'rm -f "$body"' EXIT

# Usage: tell EVENT STATE SIP-STATUS [FURTHER-PARTICIPANT-FIELDS]
tell() {
  local now
  now=$(date +%s)
  cat >"$body" <<END
{"event":"$1","id":"EV_$mark$1","createdAt":"$now",
 "room":{"sid":"RM_$mark","name":"call-by-hand-$mark","creationTime":"$began"},
 "participant":{"sid":"PA_$mark","identity":"sip_$mark","kind":"SIP","name":"By hand","state":"$2","joinedAt":"$began"${4:-},
  "attributes":{"sip.callID":"SCL_$mark","sip.callStatus":"$3","sip.phoneNumber":"+12025550143","sip.trunkPhoneNumber":"+12025550100"}}}
END
  printf '%-20s ' "$1"
  "$ROOT/scripts/with-settings.sh" frontdesk-sandbox send livekit "$body" \
    --target "http://$(setting INGEST_LISTEN)" --state-dir "$DATA/sandbox" | head -n 1
}

began=$(date +%s)
tell participant_joined ACTIVE ringing
say "it rings: look at $(setting PUBLIC_URL)"
sleep "${RING:-10}"
tell participant_left DISCONNECTED hangup ',"disconnectReason":"CLIENT_INITIATED"'
