//! `GET /api/subscriptions`: each account the viewer may see, with what it is subscribed to.
//!
//! An account is a user: a user pays, for all of their clients together. Whoever logged in sees
//! one; the development token sees all, and a page that mixed them would add up strangers' money.

use super::{Subscription, row};
use crate::{
    Api, answer,
    freshness::Freshness,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    viewer::{Plan, Right, Viewer},
};
use axum::{extract::State, response::Response};
use frontdesk_process::clock;
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::{HashMap, hash_map::Entry};
use utoipa::ToSchema;
use uuid::Uuid;

/// More accounts than one page can show; more subscriptions than they have.
const MOST: i64 = 1_000;

/// An account and what it is subscribed to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    /// The user; null for a subscription whose PayPal `custom_id` is nobody's billing key.
    pub user_id: Option<Uuid>,
    /// Their name.
    pub user_name: Option<String>,
    /// The one that gives access, else the latest; null when there is none.
    pub subscription: Option<Subscription>,
}

/// All accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountList {
    /// By name; at the end the subscriptions of nobody and of who has left.
    pub items: Vec<Account>,
    /// How current this is.
    pub freshness: Freshness,
}

/// Lists the accounts with their subscriptions.
#[utoipa::path(
    get, operation_id = "list_subscriptions", path = "/api/subscriptions", tag = "billing",
    responses((status = 200, description = "Each account with its subscription", body = AccountList), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadBilling)?;
    given.finish()?;
    let freshness = api.board().billing();
    let (users, rows) = viewer
        .read(api.database(), Plan::ByValues, (), |db, ()| {
            Box::pin(read(db))
        })
        .await?;
    let items = accounts(users, rows);
    let size = 256 + items.len() * 900;
    Ok(answer::json(answer::written(
        &AccountList { items, freshness },
        size,
    )))
}

struct UserRow {
    id: Uuid,
    name: String,
}

async fn read(db: &mut PgConnection) -> sqlx::Result<(Vec<UserRow>, Vec<row::SubscriptionRow>)> {
    let users = sqlx::query_as!(
        UserRow,
        "select id, name from account.users where deleted_at is null order by lower(name), id limit $1",
        MOST,
    )
    .fetch_all(&mut *db)
    .await?;
    Ok((users, row::read(db, None, MOST).await?))
}

fn accounts(users: Vec<UserRow>, rows: Vec<row::SubscriptionRow>) -> Vec<Account> {
    let now = clock::now();
    let (mut of_users, mut of_nobody) = (HashMap::new(), Vec::new());
    for row in rows {
        let subscription = row.into_subscription(now);
        match subscription.user_id {
            // The first of a user's is the one that counts.
            Some(user) => {
                if let Entry::Vacant(place) = of_users.entry(user) {
                    place.insert(subscription);
                }
            }
            None => of_nobody.push(subscription),
        }
    }
    let mut all: Vec<Account> = users
        .into_iter()
        .map(|user| Account {
            subscription: of_users.remove(&user.id),
            user_id: Some(user.id),
            user_name: Some(user.name),
        })
        .collect();
    // Of nobody, or of somebody who has left: money may still move.
    let mut rest: Vec<Subscription> = of_users.into_values().chain(of_nobody).collect();
    rest.sort_by(|a, b| a.id.cmp(&b.id));
    all.extend(rest.into_iter().map(|subscription| Account {
        user_id: subscription.user_id,
        user_name: None,
        subscription: Some(subscription),
    }));
    all
}
