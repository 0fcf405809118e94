//! `/api/invitations`: the side of who was invited. The link shows what it is about to whoever holds
//! it; only somebody who is signed in and whose own proven address it was sent to can accept.

use super::MOST;
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    auth::me::{self, Me, Who},
    body::Body,
    moment::Moment,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{ConflictProblem, LinkProblem, Problem, WriteProblems},
    session,
    users::email::Link,
    viewer::{Means, Right, Viewer},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// What an invitation is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationShown {
    /// The name of the account's owner.
    #[schema(example = "Ada Lovelace")]
    pub account_name: String,
    /// The address that was invited.
    #[schema(example = "grace@example.com")]
    pub email: String,
    /// What they would be.
    #[schema(value_type = super::GivenRole)]
    pub role: String,
    /// Until when it can be accepted.
    pub expires_at: Moment,
}

/// Shows what an invitation is about, to who holds its link.
#[utoipa::path(
    post, operation_id = "show_invitation", path = "/api/invitations/show", tag = "members", security(()),
    request_body = Link,
    responses((status = 200, description = "What it is about", body = InvitationShown), LinkProblem, ConflictProblem, WriteProblems)
)]
pub async fn show(
    State(api): State<Api>,
    given: Parameters,
    Body(link): Body<Link>,
) -> Result<Response, Problem> {
    given.finish()?;
    let (now, token_hash) = (clock::now(), session::hash(&link.token));
    let open = api
        .database()
        .auth(move |db| Box::pin(async move { open(db, now, &token_hash).await }))
        .await?;
    let shown = InvitationShown {
        account_name: open.account_name,
        email: open.email,
        role: open.role,
        expires_at: Moment(open.expires_at),
    };
    Ok(answer::json(answer::written(&shown, 256)))
}

struct Open {
    id: Uuid,
    account: Uuid,
    account_name: String,
    email: String,
    role: String,
    expires_at: DateTime<Utc>,
}

/// The link's invitation, locked, if it can still be accepted.
async fn open(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    token_hash: &[u8],
) -> Result<Open, Problem> {
    let row = sqlx::query!(
        r#"select i.id, i.account_id, a.name as account_name, i.email, i.role, i.expires_at,
            i.accepted_at is not null as "accepted!", i.revoked_at is not null as "revoked!"
        from account.invitations i
        join account.users a on a.id = i.account_id and a.deleted_at is null and a.suspended_at is null
        where i.token_hash = $1
        for no key update of i, a"#,
        token_hash,
    )
    .fetch_optional(db)
    .await?
    .ok_or_else(Problem::link_over)?;
    if row.accepted {
        return Err(Problem::conflict(
            "already-used",
            "Accepted already",
            "this invitation was accepted already",
        ));
    }
    if row.revoked || row.expires_at <= now {
        return Err(Problem::link_over());
    }
    Ok(Open {
        id: row.id,
        account: row.account_id,
        account_name: row.account_name,
        email: row.email,
        role: row.role,
        expires_at: row.expires_at,
    })
}

/// Accepts an invitation.
///
/// For somebody who is signed in with the invited address (403 `other-address`). A browser then acts
/// for the account it joined. Of two that accept at once, one is told 409 `already-used`.
#[utoipa::path(
    post, operation_id = "accept_invitation", path = "/api/invitations/accept", tag = "members", request_body = Link,
    responses((status = 200, description = "Who is signed in, for the account joined", body = Me), LinkProblem, ConflictProblem, WriteProblems)
)]
pub async fn accept(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(link): Body<Link>,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let (now, token_hash) = (clock::now(), session::hash(&link.token));
    let me = api
        .database()
        .auth(move |db| {
            Box::pin(async move {
                let invitation = open(db, now, &token_hash).await?;
                join(db, now, &viewer, &invitation).await?;
                tell(db, now, &origin, &viewer, &invitation).await?;
                let who = act_for(db, &viewer, invitation.account).await?;
                me::read(db, who, now).await
            })
        })
        .await?;
    Ok(answer::json(answer::written(&me, 1024)))
}

async fn join(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    viewer: &Viewer,
    invitation: &Open,
) -> Result<(), Problem> {
    let person = viewer.person();
    let standing = sqlx::query!(
        r#"select email,
            exists (select from account.members where account_id = $2 and user_id = $1) as "is_member!",
            (select count(*) from account.members where account_id = $2) as "members!"
        from account.users where id = $1"#,
        person,
        invitation.account,
    )
    .fetch_one(&mut *db)
    .await?;
    if standing.email.to_lowercase() != invitation.email.to_lowercase() {
        return Err(Problem::other_address());
    }
    // The owner has taken the invited address meanwhile, or a member has.
    if standing.is_member || person == invitation.account {
        return Err(Problem::conflict(
            "already-member",
            "You belong to it already",
            "you have a part in this account already",
        ));
    }
    if standing.members >= MOST {
        return Err(Problem::conflict(
            "member-limit",
            "No more members",
            format!("an account has at most {MOST} members"),
        ));
    }
    sqlx::query!(
        "update account.invitations set accepted_at = $2, accepted_by = $3 where id = $1",
        invitation.id,
        now,
        person,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into account.members (account_id, user_id, role, joined_at) values ($1, $2, $3, $4)",
        invitation.account,
        person,
        invitation.role,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A browser's session turns to the account; a program's token says for whom it is by itself.
async fn act_for(db: &mut PgConnection, viewer: &Viewer, account: Uuid) -> sqlx::Result<Who> {
    let Means::Session { id, .. } = viewer.means() else {
        return Ok(Who::from(viewer));
    };
    sqlx::query!(
        "update account.sessions set account_id = $2 where id = $1",
        *id,
        account
    )
    .execute(db)
    .await?;
    Ok(Who {
        person: viewer.person(),
        account,
        session: Some(*id),
    })
}

async fn tell(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    origin: &Origin,
    viewer: &Viewer,
    invitation: &Open,
) -> Result<(), Problem> {
    let place = account::Member {
        account_id: invitation.account,
        user_id: viewer.person(),
        role: invitation.role.clone(),
    };
    let fact = Fact::about(
        account::MEMBER_JOINED,
        place.account_id,
        place.user_id,
        &place,
    );
    outbox::record(db, now, fact).await?;
    let act = Act {
        act: "member.joined",
        account: Some(place.account_id),
        actor: Actor::from(viewer),
        subject: Some(place.user_id.to_string()),
        detail: json!({ "role": place.role, "invitation": invitation.id }),
    };
    Ok(audit::note(db, now, origin, act).await?)
}
