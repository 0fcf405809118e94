//! `GET /api/subscriptions/current`: what is subscribed to, and until when access lasts.
//!
//! Access follows what was paid for, not PayPal's status word: a cancelled subscription serves to
//! its end, and a failed or late payment does not switch a receptionist off within three days.

use crate::{
    Api, answer,
    billing_words::Standing,
    freshness::Freshness,
    moment::Moment,
    money::Money,
    parameters::{self, Parameters},
    problem::{Problem, ReadProblems},
    viewer::{Plan, Viewer},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use frontdesk_process::clock;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A PayPal subscription.
#[derive(Debug, Serialize, ToSchema)]
pub struct Subscription {
    /// PayPal's id.
    #[schema(example = "I-BW452GLLEP1G")]
    pub id: String,
    /// PayPal's plan id.
    pub plan_id: Option<String>,
    /// PayPal's word; null while only its payments are known.
    #[schema(example = "ACTIVE")]
    pub status: Option<String>,
    /// The state in words, with dates in the user's time zone.
    #[schema(example = "Active, next payment 1 Dec 2026")]
    pub words: String,
    /// When it began.
    pub started_at: Option<Moment>,
    /// When PayPal charges next.
    pub next_billing_at: Option<Moment>,
    /// Access is paid for until here.
    pub paid_through: Option<Moment>,
    /// Whether it gives access now.
    pub entitled: bool,
    /// Whether the last payment failed.
    pub past_due: bool,
    /// When it was cancelled.
    pub cancelled_at: Option<Moment>,
    /// What PayPal still wants.
    pub outstanding: Option<Money>,
    /// The last payment that came through.
    pub last_payment: Option<LastPayment>,
    /// Who pays; null while PayPal's `custom_id` is nobody's billing key.
    pub user_id: Option<Uuid>,
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
pub struct LastPayment {
    /// How much.
    pub amount: Money,
    /// When.
    pub at: Moment,
}

/// The current subscription, if there is one.
#[derive(Debug, Serialize, ToSchema)]
pub struct CurrentSubscription {
    /// The one that gives access, else the latest; null when there is none.
    pub subscription: Option<Subscription>,
    /// How current this is.
    pub freshness: Freshness,
}

/// Whose subscription.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SubscriptionFilters {
    /// Of this user; left out, of everybody the viewer may see.
    user_id: Option<Uuid>,
}

/// Shows the current subscription.
#[utoipa::path(
    get, operation_id = "show_current_subscription", path = "/api/subscriptions/current", tag = "billing", params(SubscriptionFilters),
    responses((status = 200, description = "The current subscription", body = CurrentSubscription), ReadProblems)
)]
pub async fn current(
    State(api): State<Api>,
    viewer: Viewer,
    mut given: Parameters,
) -> Result<Response, Problem> {
    let filters = SubscriptionFilters {
        user_id: given.take("user_id", parameters::uuid),
    };
    given.finish()?;
    let freshness = api.board().billing();
    let user = &filters.user_id;
    let row = viewer
        .read(api.database(), Plan::ByValues, user, |db, user| {
            Box::pin(read(db, *user))
        })
        .await?;
    let subscription = row.map(|row| row.into_subscription(clock::now()));
    Ok(answer::json(answer::written(
        &CurrentSubscription {
            subscription,
            freshness,
        },
        1024,
    )))
}

struct SubscriptionRow {
    id: String,
    plan_id: Option<String>,
    status: Option<String>,
    started_at: Option<DateTime<Utc>>,
    next_billing_at: Option<DateTime<Utc>>,
    paid_through: Option<DateTime<Utc>>,
    cancelled_at: Option<DateTime<Utc>>,
    past_due: bool,
    last_failed_at: Option<DateTime<Utc>>,
    next_retry_at: Option<DateTime<Utc>>,
    outstanding_minor: Option<i64>,
    outstanding_currency: Option<String>,
    last_payment_minor: Option<i64>,
    last_payment_currency: Option<String>,
    last_payment_at: Option<Moment>,
    user_id: Option<Uuid>,
    time_zone: Option<String>,
}

async fn read(db: &mut PgConnection, user: Option<Uuid>) -> sqlx::Result<Option<SubscriptionRow>> {
    sqlx::query_as!(
        SubscriptionRow,
        // What is paid for longest is what gives access; a new one waiting for approval does not
        // hide an old one that still serves.
        r#"select s.id, s.plan_id, s.status, s.started_at, s.next_billing_at, s.paid_through, s.cancelled_at,
            s.past_due, s.last_failed_at, s.next_retry_at, s.outstanding_minor, s.outstanding_currency, s.last_payment_minor,
            s.last_payment_currency, s.last_payment_at as "last_payment_at: Moment", s.user_id,
            u.time_zone as "time_zone?"
        from billing.subscriptions s
        left join account.users u on u.id = s.user_id
        where $1::uuid is null or s.user_id = $1
        order by (s.status is not distinct from 'ACTIVE') desc, s.paid_through desc nulls last,
            s.started_at desc nulls last, s.id
        limit 1"#,
        user,
    )
    .fetch_optional(db)
    .await
}

impl SubscriptionRow {
    fn into_subscription(self, now: DateTime<Utc>) -> Subscription {
        let amount = Money::from_parts(self.last_payment_minor, self.last_payment_currency.clone());
        Subscription {
            words: self.standing().words(now, self.zone()),
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
            user_id: self.user_id,
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

    fn zone(&self) -> Tz {
        self.time_zone
            .as_deref()
            .and_then(|name| name.parse().ok())
            .unwrap_or(Tz::UTC)
    }
}
