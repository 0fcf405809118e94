//! The one place that reads clocks. Everything else takes time as an argument, so that a fold
//! gives the same rows on every replay and a test needs no waiting.

use chrono::{DateTime, Utc};
use std::time::Instant;

/// The wall clock, UTC.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place the ban points to"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The monotonic clock, for durations.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place the ban points to"
)]
pub fn monotonic() -> Instant {
    Instant::now()
}
