//! Agents' events: CloudEvents over HTTP, in binary, structured and batch mode.
//!
//! An agent proves itself with a LiveKit access token and may only speak in its own name. A
//! request is answered as a whole: 2xx means that every event of it is on disk, anything else that
//! the sender should mend it or send all of it again, which stores nothing twice.

mod binding;
mod charset;
mod format;
mod rules;

use crate::{
    counts::Sender,
    message::outbound,
    rejection::{Problem, Rejection},
    run::Parts,
};
use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use frontdesk_events::{Envelope, StreamName, nats::Outbound};
use frontdesk_process::{clock, livekit::Keys};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// What is needed to judge agents' requests.
pub(crate) struct Agents {
    keys: Arc<Keys>,
}

impl Agents {
    pub(crate) fn new(keys: Arc<Keys>) -> Self {
        Self { keys }
    }

    /// The agent's name.
    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Result<String, Rejection> {
        let agent = self.keys.agent(headers);
        agent.map_err(|reason| Rejection::Unsigned { reason })
    }
}

/// How many problems of a batch are told in the words of one answer.
const MOST_TOLD: usize = 5;

/// The answer to an accepted request.
#[derive(Serialize)]
struct Accepted {
    stored: usize,
    duplicates: usize,
}

/// Answers once every event of the request, by this agent, is on disk.
pub(crate) async fn receive(
    parts: &Parts,
    agent: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response, Rejection> {
    let now = clock::now();
    let incoming = binding::read(headers, &body)?;
    let in_batch = incoming.is_batch;
    let mut problems = Vec::new();
    let mut messages = Vec::new();
    for (index, event) in incoming.events.into_iter().enumerate() {
        let index = in_batch.then_some(index);
        match event.and_then(|event| rules::admit(event, agent)) {
            Ok(admitted) => messages.push((admitted.kind.clone(), wrap(admitted, now)?)),
            Err(refusal) => problems.push((refusal.rejection, refusal.problems(index))),
        }
    }
    if !problems.is_empty() {
        return Err(refuse(problems, in_batch));
    }
    let (kinds, messages): (Vec<String>, Vec<Outbound>) = messages.into_iter().unzip();
    let outcomes = parts.calls.store_all(messages).await;
    let mut accepted = Accepted {
        stored: 0,
        duplicates: 0,
    };
    let mut failure = None;
    for (kind, outcome) in kinds.iter().zip(outcomes) {
        match outcome {
            Ok(receipt) => {
                parts
                    .counts
                    .accepted(Sender::Agent, kind, receipt.duplicate);
                accepted.stored += usize::from(!receipt.duplicate);
                accepted.duplicates += usize::from(receipt.duplicate);
            }
            Err(reason) => failure = Some(reason),
        }
    }
    match failure {
        // What was stored stays; the repetition will find it there.
        Some(reason) => Err(reason.into()),
        None => Ok((StatusCode::OK, Json(accepted)).into_response()),
    }
}

/// One answer for all problems of a request: the gravest kind decides the status.
fn refuse(problems: Vec<(rules::Kind, Vec<Problem>)>, in_batch: bool) -> Rejection {
    let gravest = problems.iter().map(|(kind, _)| *kind).min();
    let all: Vec<Problem> = problems
        .into_iter()
        .flat_map(|(_, problems)| problems)
        .collect();
    let told = || match all.as_slice() {
        [only] if !in_batch => format!("{}: {}", only.field, only.message),
        all => {
            let told = all.iter().take(MOST_TOLD).map(|one| {
                let index = one.index.unwrap_or_default();
                format!("event {index}: {}: {}", one.field, one.message)
            });
            let more = all.len().saturating_sub(MOST_TOLD);
            let more = (more > 0).then(|| format!("and {more} more"));
            told.chain(more).collect::<Vec<_>>().join("; ")
        }
    };
    match gravest {
        Some(rules::Kind::Forbidden(reason)) => Rejection::Forbidden {
            reason,
            detail: told(),
        },
        Some(rules::Kind::Malformed) => Rejection::Malformed {
            reason: "not_a_cloudevent",
            detail: told(),
        },
        _ => Rejection::Incomplete(all),
    }
}

/// Puts an admitted event into an envelope for CALLS.
fn wrap(admitted: rules::Admitted, now: DateTime<Utc>) -> Result<Outbound, Rejection> {
    let rules::Admitted {
        envelope,
        data,
        partition_key,
        kind,
    } = admitted;
    let content_type = envelope
        .content_type()
        .unwrap_or("application/json")
        .to_owned();
    let envelope: Envelope = envelope
        .with_recorded_time(now)
        .with_partition_key(&partition_key)
        .with_extension("bodysha256", &hex::encode(Sha256::digest(&data)));
    outbound(
        StreamName::Calls,
        envelope,
        "agent",
        &kind,
        &content_type,
        data,
    )
}
