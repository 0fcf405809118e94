//! A row of `billing.subscriptions`, and which of several counts.

use super::{LastPayment, Subscription};
use crate::{billing_words::Standing, moment::Moment, money::Money};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub(super) struct SubscriptionRow {
    pub(super) id: String,
    pub(super) plan_id: Option<String>,
    pub(super) status: Option<String>,
    pub(super) started_at: Option<DateTime<Utc>>,
    pub(super) next_billing_at: Option<DateTime<Utc>>,
    pub(super) paid_through: Option<DateTime<Utc>>,
    pub(super) cancelled_at: Option<DateTime<Utc>>,
    pub(super) past_due: bool,
    pub(super) last_failed_at: Option<DateTime<Utc>>,
    pub(super) next_retry_at: Option<DateTime<Utc>>,
    pub(super) outstanding_minor: Option<i64>,
    pub(super) outstanding_currency: Option<String>,
    pub(super) last_payment_minor: Option<i64>,
    pub(super) last_payment_currency: Option<String>,
    pub(super) last_payment_at: Option<Moment>,
}

/// The subscriptions of one user or of all that can be seen, in the order in which they count: what is
/// paid for longest is what gives access, and a new one waiting for approval does not hide an old one
/// that still serves.
pub(super) async fn read(
    db: &mut PgConnection,
    user: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<SubscriptionRow>> {
    sqlx::query_as!(
        SubscriptionRow,
        r#"select id, plan_id, status, started_at, next_billing_at, paid_through, cancelled_at, past_due,
            last_failed_at, next_retry_at, outstanding_minor, outstanding_currency, last_payment_minor,
            last_payment_currency, last_payment_at as "last_payment_at: Moment"
        from billing.subscriptions
        where $1::uuid is null or user_id = $1
        order by (status is not distinct from 'ACTIVE') desc, paid_through desc nulls last,
            started_at desc nulls last, id
        limit $2"#,
        user,
        limit,
    )
    .fetch_all(db)
    .await
}

impl SubscriptionRow {
    pub(super) fn into_subscription(self, now: DateTime<Utc>) -> Subscription {
        let amount = Money::from_parts(self.last_payment_minor, self.last_payment_currency.clone());
        Subscription {
            words: self.standing().words(now),
            entitled: self.standing().entitled(now),
            last_payment: amount
                .zip(self.last_payment_at)
                .map(|(amount, at)| LastPayment { amount, at }),
            outstanding: Money::from_parts(self.outstanding_minor, self.outstanding_currency)
                .filter(|money| money.amount_minor != 0),
            id: self.id,
            plan_id: self.plan_id,
            status: self.status,
            started_at: self.started_at.map(Moment),
            next_billing_at: self.next_billing_at.map(Moment),
            paid_through: self.paid_through.map(Moment),
            past_due: self.past_due,
            cancelled_at: self.cancelled_at.map(Moment),
        }
    }

    fn standing(&self) -> Standing<'_> {
        Standing {
            status: self.status.as_deref(),
            paid_through: self.paid_through,
            next_billing_at: self.next_billing_at,
            past_due: self.past_due,
            last_failed_at: self.last_failed_at,
            next_retry_at: self.next_retry_at,
        }
    }
}
