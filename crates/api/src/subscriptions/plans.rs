//! `GET /api/subscriptions/plans`: what can be subscribed to; and which plan an account has.
//!
//! Plans are rows, changed without a release. A subscription names PayPal's plan; which of ours that
//! is stands in the row.

use super::row;
use crate::{
    Api, answer,
    money::Money,
    parameters::Parameters,
    problem::{Problem, ReadProblems, Unchanged},
    viewer::{self, Right, Viewer},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// More subscriptions than a user makes while one of them still gives access.
const MOST_SUBSCRIPTIONS: i64 = 20;

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "pro", "name": "Pro", "price": { "amount_minor": 49_900, "currency": "USD" }, "number_limit": 3
}))]
pub struct SubscriptionPlan {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it costs a month.
    pub price: Money,
    /// How many numbers all clients of the account may have together; null for as many as wanted.
    pub number_limit: Option<i32>,
}

/// All plans.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanList {
    /// The smallest first.
    pub items: Vec<SubscriptionPlan>,
}

/// Lists the plans.
#[utoipa::path(
    get, operation_id = "list_plans", path = "/api/subscriptions/plans", tag = "billing",
    responses((status = 200, description = "The plans, the smallest first", body = PlanList), Unchanged, ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadBilling)?;
    given.finish()?;
    let read = viewer.read(api.database(), viewer::Plan::Fixed, (), |db, ()| {
        Box::pin(all(db))
    });
    let items = read.await?;
    let body = answer::written(&PlanList { items }, 1024);
    Ok(answer::tagged_bytes(&headers, body.to_vec()))
}

/// The plan of the subscription that gives an account access now; none without one.
pub(crate) async fn of_account(
    db: &mut PgConnection,
    account: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<SubscriptionPlan>> {
    let subscriptions = row::read(db, Some(account), MOST_SUBSCRIPTIONS).await?;
    let mut giving_access = subscriptions.iter().filter(|row| row.entitled(now));
    if let Some(plan) = giving_access.next().and_then(|row| row.plan.as_ref()) {
        return Ok(all(db).await?.into_iter().find(|known| known.id == *plan));
    }
    // Somebody may be paying for nothing: PayPal's plan is missing in ours, or was not taken as it is.
    let is_running = |status: Option<&str>| matches!(status, Some("ACTIVE") | None);
    for row in &subscriptions {
        if row.plan.is_none() && is_running(row.status.as_deref()) {
            tracing::warn!(
                subscription = row.id,
                "a subscription gives no access: PayPal names no plan as we offer it"
            );
        }
    }
    Ok(None)
}

async fn all(db: &mut PgConnection) -> sqlx::Result<Vec<SubscriptionPlan>> {
    let rows = sqlx::query!(
        "select id, name, price_minor, currency, number_limit
        from account.plans order by position, id"
    )
    .fetch_all(db)
    .await?;
    let plans = rows.into_iter().map(|row| SubscriptionPlan {
        id: row.id,
        name: row.name,
        price: Money {
            amount_minor: row.price_minor,
            currency: row.currency,
        },
        number_limit: row.number_limit,
    });
    Ok(plans.collect())
}
