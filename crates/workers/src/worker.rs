//! What a worker is: a few constants and one function.
//!
//! A worker acts on facts of the stream ACCOUNTS. Its function may be called again for the same event
//! after a crash, a lost connection or a [`Verdict::Retry`], but never after it answered
//! [`Verdict::Done`] or [`Verdict::Over`]: the ledger remembers. What it does outside must therefore
//! carry the effect's key wherever the other side can take one.

use chrono::{DateTime, Utc};
use frontdesk_events::Envelope;
use std::{future::Future, time::Duration};

/// Something that acts on events.
pub trait Worker: Send + Sync + 'static {
    /// Its name: of its consumer, its effects, its metrics, its health.
    const NAME: &'static str;
    /// The types of events it acts on.
    const KINDS: &'static [&'static str];
    /// How many events it acts on at once in one process.
    const AT_ONCE: usize;
    /// How long to wait before the second try, the third, and so on. When they are used up the event
    /// goes to DEAD.
    const DELAYS: &'static [Duration];

    /// Acts on one event.
    fn run(&self, trial: &Trial<'_>) -> impl Future<Output = Verdict> + Send;

    /// Told once the last try was in vain, before the event goes to DEAD. May be told again after a
    /// crash.
    ///
    /// # Errors
    /// When it could not take note; it is told again.
    fn gave_up(&self, trial: &Trial<'_>) -> impl Future<Output = anyhow::Result<()>> + Send {
        let _ = trial;
        async { Ok(()) }
    }
}

/// One try to act on an event.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// What happened.
    pub event: &'a Envelope,
    /// The effect's idempotency key: the same at every try.
    pub key: &'a str,
    /// When this try began.
    pub now: DateTime<Utc>,
}

/// What became of a try. Reasons are shown to operators, so they hold no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The effect happened.
    Done,
    /// There is nothing to do any more: what it was about is used, over or gone. Recorded with the
    /// reason, and nobody's concern.
    Over {
        /// What was missing.
        reason: String,
    },
    /// Not now.
    Retry {
        /// What stood in the way.
        reason: String,
    },
    /// Never: it goes to DEAD with the reason.
    Discard {
        /// Why it can never succeed.
        reason: String,
    },
}

impl Verdict {
    pub(crate) fn over(reason: impl Into<String>) -> Self {
        Self::Over {
            reason: reason.into(),
        }
    }

    pub(crate) fn retry(reason: impl Into<String>) -> Self {
        Self::Retry {
            reason: reason.into(),
        }
    }

    pub(crate) fn discard(reason: impl Into<String>) -> Self {
        Self::Discard {
            reason: reason.into(),
        }
    }
}
