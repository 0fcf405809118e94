//! LiveKit's webhooks: verify the bytes, strip the secrets, store.
//!
//! A body that is well signed is never refused for what it says: LiveKit takes a 4xx as
//! delivered and would not send it again. What cannot be read is stored as it came, under the
//! type `io.livekit.unparsable`. What is too large to be stored is stored without its metadata.

mod envelope;
mod strip;
mod verify;

use crate::{
    counts::{Sender, UNPARSABLE},
    rejection::Rejection,
    run::Parts,
};
use axum::http::HeaderMap;
use bytes::Bytes;
use frontdesk_events::{StreamName, nats::Outbound};
use frontdesk_process::{clock, livekit::Keys};
use std::sync::Arc;
use verify::Token;

/// What is needed to judge LiveKit's deliveries.
pub(crate) struct LiveKit {
    keys: Arc<Keys>,
}

impl LiveKit {
    pub(crate) fn new(keys: Arc<Keys>) -> Self {
        Self { keys }
    }
}

/// What the head of a delivery tells. A stranger is refused before any of the body is waited for.
pub(crate) fn token<'a>(parts: &'a Parts, headers: &HeaderMap) -> Result<Token<'a>, Rejection> {
    verify::token(&parts.livekit.keys, headers, clock::now())
}

/// Returns once the event is on disk.
pub(crate) async fn receive(parts: &Parts, token: Token<'_>, body: Bytes) -> Result<(), Rejection> {
    let (kind, message) = judge(token, &body)?;
    drop(body);
    let receipt = parts.calls.store(message).await?;
    if kind == UNPARSABLE {
        tracing::warn!(
            "a delivery of LiveKit's was stored, but it names no event that can be read"
        );
    }
    parts
        .counts
        .accepted(Sender::LiveKit, &kind, receipt.duplicate);
    Ok(())
}

/// All that needs no waiting; what it read with is gone before the wait begins.
fn judge(token: Token<'_>, body: &Bytes) -> Result<(String, Outbound), Rejection> {
    let now = clock::now();
    let signed = token.verify(body)?;
    let outline = envelope::outline(body);
    let data = storable(body);
    let kind = envelope::kind(&outline);
    let message = envelope::wrap(&outline, &kind, &signed, data, now)?;
    Ok((kind, message))
}

/// What of a body is stored. Metadata is the customer's own and no fold reads it, so an event that is too
/// large with it is worth more without it than lost.
fn storable(body: &Bytes) -> Bytes {
    let data = strip::strip(body).map_or_else(|| body.clone(), Bytes::from);
    if data.len() <= StreamName::LARGEST_DATA {
        return data;
    }
    let Some(rest) = strip::without_metadata(&data) else {
        return data;
    };
    tracing::info!(
        bytes = data.len(),
        left = rest.len(),
        "a delivery of LiveKit's is too large to be stored with its metadata"
    );
    rest.into()
}
