//! What an agent may say, and what it must say.
//!
//! An agent names its own source and nobody else's; types of providers and facts about accounts are not
//! its to use. A report of a type we know must be one the fold can read, and must name its call, by
//! the catalogue's own rule. Everything else, known or not, is stored as it is: agents may be newer.

use super::format::Received;
use crate::rejection::Problem;
use bytes::Bytes;
use frontdesk_events::{
    Envelope,
    catalogue::{account, agent, livekit, paypal},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Types that say who sends them by their prefix.
const RESERVED: [&str; 3] = [livekit::PREFIX, paypal::PREFIX, agent::PREFIX];
/// Of those, what agents report, also in versions of theirs that are not known here yet.
const REPORTED: [&str; 2] = ["dev.frontdesk.call.", "dev.frontdesk.agent."];

/// How much of an agent's name is repeated to it.
const LONGEST_SHOWN: usize = 128;

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

    fn incomplete(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        Self {
            rejection: Kind::Incomplete,
            fields: fields.into_iter().collect(),
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
    let encoded = utf8_percent_encode(agent, PATH);
    let is_own = source.strip_prefix("/agents/").is_some_and(|name| {
        // With a percent sign as it is, it might be another's name, encoded.
        (name == agent && !agent.contains('%')) || encoded.to_string() == name
    });
    if !is_own {
        let shown = &agent[..agent.floor_char_boundary(LONGEST_SHOWN)];
        let message = format!("is not /agents/{shown}, the name in the token");
        return Err(Refusal::forbidden("foreign_source", "source", message));
    }
    let full = envelope.kind();
    let room_name = match agent::review(full, &data) {
        Some(Ok(report)) if report.lacks.is_empty() => report.room_name,
        Some(Ok(report)) => {
            return Err(Refusal::incomplete(report.lacks.iter().map(|name| {
                let message = "is required: a text that is not empty".to_owned();
                (format!("data.{name}"), message)
            })));
        }
        Some(Err(_)) => {
            let message = format!("is required: a JSON object as {full} describes it");
            return Err(Refusal::incomplete([("data".to_owned(), message)]));
        }
        None if is_reserved(full) => {
            let message = "is reserved: not a type that agents send".to_owned();
            return Err(Refusal::forbidden("reserved_type", "type", message));
        }
        // An event of the agent's own making about a room belongs beside the room's others.
        None => agent::room_named_in(&data),
    };
    let kind = full.strip_prefix(agent::PREFIX).unwrap_or(full).to_owned();
    let partition_key = room_name
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

fn is_reserved(full: &str) -> bool {
    let kind = full.to_ascii_lowercase();
    let is_ours = account::TYPES.iter().any(|fact| fact.kind == kind);
    let is_reported = REPORTED.iter().any(|prefix| full.starts_with(prefix));
    RESERVED.iter().any(|prefix| kind.starts_with(prefix)) && (is_ours || !is_reported)
}
