//! Requests whose head is refused before any route sees it.
//!
//! hyper answers such a head by itself, so no sender's module can count it. LiveKit takes each 4xx as
//! delivered: a proxy that adds to every head would cost every event, and nobody would know.

use crate::rarely::Rarely;
use std::{
    error::Error,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// What was refused of one listener. The log says it once a minute at the most: anybody can send what is
/// no request.
pub(super) struct Refused(Rarely);

impl Default for Refused {
    fn default() -> Self {
        Self(Rarely::new(Duration::from_secs(60)))
    }
}

impl Refused {
    /// Counts the end of a connection if a refused head was the reason; answers whether it was.
    pub(super) fn note(
        &self,
        error: &(dyn Error + Send + Sync + 'static),
        peer: SocketAddr,
        now: Instant,
    ) -> bool {
        let Some(reason) = reason(error) else {
            return false;
        };
        metrics::counter!("http_connections_closed_total", "reason" => reason).increment(1);
        if let Some(untold) = self.0.is_due(now) {
            tracing::warn!(%peer, reason, %error, untold, "a request was refused for its head; a sender may take that as delivered");
        }
        true
    }
}

/// Too large, or no HTTP. What breaks after the head is told by whoever reads the body.
fn reason(error: &(dyn Error + Send + Sync + 'static)) -> Option<&'static str> {
    let error = error.downcast_ref::<hyper::Error>()?;
    if error.is_parse_too_large() {
        Some("large_head")
    } else {
        error.is_parse().then_some("bad_head")
    }
}
