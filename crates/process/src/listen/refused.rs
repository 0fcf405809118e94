//! Requests whose head is refused before any route sees it.
//!
//! hyper answers such a head by itself, so no sender's module can count it. LiveKit takes each 4xx as
//! delivered: a proxy that adds to every head would cost every event, and nobody would know.

use std::{
    error::Error,
    net::SocketAddr,
    sync::Mutex,
    time::{Duration, Instant},
};

/// How often the log says it at the most: anybody can send what is no request.
const AGAIN: Duration = Duration::from_secs(60);

/// What was refused of one listener.
#[derive(Default)]
pub(super) struct Refused(Mutex<Told>);

#[derive(Default)]
struct Told {
    last: Option<Instant>,
    /// How many were refused since, without a word.
    untold: u64,
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
        if let Some(untold) = self.is_due(now) {
            tracing::warn!(%peer, reason, %error, untold, "a request was refused for its head; a sender may take that as delivered");
        }
        true
    }

    /// How many went untold, when it is time to tell again.
    fn is_due(&self, now: Instant) -> Option<u64> {
        let mut told = self
            .0
            .lock()
            .expect("nothing panics while it holds this lock");
        if told.last.is_some_and(|last| now - last < AGAIN) {
            told.untold += 1;
            return None;
        }
        told.last = Some(now);
        Some(std::mem::take(&mut told.untold))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn the_log_hears_of_it_once_a_minute_and_of_how_many_there_were() {
        let refused = Refused::default();
        let begun = clock::monotonic();
        let after = |seconds| refused.is_due(begun + Duration::from_secs(seconds));
        assert_eq!(after(0), Some(0));
        assert_eq!([after(1), after(30), after(59)], [None; 3]);
        assert_eq!(after(60), Some(3));
        assert_eq!(after(61), None);
    }
}
