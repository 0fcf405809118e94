//! `POST /api/admin/users/{id}/…`: an administrator suspends somebody, makes them an administrator, or
//! takes either back. The reason is kept in the record of acts.
//!
//! Nobody decides about themselves, and whoever decides must still be an administrator when it takes
//! effect. So at least one always remains, also when two demote each other at once.

use super::{
    Administrator,
    users::{self, AdminUser},
};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    origin::Origin,
    outbox::{self, Fact},
    parameters::{self, Parameters},
    problem::{ConflictProblem, MissingProblem, Problem, WriteProblems},
    session, text,
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// In words, for the record: 1 to 500 characters.
    #[schema(
        example = "asked for by telephone, ticket 4711",
        min_length = 1,
        max_length = 500
    )]
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Suspend,
    Resume,
    Promote,
    Demote,
}

/// Suspends somebody: they are signed out everywhere, and neither they nor their keys are let in.
///
/// Wants a fresh proof. 409 `oneself`, 409 `suspended-already`.
#[utoipa::path(
    post, operation_id = "suspend_user", path = "/api/admin/users/{id}/suspend", tag = "admin", request_body = Reason,
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "The user as they stand now", body = AdminUser), ConflictProblem, MissingProblem, WriteProblems)
)]
pub async fn suspend(
    api: State<Api>,
    by: Administrator,
    origin: Origin,
    id: Path<String>,
    given: Parameters,
    reason: Body<Reason>,
) -> Result<Response, Problem> {
    decide(api, by, origin, id, given, (Decision::Suspend, reason)).await
}

/// Ends a suspension.
///
/// 409 `not-suspended`.
#[utoipa::path(
    post, operation_id = "resume_user", path = "/api/admin/users/{id}/resume", tag = "admin", request_body = Reason,
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "The user as they stand now", body = AdminUser), ConflictProblem, MissingProblem, WriteProblems)
)]
pub async fn resume(
    api: State<Api>,
    by: Administrator,
    origin: Origin,
    id: Path<String>,
    given: Parameters,
    reason: Body<Reason>,
) -> Result<Response, Problem> {
    decide(api, by, origin, id, given, (Decision::Resume, reason)).await
}

/// Makes somebody an administrator, who must sign in anew.
///
/// Wants a fresh proof. 409 `administrator-already`, 409 `leaving`.
#[utoipa::path(
    post, operation_id = "promote_user", path = "/api/admin/users/{id}/promote", tag = "admin", request_body = Reason,
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "The user as they stand now", body = AdminUser), ConflictProblem, MissingProblem, WriteProblems)
)]
pub async fn promote(
    api: State<Api>,
    by: Administrator,
    origin: Origin,
    id: Path<String>,
    given: Parameters,
    reason: Body<Reason>,
) -> Result<Response, Problem> {
    decide(api, by, origin, id, given, (Decision::Promote, reason)).await
}

/// Takes the administrator's role away; they must sign in anew.
///
/// Wants a fresh proof. 409 `oneself`, 409 `no-administrator`.
#[utoipa::path(
    post, operation_id = "demote_user", path = "/api/admin/users/{id}/demote", tag = "admin", request_body = Reason,
    params(("id" = Uuid, Path, description = "The user")),
    responses((status = 200, description = "The user as they stand now", body = AdminUser), ConflictProblem, MissingProblem, WriteProblems)
)]
pub async fn demote(
    api: State<Api>,
    by: Administrator,
    origin: Origin,
    id: Path<String>,
    given: Parameters,
    reason: Body<Reason>,
) -> Result<Response, Problem> {
    decide(api, by, origin, id, given, (Decision::Demote, reason)).await
}

async fn decide(
    State(api): State<Api>,
    Administrator(by): Administrator,
    origin: Origin,
    Path(id): Path<String>,
    given: Parameters,
    (decision, Body(why)): (Decision, Body<Reason>),
) -> Result<Response, Problem> {
    let now = clock::now();
    // Giving back what was taken is not dangerous; the rest is.
    if decision != Decision::Resume {
        by.require_proof(now)?;
    }
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let reason = reason(why)?;
    let user = api
        .database()
        .admin(move |db| {
            Box::pin(async move {
                let standing = standing(db, by.person(), id).await?;
                decision.refuse(&standing)?;
                apply(db, now, id, decision).await?;
                let actor = Actor::admin(&by);
                tell(db, now, id, decision, Some(by.person())).await?;
                let act = Act {
                    act: decision.act(),
                    account: Some(id),
                    actor,
                    subject: Some(id.to_string()),
                    detail: json!({ "reason": reason }),
                };
                audit::note(db, now, &origin, act).await?;
                Ok(users::one(db, id).await?)
            })
        })
        .await?;
    let user = user.ok_or_else(Problem::internal)?;
    Ok(answer::json(answer::written(&user, 512)))
}

/// The reason as it is kept.
pub(super) fn reason(given: Reason) -> Result<String, Problem> {
    let mut fields = Fields::default();
    let reason = fields.take("reason", given.reason, |text| {
        match text::lines(LONGEST_REASON)(text)? {
            reason if reason.is_empty() => Err("must not be empty".into()),
            reason => Ok(reason),
        }
    });
    fields.finish()?;
    reason.ok_or_else(Problem::internal)
}

struct Standing {
    is_oneself: bool,
    is_admin: bool,
    is_suspended: bool,
    is_leaving: bool,
}

