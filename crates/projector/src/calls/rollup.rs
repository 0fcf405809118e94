//! What a call adds to the hourly sums.
//!
//! Only inbound calls that have ended count, in the UTC hour they began to ring: the figures say
//! how those who called were served. Each adds one row here, which the engine takes off again when
//! the call's own row changes. Unassigned calls are summed under the nil uuid.
//!
//! What one call adds is bounded, so that no number of calls an hour can hold overflows a sum.

use super::session::CallRow;
use crate::rollup;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use uuid::Uuid;

/// Upper bounds, in milliseconds, of the latency histogram's classes; the last class, for all
/// that is slower, has none. The target of two seconds is one of them, so that the share of
/// calls over it is exact. Changing them makes older rows mean something else: rebuild then.
pub const LATENCY_BOUNDS_MS: [i64; 14] = [
    250, 500, 750, 1_000, 1_250, 1_500, 1_750, 2_000, 2_500, 3_000, 4_000, 5_000, 7_500, 10_000,
];

/// How many classes the histogram has.
pub const LATENCY_CLASSES: usize = LATENCY_BOUNDS_MS.len() + 1;

rollup! {
    /// Ended calls of a client and hour.
    pub struct Hourly in "hourly", keyed by (client_id, hour), adding (
        calls, answered, missed, abandoned, failed, talk_ms, success, positive, neutral, negative, latency
    ) {
        /// The client; nil is unassigned.
        pub client_id: Uuid,
        /// The UTC hour in which they began.
        pub hour: DateTime<Utc>,
        /// The client's user.
        pub user_id: Option<Uuid>,
        /// How many.
        pub calls: i64,
        /// Of these answered.
        pub answered: i64,
        /// Nobody answered.
        pub missed: i64,
        /// The caller gave up.
        pub abandoned: i64,
        /// No connection came up.
        pub failed: i64,
        /// Time talked.
        pub talk_ms: i64,
        /// Answered, with outcome success.
        pub success: i64,
        /// Callers in good mood.
        pub positive: i64,
        /// Callers in neither.
        pub neutral: i64,
        /// Callers in bad mood.
        pub negative: i64,
        /// Calls by median end-to-end latency, classes as in [`LATENCY_BOUNDS_MS`].
        pub latency: [i64; LATENCY_CLASSES],
    }
}

rollup! {
    /// Revenue of the ended calls of a client and hour.
    pub struct HourlyRevenue in "hourly_revenue", keyed by (client_id, hour, currency), adding (amount_minor) {
        /// The client; nil is unassigned.
        pub client_id: Uuid,
        /// The UTC hour in which they began.
        pub hour: DateTime<Utc>,
        /// ISO 4217.
        pub currency: String,
        /// The client's user.
        pub user_id: Option<Uuid>,
        /// In minor units.
        pub amount_minor: i64,
    }
}

/// What a call adds to its hour; `None` while it has not ended, and when it went out.
#[must_use]
pub fn hourly(call: &CallRow) -> Option<Hourly> {
    let result = counted(call)?;
    let sentiment = call.sentiment_label.as_deref();
    let mut latency = [0; LATENCY_CLASSES];
    if let Some(millis) = call.e2e_p50_ms {
        latency[latency_class(millis)] = 1;
    }
    Some(Hourly {
        client_id: call.client_id.unwrap_or_default(),
        hour: hour(call),
        user_id: call.client_id.and(call.user_id),
        calls: 1,
        answered: i64::from(result == "answered"),
        missed: i64::from(result == "missed"),
        abandoned: i64::from(result == "abandoned"),
        failed: i64::from(result == "failed"),
        talk_ms: call.talk_ms.unwrap_or_default(),
        // A share of the answered ones: an agent may also report on a caller who hung up first.
        success: i64::from(
            result == "answered" && call.outcome_status.as_deref() == Some("success"),
        ),
        positive: i64::from(sentiment == Some("positive")),
        neutral: i64::from(sentiment == Some("neutral")),
        negative: i64::from(sentiment == Some("negative")),
        latency,
    })
}

/// What a call adds to its hour's revenue; `None` without any, and when the call does not count.
#[must_use]
pub fn revenue(call: &CallRow) -> Option<HourlyRevenue> {
    counted(call)?;
    Some(HourlyRevenue {
        client_id: call.client_id.unwrap_or_default(),
        hour: hour(call),
        currency: call.revenue_currency.clone()?,
        user_id: call.client_id.and(call.user_id),
        amount_minor: call.revenue_minor?,
    })
}

/// The result of a call that counts.
fn counted(call: &CallRow) -> Option<&str> {
    call.result
        .as_deref()
        .filter(|_| call.direction == "inbound")
}

/// The class a latency belongs to: a bound belongs to the class it closes.
#[must_use]
pub fn latency_class(millis: i64) -> usize {
    LATENCY_BOUNDS_MS.partition_point(|bound| *bound < millis)
}

fn hour(call: &CallRow) -> DateTime<Utc> {
    // Chrono counts nanoseconds in 64 bits, which end in 2262; what lies beyond shares one hour.
    call.started_at
        .duration_trunc(TimeDelta::hours(1))
        .unwrap_or(DateTime::UNIX_EPOCH)
}
