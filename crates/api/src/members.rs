//! `/api/members`: who else sees or changes an account's clients. Its owner invites, decides and
//! sends away; members see one another and may leave.
//!
//! What somebody is in an account is looked up with each of their requests
//! ([`viewer`](crate::viewer)), so a change here counts from the next one on.
//!
//! Reading order: here, [`invitations`] (the owner's side), [`joining`] (the invited person's).

pub mod invitations;
pub mod joining;

use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    moment::Moment,
    origin::Origin,
    outbox::{self, Fact},
    parameters::{self, Parameters},
    problem::{MissingProblem, Problem, ReadProblems, WriteProblems},
    viewer::{Plan, Right, Role, Viewer},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use invitations::Invitation;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Members and open invitations of one account together: more than any business we know has, and few
/// enough to be shown on one page.
pub(crate) const MOST: i64 = 50;

/// Who has a part in an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberList {
    /// The owner first, then by name.
    pub members: Vec<Member>,
    /// Who was invited and has not answered, newest first.
    pub invitations: Vec<Invitation>,
}

/// Somebody who has a part in an account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Member {
    /// Their id.
    pub user_id: Uuid,
    /// Their name.
    #[schema(example = "Grace Hopper")]
    pub name: String,
    /// Their address.
    #[schema(example = "grace@example.com")]
    pub email: String,
    /// What they are in it.
    #[schema(value_type = MemberRole)]
    pub role: String,
    /// Since when; for the owner, since the account began.
    pub joined_at: Moment,
}

/// What somebody is in an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MemberRole {
    /// It is theirs.
    Owner,
    /// Changes clients.
    Manager,
    /// Looks.
    Reader,
}

/// What somebody may be made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GivenRole {
    /// Changes clients.
    Manager,
    /// Looks.
    Reader,
}

/// What a member is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// `manager` or `reader`.
    #[schema(value_type = GivenRole)]
    role: String,
}

/// A role that can be given. There is one owner, and it stays the same.
pub(crate) fn given_role(word: impl AsRef<str>) -> Result<Role, String> {
    match Role::of(word.as_ref()) {
        Some(role @ (Role::Manager | Role::Reader)) => Ok(role),
        _ => Err("must be manager or reader".into()),
    }
}

/// Lists members and open invitations.
#[utoipa::path(
    get, operation_id = "list_members", path = "/api/members", tag = "members",
    responses((status = 200, description = "Who has a part in the account", body = MemberList), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let account = viewer.account();
    let list = viewer
        .read(api.database(), Plan::Fixed, account, |db, account| {
            Box::pin(async move {
                Ok(MemberList {
                    members: read(db, *account).await?,
                    invitations: invitations::read(db, *account).await?,
                })
            })
        })
        .await?;
    let size = 64 + (list.members.len() + list.invitations.len()) * 200;
    Ok(answer::json(answer::written(&list, size)))
}

/// The owner and the members of an account.
pub(crate) async fn read(db: &mut PgConnection, account: Uuid) -> sqlx::Result<Vec<Member>> {
    sqlx::query_as!(
        Member,
        r#"select id as "user_id!", name as "name!", email as "email!", role as "role!",
            joined_at as "joined_at!: Moment"
        from (
            select u.id, u.name, u.email, 'owner' as role, u.created_at as joined_at, 0 as place
            from account.users u where u.id = $1
            union all
            select u.id, u.name, u.email, m.role, m.joined_at, 1
            from account.members m join account.users u on u.id = m.user_id and u.deleted_at is null
            where m.account_id = $1
        ) all_of_them
        order by place, lower(name), id"#,
        account,
    )
    .fetch_all(db)
    .await
}

/// Gives a member another role.
///
/// Wants a fresh proof.
#[utoipa::path(
    put, operation_id = "change_member", path = "/api/members/{user_id}", tag = "members", request_body = RoleChange,
    params(("user_id" = Uuid, Path, description = "The member")),
    responses((status = 204, description = "They are that now"), MissingProblem, WriteProblems)
)]
pub async fn change(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(member): Path<String>,
    given: Parameters,
    Body(wanted): Body<RoleChange>,
) -> Result<Response, Problem> {
    let now = clock::now();
    viewer.require(Right::Own)?;
    viewer.require_proof(now)?;
    let member = parameters::path_id("user_id", &member)?;
    given.finish()?;
    let mut fields = Fields::default();
    let role = fields.take("role", wanted.role, given_role);
    fields.finish()?;
    let owner = viewer.clone();
    viewer
        .write(api.database(), move |db| {
            Box::pin(async move {
                owner.hold_for_write(db).await?;
                let place = account::Member {
                    account_id: owner.account(),
                    user_id: member,
                    role: role.map_or("", Role::word).to_owned(),
                };
                set_role(db, &place).await?;
                let fact = (account::MEMBER_CHANGED, &place);
                tell(db, now, &origin, &owner, "member.changed", fact).await
            })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn set_role(db: &mut PgConnection, place: &account::Member) -> Result<(), Problem> {
    let set = sqlx::query!(
        "update account.members set role = $3 where account_id = $1 and user_id = $2",
        place.account_id,
        place.user_id,
        place.role,
    )
    .execute(db)
    .await?;
    match set.rows_affected() {
        0 => Err(nobody()),
        _ => Ok(()),
    }
}

fn nobody() -> Problem {
    Problem::not_found("there is no such member of this account")
}

/// Sends a member away; with one's own id, leaves the account one looks at.
#[utoipa::path(
    delete, operation_id = "remove_member", path = "/api/members/{user_id}", tag = "members",
    params(("user_id" = Uuid, Path, description = "The member")),
    responses((status = 204, description = "They are no member any more"), MissingProblem, WriteProblems)
)]
pub async fn remove(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(member): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    let member = parameters::path_id("user_id", &member)?;
    let leaves = member == viewer.person();
    viewer.require(if leaves {
        Right::BeSomebody
    } else {
        Right::Own
    })?;
    given.finish()?;
    let (now, actor) = (clock::now(), viewer.clone());
    viewer
        .write(api.database(), move |db| {
            Box::pin(async move {
                let role = sqlx::query_scalar!(
                    "delete from account.members where account_id = $1 and user_id = $2 returning role",
                    actor.account(),
                    member,
                )
                .fetch_optional(&mut *db)
                .await?;
                let place = account::Member {
                    account_id: actor.account(),
                    user_id: member,
                    role: role.ok_or_else(nobody)?,
                };
                let act = if leaves { "member.left" } else { "member.removed" };
                let fact = (account::MEMBER_REMOVED, &place);
                tell(db, now, &origin, &actor, act, fact).await
            })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn tell(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    origin: &Origin,
    actor: &Viewer,
    act: &str,
    (kind, place): (&str, &account::Member),
) -> Result<(), Problem> {
    let fact = Fact::about(kind, place.account_id, place.user_id, place);
    outbox::record(db, now, fact).await?;
    let act = Act {
        act,
        account: Some(place.account_id),
        actor: Actor::from(actor),
        subject: Some(place.user_id.to_string()),
        detail: json!({ "role": place.role }),
    };
    Ok(audit::note(db, now, origin, act).await?)
}