/// How the user stands, held until the decision is made; checks that whoever decides may still do so.
async fn standing(db: &mut PgConnection, by: Uuid, user: Uuid) -> Result<Standing, Problem> {
    // In the order of their ids, so that two who decide about each other wait and do not deadlock. Not
    // `for update`: a program that draws its next tokens refers to its user while it has what ending
    // them waits for.
    let rows = sqlx::query!(
        r#"select id, role = 'admin' as "admin!", suspended_at is not null as "suspended!",
            deletion_due_at is not null as "leaving!"
        from account.users where id in ($1, $2) and deleted_at is null
        order by id for no key update"#,
        by,
        user,
    )
    .fetch_all(db)
    .await?;
    let find = |id| rows.iter().find(|row| row.id == id);
    if !find(by).is_some_and(|by| by.admin && !by.suspended) {
        return Err(Problem::forbidden("you are no administrator any more"));
    }
    let row = find(user).ok_or_else(|| Problem::not_found("there is no user with this id"))?;
    Ok(Standing {
        is_oneself: by == user,
        is_admin: row.admin,
        is_suspended: row.suspended,
        is_leaving: row.leaving,
    })
}

impl Decision {
    fn act(self) -> &'static str {
        match self {
            Self::Suspend => "user.suspended",
            Self::Resume => "user.resumed",
            Self::Promote => "user.promoted",
            Self::Demote => "user.demoted",
        }
    }

    fn fact(self) -> &'static str {
        match self {
            Self::Suspend => account::SUSPENDED,
            Self::Resume => account::RESUMED,
            Self::Promote => account::PROMOTED,
            Self::Demote => account::DEMOTED,
        }
    }

    /// Whatever stands against it.
    fn refuse(self, standing: &Standing) -> Result<(), Problem> {
        let refused = match self {
            Self::Suspend | Self::Demote if standing.is_oneself => Some((
                "oneself",
                "Not oneself",
                "another administrator must decide about you",
            )),
            Self::Suspend if standing.is_suspended => Some((
                "suspended-already",
                "Suspended already",
                "this user is suspended already",
            )),
            Self::Resume if !standing.is_suspended => Some((
                "not-suspended",
                "Not suspended",
                "this user is not suspended",
            )),
            Self::Promote if standing.is_admin => Some((
                "administrator-already",
                "An administrator already",
                "this user is an administrator already",
            )),
            // Whose account goes takes the role along: the last administrator could be gone with it.
            Self::Promote if standing.is_leaving => Some((
                "leaving",
                "Leaving",
                "this user's account is to be deleted; they must keep it first",
            )),
            Self::Demote if !standing.is_admin => Some((
                "no-administrator",
                "No administrator",
                "this user is no administrator",
            )),
            _ => None,
        };
        match refused {
            Some((kind, title, detail)) => Err(Problem::conflict(kind, title, detail)),
            None => Ok(()),
        }
    }
}

async fn apply(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    user: Uuid,
    decision: Decision,
) -> sqlx::Result<()> {
    match decision {
        Decision::Suspend => {
            sqlx::query!(
                "update account.users set suspended_at = $2 where id = $1",
                user,
                now
            )
            .execute(&mut *db)
            .await?;
            session::end_others(db, user, None).await
        }
        Decision::Resume => {
            sqlx::query!(
                "update account.users set suspended_at = null where id = $1",
                user
            )
            .execute(db)
            .await?;
            Ok(())
        }
        Decision::Promote => set_role(db, user, "admin").await,
        Decision::Demote => set_role(db, user, "owner").await,
    }
}

/// What somebody may do changes with it, so sessions begin anew.
async fn set_role(db: &mut PgConnection, user: Uuid, role: &str) -> sqlx::Result<()> {
    sqlx::query!(
        "update account.users set role = $2 where id = $1",
        user,
        role
    )
    .execute(&mut *db)
    .await?;
    session::end_others(db, user, None).await
}

async fn tell(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    user: Uuid,
    decision: Decision,
    by: Option<Uuid>,
) -> sqlx::Result<()> {
    let standing = account::Standing { user_id: user, by };
    let fact = Fact::about(decision.fact(), user, user, &standing);
    outbox::record(db, now, fact).await
}

/// Makes somebody an administrator by the operator's hand. `None` when nobody has the address,
/// `Some(false)` when they are one already.
///
/// # Errors
/// When their account is to be deleted, or the database is away.
pub(crate) async fn promote_by_hand(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    email: &str,
) -> Result<Option<bool>, Problem> {
    let user = sqlx::query!(
        r#"select id, role = 'admin' as "admin!", deletion_due_at is not null as "leaving!" from account.users
        where lower(email) = lower($1) and deleted_at is null for no key update"#,
        email,
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(user) = user else { return Ok(None) };
    if user.admin {
        return Ok(Some(false));
    }
    if user.leaving {
        return Err(Problem::conflict(
            "leaving",
            "Leaving",
            "their account is to be deleted; they must keep it first",
        ));
    }
    apply(db, now, user.id, Decision::Promote).await?;
    tell(db, now, user.id, Decision::Promote, None).await?;
    let act = Act {
        act: Decision::Promote.act(),
        account: Some(user.id),
        actor: Actor::SYSTEM,
        subject: Some(user.id.to_string()),
        detail: json!({ "reason": "an operator's command" }),
    };
    audit::note(db, now, None, act).await?;
    Ok(Some(true))
}
