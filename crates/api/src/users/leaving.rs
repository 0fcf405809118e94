//! `DELETE /api/users/account`: somebody wants to leave. Nothing is taken away before thirty days are
//! over, and until then they can sign in and stay. [`ending`](super::ending) does what is due.

use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    moment::Moment,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{ConflictProblem, Problem, WriteProblems},
    viewer::{Right, Viewer},
};
use axum::{extract::State, http::StatusCode, response::IntoResponse as _, response::Response};
use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long somebody can change their mind.
pub(crate) const GRACE: TimeDelta = TimeDelta::days(30);

/// What shows that somebody means it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Leaving {
    /// The address of the account, typed once more.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// When an account goes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Due {
    /// Then, unless its owner says before that they stay.
    pub deletion_due_at: Moment,
}

/// Asks for the account to be deleted in thirty days.
///
/// Asking again changes nothing: the day stays the one of the first time. A service administrator
/// must stop being one before (409 `administrator`).
#[utoipa::path(
    delete, operation_id = "delete_account", path = "/api/users/account", tag = "users", request_body = Leaving,
    responses((status = 200, description = "The account goes then", body = Due), ConflictProblem, WriteProblems)
)]
pub async fn ask(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(leaving): Body<Leaving>,
) -> Result<Response, Problem> {
    let now = clock::now();
    viewer.require(Right::BeSomebody)?;
    viewer.require_proof(now)?;
    given.finish()?;
    let (person, actor) = (viewer.person(), Actor::from(&viewer));
    let due_at = viewer
        .write(api.database(), move |db| {
            Box::pin(async move { mark(db, now, &origin, (person, actor), &leaving.email).await })
        })
        .await?;
    let due = Due {
        deletion_due_at: Moment(due_at),
    };
    Ok(answer::json(answer::written(&due, 64)))
}

async fn mark(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    origin: &Origin,
    (person, actor): (Uuid, Actor),
    typed: &str,
) -> Result<DateTime<Utc>, Problem> {
    let user = sqlx::query!(
        "select email, role, deletion_due_at from account.users where id = $1 for no key update",
        person
    )
    .fetch_one(&mut *db)
    .await?;
    if typed.trim().to_lowercase() != user.email.to_lowercase() {
        let mut fields = Fields::default();
        fields.refuse("email", "is not the address of this account");
        fields.finish()?;
    }
    if user.role == "admin" {
        return Err(Problem::conflict(
            "administrator",
            "An administrator cannot leave",
            "another administrator must take the role away first",
        ));
    }
    if let Some(due_at) = user.deletion_due_at {
        return Ok(due_at);
    }
    // As precise as the database keeps it, so that fact, row and answer name one instant.
    let due_at = (now + GRACE).trunc_subsecs(3);
    sqlx::query!(
        "update account.users set deletion_due_at = $2 where id = $1",
        person,
        due_at
    )
    .execute(&mut *db)
    .await?;
    let deletion = account::Deletion {
        user_id: person,
        due_at,
    };
    let fact = Fact::about(account::DELETION_REQUESTED, person, person, &deletion);
    outbox::record(db, now, fact).await?;
    let act = Act {
        act: "user.deletion_requested",
        account: Some(person),
        actor,
        subject: Some(person.to_string()),
        detail: json!({ "due_at": due_at }),
    };
    audit::note(db, now, origin, act).await?;
    Ok(due_at)
}

/// Keeps the account after all.
///
/// Also answers 204 when it was not to be deleted.
#[utoipa::path(
    post, operation_id = "keep_account", path = "/api/users/account/keep", tag = "users",
    responses((status = 204, description = "The account stays"), WriteProblems)
)]
pub async fn keep(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let (person, actor, now) = (viewer.person(), Actor::from(&viewer), clock::now());
    viewer
        .write(api.database(), move |db| {
            Box::pin(async move { unmark(db, now, &origin, person, actor).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn unmark(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    origin: &Origin,
    person: Uuid,
    actor: Actor,
) -> Result<(), Problem> {
    let kept = sqlx::query!(
        "update account.users set deletion_due_at = null
        where id = $1 and deletion_due_at is not null and deleted_at is null",
        person
    )
    .execute(&mut *db)
    .await?;
    if kept.rows_affected() == 0 {
        return Ok(());
    }
    let user = account::User { user_id: person };
    let fact = Fact::about(account::DELETION_CANCELLED, person, person, &user);
    outbox::record(db, now, fact).await?;
    let act = Act {
        act: "user.deletion_cancelled",
        account: Some(person),
        actor,
        subject: Some(person.to_string()),
        detail: json!({}),
    };
    Ok(audit::note(db, now, origin, act).await?)
}
