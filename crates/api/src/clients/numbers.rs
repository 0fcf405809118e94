//! `…/clients/{id}/numbers`: numbers come to a client and leave it, and nothing of that is ever
//! rewritten: whose a call was is answered from it for ever.
//!
//! Whether a number is somebody else's is the database's answer, yes or no
//! (`account.assign_number`): this code cannot see whose it is, so it cannot tell.

pub(super) mod numbering_plan;

use super::{
    Client,
    change::{self, ChangeKind},
    lock, missing, row,
};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    moment::Moment,
    origin::Origin,
    parameters::{self, Parameters},
    problem::{ConflictProblem, MissingProblem, Problem, ReadProblems, WriteProblems},
    subscriptions::plans,
    text,
    viewer::{Plan, Right, Viewer},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// More than a client is ever given; what one answer may hold.
const MOST_SHOWN: i64 = 1_000;

/// Times in a day that numbers come to an account or leave it. Each is kept for ever, because whose a call
/// was is answered from it.
const MOST_A_DAY: i64 = 500;

/// A number to be given to a client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedNumber {
    /// E.164; spaces, dashes, dots and brackets between the digits are left out.
    #[schema(example = "+12025550147")]
    number: String,
}

/// A number that a client has or had.
#[derive(Debug, Serialize, ToSchema)]
pub struct Assignment {
    /// E.164.
    #[schema(example = "+12025550147")]
    pub number: String,
    /// Calls to it are this client's from here on.
    pub assigned_at: Moment,
    /// And up to here; null while it has it.
    pub released_at: Option<Moment>,
}

/// The numbers of a client through time.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssignmentList {
    /// The last one first.
    pub items: Vec<Assignment>,
}

/// Gives a number to a client.
///
/// Numbers are counted over all clients of the account. 409 `no-subscription` when nothing is
/// subscribed to, `number-limit` when the plan's numbers are in use, `number-taken` when it is in use
/// elsewhere, whoever that is. 429 when numbers of the account, or settings and numbers of the client,
/// were changed too often within a day.
#[utoipa::path(
    post, operation_id = "assign_number", path = "/api/clients/{id}/numbers", tag = "clients",
    params(("id" = Uuid, Path, description = "The client")), request_body = WantedNumber,
    responses(
        (status = 200, description = "It had the number already", body = Client),
        (status = 201, description = "The client with the number", body = Client),
        ConflictProblem, MissingProblem, WriteProblems
    )
)]
pub async fn assign(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(id): Path<String>,
    given: Parameters,
    Body(wanted): Body<WantedNumber>,
) -> Result<Response, Problem> {
    viewer.require(Right::EditClients)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let mut fields = Fields::default();
    let number = fields.take("number", wanted.number, |given| {
        text::phone_number(given).and_then(numbering_plan::dialable)
    });
    fields.finish()?;
    let number = number.ok_or_else(Problem::internal)?;
    let (by, now) = (viewer.clone(), clock::now());
    let change = viewer.write(api.database(), move |db| {
        Box::pin(async move { assigned(db, &by, now, &origin, id, &number).await })
    });
    let (status, client) = change.await?;
    Ok((status, answer::json(answer::written(&client, 4096))).into_response())
}

async fn assigned(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    origin: &Origin,
    id: Uuid,
    number: &str,
) -> Result<(StatusCode, Client), Problem> {
    lock::take(db, viewer.account()).await?;
    let before = row::one(db, id).await?.ok_or_else(missing)?;
    if before.numbers.iter().any(|held| held == number) {
        return Ok((StatusCode::OK, before.into()));
    }
    if before.transfer_number.as_deref() == Some(number) {
        let mut fields = Fields::default();
        fields.refuse(
            "number",
            "is where this business puts callers through to: the call would come back",
        );
        fields.finish()?;
    }
    allow_another(db, viewer, now).await?;
    refuse_too_many(db, now).await?;
    change::allow_another(db, now, id).await?;
    let said = sqlx::query_scalar!(
        r#"select account.assign_number($1, $2) as "said!""#,
        number,
        id
    )
    .fetch_one(&mut *db)
    .await?;
    match said.as_str() {
        "assigned" => {}
        "taken" => return Err(taken()),
        said => {
            tracing::error!(said, "a number was neither assigned nor taken");
            return Err(Problem::internal());
        }
    }
    change::tell_of_number(db, viewer, now, id, account::NUMBER_ASSIGNED, number).await?;
    let kind = ChangeKind::NumberAssigned;
    let client = changed(db, viewer, now, origin, &before, kind).await?;
    Ok((StatusCode::CREATED, client))
}

/// Takes a number from a client.
///
/// It is free at once, for anybody. Calls that came to it before stay this client's.
#[utoipa::path(
    delete, operation_id = "release_number", path = "/api/clients/{id}/numbers/{number}", tag = "clients",
    params(
        ("id" = Uuid, Path, description = "The client"),
        ("number" = String, Path, description = "The number, E.164", example = "+12025550147")
    ),
    responses((status = 200, description = "The client without the number", body = Client), MissingProblem, WriteProblems)
)]
pub async fn release(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path((id, number)): Path<(String, String)>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::EditClients)?;
    let id = parameters::path_id("id", &id)?;
    let number = parameters::path_number("number", &number)?;
    given.finish()?;
    let (by, now) = (viewer.clone(), clock::now());
    let change = viewer.write(api.database(), move |db| {
        Box::pin(async move {
            lock::take(db, by.account()).await?;
            let before = row::one(db, id).await?.ok_or_else(missing)?;
            let_go(db, &by, now, id, &number).await?;
            let kind = ChangeKind::NumberReleased;
            changed(db, &by, now, &origin, &before, kind).await
        })
    });
    let client = change.await?;
    Ok(answer::json(answer::written(&client, 4096)))
}

