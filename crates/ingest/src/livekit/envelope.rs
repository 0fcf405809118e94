//! The envelope of a LiveKit webhook: what it is, when it happened, where it belongs.
//!
//! LiveKit: `WebhookEvent` in protojson (64-bit numbers are strings). `createdAt` is when the
//! sender's queue got to the event, in seconds, so an event's own finer time goes first.

use super::verify::Signed;
use crate::{
    json::{inside, members, text, whole},
    message::{outbound, type_part},
    rejection::Rejection,
};
use bytes::Bytes;
use chrono::{DateTime, TimeZone as _, Utc};
use frontdesk_events::{Envelope, StreamName, nats::Outbound};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// An id or subject up to this length is kept; a longer one, or one with control characters, is
/// replaced by its hash. LiveKit's own have 15 characters.
const LONGEST_NAME: usize = 256;

/// What of a body the envelope needs. Everything may be missing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline<'a> {
    event: Option<Cow<'a, str>>,
    id: Option<Cow<'a, str>>,
    subject: Option<Cow<'a, str>>,
    room_name: Option<Cow<'a, str>>,
    time: Option<DateTime<Utc>>,
}

impl<'a> Outline<'a> {
    /// Total: whatever the bytes are, there is an outline.
    pub(super) fn read(body: &'a [u8]) -> Self {
        let names = [
            "event",
            "id",
            "createdAt",
            "room",
            "participant",
            "track",
            "egressInfo",
            "ingressInfo",
            "job",
        ];
        let Some(
            [
                event,
                id,
                created_at,
                room,
                participant,
                track,
                egress,
                ingress,
                job,
            ],
        ) = members(body, names)
        else {
            return Self::default();
        };
        let event = text(event);
        let [job_room] = inside(job, ["room"]);
        let room = room.or(job_room);
        let [sid, room_name] = inside(room, ["sid", "name"]);
        let [egress_room_name] = inside(egress, ["roomName"]);
        let [ingress_room_name] = inside(ingress, ["roomName"]);
        let own_time = own_time(event.as_deref().unwrap_or_default(), room, track, egress);
        Self {
            time: own_time.or_else(|| whole(created_at).and_then(from_s)),
            room_name: text(room_name)
                .or_else(|| text(egress_room_name))
                .or_else(|| text(ingress_room_name)),
            subject: text(sid).or_else(|| roomless_subject(egress, ingress, job, participant)),
            id: text(id),
            event,
        }
    }

    /// The type after `io.livekit.`.
    pub(super) fn kind(&self) -> String {
        self.event
            .as_deref()
            .map_or_else(|| "unparsable".to_owned(), type_part)
    }
}

/// The best time of the few events that have a better one than `createdAt`.
fn own_time(
    event: &str,
    room: Option<&RawValue>,
    track: Option<&RawValue>,
    egress: Option<&RawValue>,
) -> Option<DateTime<Utc>> {
    match event {
        "room_started" => {
            let [ms, s] = inside(room, ["creationTimeMs", "creationTime"]);
            let exact = whole(ms).and_then(from_ms);
            exact.or_else(|| whole(s).and_then(from_s))
        }
        // The version is the publication's, so it cannot date the end of a track.
        "track_published" => {
            let [version] = inside(track, ["version"]);
            let [micros] = inside(version, ["unixMicro"]);
            whole(micros).and_then(from_us)
        }
        "egress_started" => nanos(egress, "startedAt"),
        "egress_updated" => nanos(egress, "updatedAt"),
        "egress_ended" => nanos(egress, "endedAt"),
        _ => None,
    }
}

fn nanos(of: Option<&RawValue>, name: &'static str) -> Option<DateTime<Utc>> {
    let [ns] = inside(of, [name]);
    whole(ns).and_then(from_ns)
}

