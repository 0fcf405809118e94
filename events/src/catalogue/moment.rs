//! Instants as events carry them.
//!
//! Senders write times in seconds, milliseconds, microseconds, nanoseconds and as text, and some
//! of them are absurd. Past this edge an instant is one that PostgreSQL and every client can hold,
//! or it is absent.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An instant from 1970 to the end of 9999, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(i64);

impl Moment {
    /// The last microsecond of 9999: later years have no four digits, so RFC 3339 lacks them.
    const LAST: i64 = 253_402_300_799_999_999;

    /// So many microseconds after the start of 1970; `None` outside the bounds.
    #[must_use]
    pub fn from_micros(micros: i64) -> Option<Self> {
        (0..=Self::LAST).contains(&micros).then_some(Self(micros))
    }

    /// The same instant; `None` outside the bounds.
    #[must_use]
    pub fn from_time(time: DateTime<Utc>) -> Option<Self> {
        Self::from_micros(time.timestamp_micros())
    }

    /// The same instant for chrono and the database.
    #[must_use]
    pub fn time(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// Microseconds since the start of 1970.
    #[must_use]
    pub fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds from `earlier` to here; 0 when it is not earlier.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).max(0) / 1000
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.time().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}