/// Lists the numbers a client has and had, the last one first.
#[utoipa::path(
    get, operation_id = "list_numbers", path = "/api/clients/{id}/numbers", tag = "clients",
    params(("id" = Uuid, Path, description = "The client")),
    responses((status = 200, description = "Its numbers through time", body = AssignmentList), MissingProblem, ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadClients)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let read = viewer.read(api.database(), Plan::Fixed, id, |db, id| {
        Box::pin(history(db, *id))
    });
    let items = read.await?.ok_or_else(missing)?;
    Ok(answer::json(answer::written(
        &AssignmentList { items },
        1024,
    )))
}

/// Releases a number of a client and tells of it. Under the account's lock.
pub(super) async fn let_go(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    client: Uuid,
    number: &str,
) -> Result<(), Problem> {
    let said = sqlx::query_scalar!(
        r#"select account.release_number($1, $2) as "said!""#,
        number,
        client
    )
    .fetch_one(&mut *db)
    .await?;
    if said != "released" {
        return Err(Problem::not_found("this client has no such number"));
    }
    let fact = account::NUMBER_RELEASED;
    Ok(change::tell_of_number(db, viewer, now, client, fact, number).await?)
}

/// Whether the account's plan has a number left. Under the account's lock, so two that ask at once are
/// not both given the last one.
async fn allow_another(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some(plan) = plans::of_account(db, viewer.account(), now).await? else {
        return Err(Problem::conflict(
            "no-subscription",
            "A subscription is needed",
            "a number is put into service with a subscription; subscribe to a plan first",
        ));
    };
    let Some(limit) = plan.number_limit else {
        return Ok(());
    };
    let held = sqlx::query_scalar!(
        r#"select count(*) as "held!" from (
            select distinct on (number) client_id
            from account.number_assignments
            order by number, assigned_at desc, id desc
        ) last where client_id is not null"#
    )
    .fetch_one(db)
    .await?;
    if held < i64::from(limit) {
        return Ok(());
    }
    let numbers = if limit == 1 { "number" } else { "numbers" };
    Err(Problem::conflict(
        "number-limit",
        "All numbers of the plan are in use",
        format!(
            "the plan {} has {limit} {numbers} for all businesses together, and {held} in use; \
             release one, or change to a larger plan",
            plan.name
        ),
    ))
}

/// Whether numbers of the account came and went too often today. Under the account's lock. A release is
/// not refused: it comes no oftener than what it takes back.
async fn refuse_too_many(db: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Problem> {
    let today = sqlx::query_scalar!(
        r#"select count(*) as "today!" from account.number_assignments where assigned_at > $1"#,
        now - TimeDelta::days(1),
    )
    .fetch_one(db)
    .await?;
    if today < MOST_A_DAY {
        return Ok(());
    }
    Err(Problem::too_many(
        3600,
        "numbers were assigned and released five hundred times within a day",
    ))
}

fn taken() -> Problem {
    Problem::conflict(
        "number-taken",
        "This number is in use",
        "this number is in use; release it where it is used first, or write to us if it is yours",
    )
}

/// Writes down that the numbers of a client are others than before, and shows it.
async fn changed(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    origin: &Origin,
    before: &row::ClientRow,
    kind: ChangeKind,
) -> Result<Client, Problem> {
    let id = before.id;
    sqlx::query!(
        "update account.clients set updated_at = $2 where id = $1",
        id,
        now
    )
    .execute(&mut *db)
    .await?;
    let row = row::one(db, id).await?.ok_or_else(missing)?;
    let changes = change::of_one("numbers", &before.numbers, &row.numbers);
    change::write_down(db, viewer, now, id, kind, &changes, &row.settings()).await?;
    let act = Act {
        act: match kind {
            ChangeKind::NumberReleased => "number.released",
            _ => "number.assigned",
        },
        account: Some(viewer.account()),
        actor: Actor::from(viewer),
        subject: Some(id.to_string()),
        detail: json!({}),
    };
    audit::note(db, now, origin, act).await?;
    Ok(row.into())
}

async fn history(db: &mut PgConnection, client: Uuid) -> sqlx::Result<Option<Vec<Assignment>>> {
    if row::one(db, client).await?.is_none() {
        return Ok(None);
    }
    let items = sqlx::query_as!(
        Assignment,
        // What ends an assignment is the next row of its number.
        r#"select number as "number!", assigned_at as "assigned_at!: Moment", released_at as "released_at: Moment"
        from (
            select number, client_id, id, assigned_at,
                lead(assigned_at) over (partition by number order by assigned_at, id) as released_at
            from account.number_assignments
        ) history
        where client_id = $1
        order by assigned_at desc, id desc
        limit $2"#,
        client,
        MOST_SHOWN,
    )
    .fetch_all(db)
    .await?;
    Ok(Some(items))
}
