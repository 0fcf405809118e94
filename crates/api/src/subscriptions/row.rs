//! A row of `billing.subscriptions`, and which of several counts.

use super::{LastPayment, Subscription};
use crate::{billing_words::Standing, moment::Moment, money::Money};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

pub(super) struct SubscriptionRow {
    pub(super) id: String,
    /// Ours, if PayPal's plan is one of ours and nothing in it was changed for this subscription.
    pub(super) plan: Option<String>,
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

/// The subscriptions of one user or of all that can be seen, in the order in which they count: those
/// to a plan of ours, then what is paid for longest is what gives access, and a new one waiting for
/// approval does not hide an old one that still serves.
///
/// What PayPal says is not yet read back from it, so a row is believed as far as it can be checked
/// here: a payment counts in the plan's currency, and none of nothing does. It is not compared with
/// the plan's price, which is changed while old subscribers keep theirs.
pub(super) async fn read(
    db: &mut PgConnection,
    user: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<SubscriptionRow>> {
    sqlx::query_as!(
        SubscriptionRow,
        r#"select s.id, p.id as "plan?", s.plan_id, s.status, s.started_at, s.next_billing_at,
            case when s.last_payment_minor > 0 and s.last_payment_currency = p.currency
                then s.paid_through end as paid_through,
            s.cancelled_at, s.past_due, s.last_failed_at, s.next_retry_at, s.outstanding_minor,
            s.outstanding_currency, s.last_payment_minor, s.last_payment_currency,
            s.last_payment_at as "last_payment_at: Moment"
        from billing.subscriptions s
        left join account.plans p on p.paypal_plan_id = s.plan_id and not s.plan_overridden
        where $1::uuid is null or s.user_id = $1
        order by p.id is not null desc, (s.status is not distinct from 'ACTIVE') desc,
            paid_through desc nulls last, s.started_at desc nulls last, s.id
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
        let next_payment = self.standing().next_payment(now);
        Subscription {
            words: self.standing().words(now),
            entitled: self.entitled(now),
            last_payment: amount
                .zip(self.last_payment_at)
                .map(|(amount, at)| LastPayment { amount, at }),
            outstanding: Money::from_parts(self.outstanding_minor, self.outstanding_currency)
                .filter(|money| money.amount_minor != 0),
            id: self.id,
            plan_id: self.plan_id,
            status: self.status,
            started_at: self.started_at.map(Moment),
            next_billing_at: next_payment.map(Moment),
            paid_through: self.paid_through.map(Moment),
            past_due: self.past_due,
            cancelled_at: self.cancelled_at.map(Moment),
        }
    }

    pub(super) fn entitled(&self, now: DateTime<Utc>) -> bool {
        self.standing().entitled(now)
    }

    fn standing(&self) -> Standing<'_> {
        Standing {
            is_ours: self.plan.is_some(),
            status: self.status.as_deref(),
            paid_through: self.paid_through,
            next_billing_at: self.next_billing_at,
            past_due: self.past_due,
            last_failed_at: self.last_failed_at,
            next_retry_at: self.next_retry_at,
        }
    }
}
