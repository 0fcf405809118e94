//! How facts merge: each of these takes the larger of two by a total order, so that merging is
//! commutative, associative and idempotent, and a tie is broken by what is said, never by who
//! said it first.

use frontdesk_events::catalogue::moment::Moment;
use serde::{Deserialize, Serialize};

/// A value as the newest source has it. Absence is no value: it never replaces one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latest<T, At = Option<Moment>>(Option<(At, T)>);

impl<T, At> Default for Latest<T, At> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Ord, At: Ord> Latest<T, At> {
    /// Takes the value if it is of a later date, or of the same and larger.
    pub fn offer(&mut self, at: At, value: Option<T>) {
        let offered = value.map(|value| (at, value));
        if offered > self.0 {
            self.0 = offered;
        }
    }

    /// The value.
    pub fn value(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, value)| value)
    }

    /// The date and the value.
    pub fn dated(&self) -> Option<(&At, &T)> {
        self.0.as_ref().map(|(at, value)| (at, value))
    }
}

/// A value as the oldest source that has one has it: for what no later word may change. A source
/// without a date counts after all that have one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Earliest<T>(Option<(bool, Option<Moment>, T)>);

impl<T> Default for Earliest<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Ord> Earliest<T> {
    /// Takes the value if it is of an earlier date, or of the same and smaller.
    pub fn offer(&mut self, at: Option<Moment>, value: Option<T>) {
        let offered = value.map(|value| (at.is_none(), at, value));
        let kept = self.0.take();
        self.0 = match (kept, offered) {
            (Some(kept), Some(offered)) => Some(kept.min(offered)),
            (kept, offered) => kept.or(offered),
        };
    }

    /// The value.
    pub fn value(&self) -> Option<&T> {
        self.0.as_ref().map(|(_, _, value)| value)
    }
}

/// When something was, by what several reports say of it. Its own date counts before the date of
/// the report, which is only near it; of each kind the earliest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    stated: Option<Moment>,
    reported: Option<Moment>,
}

impl Since {
    /// Takes what one report says.
    pub fn offer(&mut self, stated: Option<Moment>, reported: Option<Moment>) {
        self.stated = earlier(self.stated, stated);
        self.reported = earlier(self.reported, reported);
    }

    /// The best of it.
    #[must_use]
    pub fn moment(&self) -> Option<Moment> {
        self.stated.or(self.reported)
    }
}

/// The earlier of two instants; absence is no instant.
pub(super) fn earlier(a: Option<Moment>, b: Option<Moment>) -> Option<Moment> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