/// What an event without a room is about.
fn roomless_subject<'a>(
    egress: Option<&'a RawValue>,
    ingress: Option<&'a RawValue>,
    job: Option<&'a RawValue>,
    participant: Option<&'a RawValue>,
) -> Option<Cow<'a, str>> {
    let [egress_room_sid, egress_id] = inside(egress, ["roomId", "egressId"]);
    let [ingress_state, ingress_id] = inside(ingress, ["state", "ingressId"]);
    let [ingress_room_sid] = inside(ingress_state, ["roomId"]);
    let [job_id] = inside(job, ["id"]);
    let [participant_sid] = inside(participant, ["sid"]);
    [
        egress_room_sid,
        ingress_room_sid,
        egress_id,
        ingress_id,
        job_id,
        participant_sid,
    ]
    .into_iter()
    .find_map(text)
}

/// Puts the outline, the proof and the data into an envelope for CALLS.
pub(super) fn wrap(
    outline: &Outline<'_>,
    kind: &str,
    signed: &Signed<'_>,
    data: Bytes,
    now: DateTime<Utc>,
) -> Result<Outbound, Rejection> {
    let hash = hex::encode(signed.body_sha256);
    let id = outline
        .id
        .as_deref()
        .map_or_else(|| Cow::Owned(format!("sha256:{hash}")), tame);
    let unfit = |error: &dyn std::fmt::Display| Rejection::Malformed {
        reason: "unfit",
        detail: error.to_string(),
    };
    let mut envelope = Envelope::new(
        &id,
        &format!("/livekit/{}", signed.api_key),
        &format!("io.livekit.{kind}"),
    )
    .map_err(|error| unfit(&error))?
    .with_recorded_time(now)
    .with_extension("bodysha256", &hash);
    let key = outline
        .room_name
        .as_deref()
        .or(outline.subject.as_deref())
        .unwrap_or(&hash);
    envelope = envelope.with_partition_key(key);
    if let Some(subject) = &outline.subject {
        envelope = envelope.with_subject(&tame(subject));
    }
    if let Some(time) = outline.time {
        envelope = envelope.with_time(time);
    }
    outbound(
        StreamName::Calls,
        envelope,
        "livekit",
        kind,
        "application/json",
        data,
    )
}

fn tame(name: &str) -> Cow<'_, str> {
    if name.len() <= LONGEST_NAME && !name.chars().any(char::is_control) {
        return Cow::Borrowed(name);
    }
    use sha2::Digest as _;
    Cow::Owned(format!(
        "sha256:{}",
        hex::encode(sha2::Sha256::digest(name.as_bytes()))
    ))
}

// RFC 3339 has four digits for the year: what lies outside 1970–9999 is no time.
const LAST_SECOND: i64 = 253_402_300_799;

fn from_s(seconds: i64) -> Option<DateTime<Utc>> {
    (0..=LAST_SECOND)
        .contains(&seconds)
        .then(|| Utc.timestamp_opt(seconds, 0).single())
        .flatten()
}

fn from_ms(millis: i64) -> Option<DateTime<Utc>> {
    from_s(millis.div_euclid(1000))?;
    Utc.timestamp_millis_opt(millis).single()
}

fn from_us(micros: i64) -> Option<DateTime<Utc>> {
    from_s(micros.div_euclid(1_000_000))?;
    Utc.timestamp_micros(micros).single()
}

