//! Everything with an effect outside PostgreSQL: mail, PayPal, LiveKit, the outbox relay and the
//! reconcilers.
//!
//! A worker reads a stream through a durable consumer with explicit acks, claims each effect in
//! `ops.effects` before it tries it, and answers [`Verdict`]. No worker exists until the accounts
//! work brings the first (mail and the outbox relay); this crate holds their frame's words.

use std::time::Duration;

/// What became of one message a worker was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The effect happened, or had happened before.
    Done,
    /// Not now: try again after this long.
    Retry {
        /// What stood in the way.
        reason: String,
        /// How long to wait.
        after: Duration,
    },
    /// Never: it goes to DEAD with the reason.
    Discard {
        /// Why it can never succeed.
        reason: String,
    },
}
