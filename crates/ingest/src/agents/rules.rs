//! What an agent may say, and what it must say.
//!
//! An agent names its own source and nobody else's; types of providers and of ours are not its
//! to use. Of the types we know, the fields that tie a report to its call are required, because
//! without them it could never be shown. Everything else, known or not, is stored as it is.

use super::format::Received;
use crate::{
    json::{members, text},
    rejection::Problem,
};
use bytes::Bytes;
use frontdesk_events::Envelope;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const OURS: &str = "dev.frontdesk.";

/// Our types that agents send, and the data fields without which a report belongs to no call.
const CATALOGUE: [(&str, &[&str]); 5] = [
    ("call.answered.v1", &CALL),
    ("call.transferred.v1", &CALL),
    ("call.transcript.v1", &CALL),
    ("call.analysed.v1", &CALL),
    // An idle agent is in no call.
    ("agent.heartbeat.v1", &[]),
];
const CALL: [&str; 3] = ["callId", "roomSid", "roomName"];

/// Types that say who sends them by their prefix.
const RESERVED: [&str; 3] = ["io.livekit.", "com.paypal.", OURS];

/// What is left alone when an agent's name becomes part of a source.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// An event that may be stored.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) envelope: Envelope,
    pub(super) data: Bytes,
    pub(super) partition_key: String,
    /// The type as it is counted and as it stands in the subject.
    pub(super) kind: String,
}

/// How an event is refused, gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Malformed,
    Forbidden(&'static str),
    Incomplete,
}

/// Why one event is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) rejection: Kind,
    fields: Vec<(String, String)>,
}

impl Refusal {
    pub(super) fn malformed(field: impl Into<String>, message: &str) -> Self {
        Self {
            rejection: Kind::Malformed,
            fields: vec![(field.into(), message.to_owned())],
        }
    }

    fn forbidden(reason: &'static str, field: &str, message: String) -> Self {
        Self {
            rejection: Kind::Forbidden(reason),
            fields: vec![(field.to_owned(), message)],
        }
    }

    /// For the answer, with the event's place in its batch.
    pub(super) fn problems(self, index: Option<usize>) -> Vec<Problem> {
        self.fields
            .into_iter()
            .map(|(field, message)| Problem {
                index,
                field,
                message,
            })
            .collect()
    }
}

/// Whether `agent` may and can say this.
pub(super) fn admit(event: Received, agent: &str) -> Result<Admitted, Refusal> {
    let Received { envelope, data } = event;
    let source = envelope.source();
    let own = [
        format!("/agents/{agent}"),
        format!("/agents/{}", utf8_percent_encode(agent, PATH)),
    ];
    if !own.iter().any(|own| own == source) {
        let message = format!("is not /agents/{agent}, the name in the token");
        return Err(Refusal::forbidden("foreign_source", "source", message));
    }
    let full = envelope.kind();
    let [call_id, room_sid, room_name] = members(&data, CALL).unwrap_or_default().map(text);
    let ours = full
        .strip_prefix(OURS)
        .and_then(|kind| CATALOGUE.iter().find(|(known, _)| *known == kind));
    if let Some((_, required)) = ours {
        let fields = [call_id, room_sid, room_name.clone()];
        let missing: Vec<_> = CALL
            .iter()
            .zip(fields)
            .filter(|(name, value)| required.contains(name) && value.is_none())
            .map(|(name, _)| {
                (
                    format!("data.{name}"),
                    "is required: a text that is not empty".to_owned(),
                )
            })
            .collect();
        if !missing.is_empty() {
            return Err(Refusal {
                rejection: Kind::Incomplete,
                fields: missing,
            });
        }
    } else if RESERVED
        .iter()
        .any(|prefix| full.to_ascii_lowercase().starts_with(prefix))
    {
        let message = "is reserved: not a type that agents send".to_owned();
        return Err(Refusal::forbidden("reserved_type", "type", message));
    }
    let kind = ours.map_or_else(|| full.to_owned(), |(kind, _)| (*kind).to_owned());
    let partition_key = room_name
        .map(std::borrow::Cow::into_owned)
        .or_else(|| envelope.partition_key().filter(|key| !key.is_empty()))
        .or_else(|| envelope.subject().map(str::to_owned))
        .unwrap_or_else(|| envelope.id().to_owned());
    Ok(Admitted {
        envelope,
        data,
        partition_key,
        kind,
    })
}
