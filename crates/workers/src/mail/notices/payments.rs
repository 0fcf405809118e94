//! Payments that failed: one mail for each failure.

use super::{Notice, words};
use crate::{ledger::Ledger, mail::post::Links};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, PgPool};
use std::collections::HashSet;

const EFFECT: &str = "payment";
/// What failed before that is told by the dashboard; by then numbers may be out of service.
const NEWS: TimeDelta = TimeDelta::days(3);

/// A subscription whose payment failed.
#[derive(Debug, FromRow)]
pub(super) struct Failure {
    id: String,
    email: String,
    pub(super) name: String,
    pub(super) time_zone: String,
    pub(super) failed_at: DateTime<Utc>,
    pub(super) next_retry_at: Option<DateTime<Utc>>,
}

pub(super) async fn due(
    db: &PgPool,
    ledger: &Ledger,
    links: &Links,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Notice>> {
    let failures: Vec<Failure> = sqlx::query_as(
        "select s.id, u.email, u.name, u.time_zone, s.last_failed_at as failed_at, s.next_retry_at
        from billing.subscriptions s join account.users u on u.id = s.user_id
        where s.past_due and s.last_failed_at > $1 and s.last_failed_at <= $2
            and u.notify_payment_trouble and u.deleted_at is null and u.suspended_at is null
        order by s.last_failed_at, s.id",
    )
    .bind(now - NEWS)
    .bind(now)
    .fetch_all(db)
    .await?;
    let keys: Vec<String> = failures.iter().map(key).collect();
    let told: HashSet<String> = ledger.finished(&keys).await?.into_iter().collect();
    let untold = failures
        .into_iter()
        .filter(|failure| !told.contains(&key(failure)));
    Ok(untold.map(|failure| notice(failure, links, now)).collect())
}

/// By the instant: each failure of a subscription is one.
fn key(failure: &Failure) -> String {
    let at = failure.failed_at.timestamp();
    format!("{}/{at}/{EFFECT}", failure.id)
}

fn notice(failure: Failure, links: &Links, now: DateTime<Utc>) -> Notice {
    Notice {
        key: key(&failure),
        effect: EFFECT,
        letter: words::payment_failed(
            &failure,
            now,
            links.page("/billing"),
            &links.page("/settings/notifications"),
        ),
        address: failure.email,
        happened_at: failure.failed_at,
        beside: Vec::new(),
    }
}
