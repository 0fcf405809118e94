//! The envelope of a LiveKit webhook: what it is, when it happened, where it belongs, by the
//! catalogue's rules.

use super::verify::Signed;
use crate::{
    counts::UNPARSABLE,
    message::{outbound, tame, type_part},
    rejection::Rejection,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, StreamName,
    catalogue::{livekit::Outline, moment::Moment},
    nats::Outbound,
};
use std::borrow::Cow;

/// Total: whatever the bytes are, there is an outline.
pub(super) fn outline(body: &[u8]) -> Outline {
    Outline::read(body).unwrap_or_default()
}

/// The type after `io.livekit.`.
pub(super) fn kind(outline: &Outline) -> String {
    outline
        .event
        .as_deref()
        .map_or_else(|| UNPARSABLE.to_owned(), type_part)
}

/// Puts the outline, the proof and the data into an envelope for CALLS.
pub(super) fn wrap(
    outline: &Outline,
    kind: &str,
    signed: &Signed<'_>,
    data: Bytes,
    now: DateTime<Utc>,
) -> Result<Outbound, Rejection> {
    outbound(
        StreamName::Calls,
        envelope(outline, kind, signed, now)?,
        "livekit",
        kind,
        "application/json",
        data,
    )
}

fn envelope(
    outline: &Outline,
    kind: &str,
    signed: &Signed<'_>,
    now: DateTime<Utc>,
) -> Result<Envelope, Rejection> {
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
    let subject = outline.subject();
    let key = outline.room_name().or(subject).unwrap_or(&hash);
    envelope = envelope.with_partition_key(key);
    if let Some(subject) = subject {
        envelope = envelope.with_subject(&tame(subject));
    }
    if let Some(time) = outline.happened_at().map(Moment::time) {
        envelope = envelope.with_time(time);
    }
    Ok(envelope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{assert_readable, hostile_name};
    use chrono::TimeZone as _;
    use proptest::prelude::*;

    fn kind_of(body: &[u8]) -> String {
        kind(&outline(body))
    }

    #[test]
    fn a_hostile_event_name_becomes_a_harmless_type() {
        let named = |name: &str| kind_of(serde_json::json!({"event": name}).to_string().as_bytes());
        assert_eq!(named("call_answered"), "call_answered");
        assert_eq!(named("Nats-Msg-Id: 1\r\n.>*"), "nats-msg-id__1__.__");
        assert_eq!(named(&"x".repeat(10_000)).len(), 80);
        assert_eq!(kind_of(b"no json"), "unparsable");
        assert_eq!(kind_of(br#"{"event":""}"#), "unparsable");
    }

    proptest! {
        #[test]
        fn any_body_can_be_wrapped(
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                ("\\PC{0,40}", hostile_name(), any::<i64>()).prop_map(|(event, name, at)| {
                    serde_json::json!({"event": event, "id": name, "createdAt": at, "room": {"sid": name, "name": name}})
                        .to_string()
                        .into_bytes()
                }),
            ]
        ) {
            let signed = Signed { api_key: "k", body_sha256: [7; 32] };
            let outline = outline(&body);
            let envelope = envelope(&outline, &kind(&outline), &signed, Utc.timestamp_nanos(0)).unwrap();
            assert_readable(&envelope.with_data("application/json", body.clone()));
            prop_assert!(wrap(&outline, &kind(&outline), &signed, body.into(), Utc.timestamp_nanos(0)).is_ok());
        }
    }
}
