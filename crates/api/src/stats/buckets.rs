//! Counting calls by the hour: from the rollups where whole hours lie in the period, from the
//! calls where they do not.

use crate::money::Money;
use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// Which part of a period is read from where. All bounds are half open; an empty part begins
/// where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spans {
    /// Calls before the first whole hour.
    pub(super) head: (DateTime<Utc>, DateTime<Utc>),
    /// Rollups of whole hours.
    pub(super) hours: (DateTime<Utc>, DateTime<Utc>),
    /// Calls after the last whole hour.
    pub(super) tail: (DateTime<Utc>, DateTime<Utc>),
}

impl Spans {
    /// Splits a period; without `by_hours` all of it is read from the calls.
    pub(super) fn of(from: DateTime<Utc>, to: DateTime<Utc>, by_hours: bool) -> Self {
        let hour = TimeDelta::hours(1);
        let down = |at: DateTime<Utc>| at.duration_trunc(hour).unwrap_or(at);
        let first = if down(from) == from {
            from
        } else {
            down(from) + hour
        };
        let last = down(to);
        if by_hours && first < last {
            Self {
                head: (from, first),
                hours: (first, last),
                tail: (last, to),
            }
        } else {
            Self {
                head: (from, to),
                hours: (to, to),
                tail: (to, to),
            }
        }
    }
}

/// Ended inbound calls that began in one stretch of time.
#[derive(Debug, Default, Clone)]
pub(super) struct Bucket {
    /// The beginning of the stretch.
    pub(super) at: DateTime<Utc>,
    pub(super) calls: i64,
    pub(super) answered: i64,
    pub(super) missed: i64,
    pub(super) abandoned: i64,
    pub(super) failed: i64,
    pub(super) talk_ms: i64,
    pub(super) success: i64,
    pub(super) positive: i64,
    pub(super) neutral: i64,
    pub(super) negative: i64,
}

impl Bucket {
    pub(super) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.answered += other.answered;
        self.missed += other.missed;
        self.abandoned += other.abandoned;
        self.failed += other.failed;
        self.talk_ms += other.talk_ms;
        self.success += other.success;
        self.positive += other.positive;
        self.neutral += other.neutral;
        self.negative += other.negative;
    }
}

/// Counts by hour, or by quarter of an hour where calls are read. `client` limits it to one; the
/// nil id to calls nobody owns.
pub(super) async fn count(
    db: &mut PgConnection,
    spans: &Spans,
    client: Option<Uuid>,
) -> sqlx::Result<Vec<Bucket>> {
    sqlx::query_as!(
        Bucket,
        // Every zone of today differs from UTC by a multiple of a quarter of an hour.
        r#"with parts as (
            select hour as at, calls, answered, missed, abandoned, failed, talk_ms, success, positive, neutral, negative
            from calls.hourly
            where hour >= $1 and hour < $2 and ($7::uuid is null or client_id = $7)
            union all
            select date_bin('15 minutes', started_at, timestamptz '2000-01-01 00:00:00+00'), 1,
                (result = 'answered')::int, (result = 'missed')::int, (result = 'abandoned')::int,
                (result = 'failed')::int, coalesce(talk_ms, 0),
                (result = 'answered' and outcome_status = 'success')::int,
                (sentiment_label = 'positive')::int, (sentiment_label = 'neutral')::int,
                (sentiment_label = 'negative')::int
            from calls.calls
            where result is not null and direction = 'inbound'
                and (started_at >= $3 and started_at < $4 or started_at >= $5 and started_at < $6)
                and ($7::uuid is null or client_id = $7 or $7 = '00000000-0000-0000-0000-000000000000'::uuid and user_id is null)
        )
        select at as "at!", coalesce(sum(calls), 0)::bigint as "calls!", coalesce(sum(answered), 0)::bigint as "answered!",
            coalesce(sum(missed), 0)::bigint as "missed!", coalesce(sum(abandoned), 0)::bigint as "abandoned!",
            coalesce(sum(failed), 0)::bigint as "failed!", coalesce(sum(talk_ms), 0)::bigint as "talk_ms!",
            coalesce(sum(success), 0)::bigint as "success!", coalesce(sum(positive), 0)::bigint as "positive!",
            coalesce(sum(neutral), 0)::bigint as "neutral!", coalesce(sum(negative), 0)::bigint as "negative!"
        from parts group by at order by at"#,
        spans.hours.0,
        spans.hours.1,
        spans.head.0,
        spans.head.1,
        spans.tail.0,
        spans.tail.1,
        client,
    )
    .fetch_all(db)
    .await
}

/// Revenue by currency.
pub(super) async fn revenue(
    db: &mut PgConnection,
    spans: &Spans,
    client: Option<Uuid>,
) -> sqlx::Result<Vec<Money>> {
    sqlx::query_as!(
        Money,
        r#"with parts as (
            select currency, amount_minor
            from calls.hourly_revenue
            where hour >= $1 and hour < $2 and ($7::uuid is null or client_id = $7)
            union all
            select revenue_currency, revenue_minor
            from calls.calls
            where result is not null and direction = 'inbound' and revenue_minor is not null and revenue_currency is not null
                and (started_at >= $3 and started_at < $4 or started_at >= $5 and started_at < $6)
                and ($7::uuid is null or client_id = $7 or $7 = '00000000-0000-0000-0000-000000000000'::uuid and user_id is null)
        )
        select currency as "currency!", coalesce(sum(amount_minor), 0)::bigint as "amount_minor!"
        from parts group by currency having sum(amount_minor) <> 0 order by currency"#,
        spans.hours.0,
        spans.hours.1,
        spans.head.0,
        spans.head.1,
        spans.tail.0,
        spans.tail.1,
        client,
    )
    .fetch_all(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_split_without_gap_or_overlap() {
        let at = |text| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let cases = [
            ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
            ("2026-11-01T00:00:00.000001Z", "2026-11-02T00:30:00Z"),
            ("2026-11-01T00:10:00Z", "2026-11-01T00:20:00Z"),
            ("2026-11-01T00:10:00Z", "2026-11-01T01:20:00Z"),
            ("1969-12-31T22:10:00Z", "1970-01-01T01:20:00Z"),
            ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
        ];
        for (from, to) in cases {
            for by_hours in [true, false] {
                let (from, to) = (at(from), at(to));
                let spans = Spans::of(from, to, by_hours);
                assert_eq!((spans.head.0, spans.tail.1), (from, to));
                assert_eq!((spans.head.1, spans.hours.1), (spans.hours.0, spans.tail.0));
                assert!(
                    spans.hours.0 <= spans.hours.1
                        && spans.head.0 <= spans.head.1
                        && spans.tail.0 <= spans.tail.1
                );
                if spans.hours.0 < spans.hours.1 {
                    assert!(
                        [spans.hours.0, spans.hours.1]
                            .iter()
                            .all(|at| at.timestamp() % 3600 == 0)
                    );
                }
            }
        }
    }
}
