//! `GET /api/subscriptions/current`: what the account is subscribed to, and until when access lasts.
//!
//! Access follows what was paid for, not PayPal's status word: a cancelled subscription serves to
//! its end, and a failed or late payment does not switch a receptionist off within three days. But a
//! subscription counts only to a plan of ours: a webhook alone proves no more than that PayPal sent it.

pub mod plans;
mod row;

use crate::{
    Api, answer,
    billing_words::Phrase,
    freshness::Freshness,
    moment::Moment,
    money::Money,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    viewer::{Plan, Right, Viewer},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
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
    /// The state in words. Days stand apart from the text, to be written as the reader writes
    /// them, in the reader's zone.
    pub words: Vec<Phrase>,
    /// When it began.
    pub started_at: Option<Moment>,
    /// When PayPal charges next, or tries a failed payment again; null when it does not, or when the
    /// day has come and nothing has been heard yet.
    pub next_billing_at: Option<Moment>,
    /// Access is paid for until here; null when nothing was paid that counts for its plan.
    pub paid_through: Option<Moment>,
    /// Whether it gives access now: only a plan that we offer does, with nothing changed for this
    /// subscription alone, and paid in the plan's currency.
    pub entitled: bool,
    /// Whether the last payment failed.
    pub past_due: bool,
    /// When it was cancelled.
    pub cancelled_at: Option<Moment>,
    /// What PayPal still wants.
    pub outstanding: Option<Money>,
    /// The last payment that came through.
    pub last_payment: Option<LastPayment>,
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

/// The one of a user's that gives access, else the latest.
pub(crate) async fn of_user(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    user: Uuid,
) -> sqlx::Result<Option<Subscription>> {
    let rows = row::read(db, Some(user), 1).await?;
    let current = rows.into_iter().next();
    Ok(current.map(|row| row.into_subscription(now)))
}

/// Shows the account's current subscription.
#[utoipa::path(
    get, operation_id = "show_current_subscription", path = "/api/subscriptions/current", tag = "billing",
    responses((status = 200, description = "The current subscription", body = CurrentSubscription), ReadProblems)
)]
pub async fn current(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadBilling)?;
    given.finish()?;
    let freshness = api.board().billing();
    let rows = viewer
        .read(api.database(), Plan::Fixed, (), |db, ()| {
            Box::pin(row::read(db, None, 1))
        })
        .await?;
    let current = rows.into_iter().next();
    let subscription = current.map(|row| row.into_subscription(clock::now()));
    Ok(answer::json(answer::written(
        &CurrentSubscription {
            subscription,
            freshness,
        },
        1024,
    )))
}