fn from_ns(nanos: i64) -> Option<DateTime<Utc>> {
    (nanos >= 0).then(|| Utc.timestamp_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time(body: &str) -> Option<String> {
        Outline::read(body.as_bytes())
            .time
            .map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }

    #[test]
    fn the_finest_time_of_the_event_itself_is_taken() {
        for (body, expected) in [
            (
                r#"{"event":"room_started","createdAt":"9","room":{"creationTimeMs":"1795194240118","creationTime":"1"}}"#,
                "2026-11-20T17:04:00.118Z",
            ),
            (
                r#"{"event":"room_started","createdAt":"9","room":{"creationTime":"1795194240"}}"#,
                "2026-11-20T17:04:00Z",
            ),
            (
                r#"{"event":"track_published","createdAt":"9","track":{"version":{"unixMicro":"1795194243240417"}}}"#,
                "2026-11-20T17:04:03.240417Z",
            ),
            (
                r#"{"event":"track_unpublished","createdAt":"1795194333","track":{"version":{"unixMicro":"1795194243240417"}}}"#,
                "2026-11-20T17:05:33Z",
            ),
            (
                r#"{"event":"egress_ended","egressInfo":{"startedAt":"1","endedAt":"1795194336900000000"}}"#,
                "2026-11-20T17:05:36.900Z",
            ),
            (
                r#"{"event":"participant_left","createdAt":0}"#,
                "1970-01-01T00:00:00Z",
            ),
            (
                r#"{"event":"participant_left","createdAt":"253402300799"}"#,
                "9999-12-31T23:59:59Z",
            ),
        ] {
            assert_eq!(time(body).as_deref(), Some(expected), "{body}");
        }
    }

    #[test]
    fn an_impossible_time_is_no_time() {
        for created_at in [
            "253402300800",
            "-1",
            "9223372036854775807",
            "99999999999999999999",
            "1.5",
            "null",
            "{}",
            "\"soon\"",
        ] {
            assert_eq!(
                time(&format!(
                    r#"{{"event":"participant_left","createdAt":{created_at}}}"#
                )),
                None,
                "{created_at}"
            );
        }
    }

    #[test]
    fn events_find_their_room_wherever_it_stands() {
        for (body, subject, room) in [
            (
                r#"{"event":"a","room":{"sid":"RM","name":"n"}}"#,
                Some("RM"),
                Some("n"),
            ),
            (
                r#"{"event":"a","room":{"name":"n"},"ingressInfo":{"ingressId":"IN","state":{"roomId":"RM"}}}"#,
                Some("RM"),
                Some("n"),
            ),
            (
                r#"{"event":"a","egressInfo":{"egressId":"EG","roomId":"RM","roomName":"n"}}"#,
                Some("RM"),
                Some("n"),
            ),
            (
                r#"{"event":"a","job":{"id":"AJ","room":{"sid":"RM","name":"n"}}}"#,
                Some("RM"),
                Some("n"),
            ),
            (r#"{"event":"a","job":{"id":"AJ"}}"#, Some("AJ"), None),
            (r#"{"event":"a","room":[],"participant":"x"}"#, None, None),
        ] {
            let outline = Outline::read(body.as_bytes());
            assert_eq!(
                (outline.subject.as_deref(), outline.room_name.as_deref()),
                (subject, room),
                "{body}"
            );
        }
    }

    #[test]
    fn a_hostile_event_name_becomes_a_harmless_type() {
        let kind = |name: &str| {
            Outline::read(serde_json::json!({"event": name}).to_string().as_bytes()).kind()
        };
        assert_eq!(kind("call_answered"), "call_answered");
        assert_eq!(kind("Nats-Msg-Id: 1\r\n.>*"), "nats-msg-id__1__.__");
        assert_eq!(kind(&"x".repeat(10_000)).len(), 80);
        assert_eq!(Outline::read(b"no json").kind(), "unparsable");
        assert_eq!(Outline::read(br#"{"event":""}"#).kind(), "unparsable");
    }

    proptest! {
        #[test]
        fn any_body_can_be_wrapped(
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                ("\\PC{0,40}", "\\PC{0,300}", any::<i64>()).prop_map(|(event, name, at)| {
                    serde_json::json!({"event": event, "id": name, "createdAt": at, "room": {"sid": name, "name": name}})
                        .to_string()
                        .into_bytes()
                }),
            ]
        ) {
            let signed = Signed { api_key: "k", body_sha256: [7; 32] };
            let outline = Outline::read(&body);
            prop_assert!(wrap(&outline, &outline.kind(), &signed, body.clone().into(), Utc.timestamp_nanos(0)).is_ok());
        }
    }
}
