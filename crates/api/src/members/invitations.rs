//! `/api/members/invitations`: the owner asks somebody to join. The link is mailed to the address and
//! works for that address's owner alone ([`joining`](super::joining)).

use super::MOST;
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    limits::MailFor,
    moment::Moment,
    origin::Origin,
    outbox::{self, Fact},
    parameters::{self, Parameters},
    problem::{ConflictProblem, MissingProblem, Problem, WriteProblems},
    session, text,
    viewer::{Right, Role, Viewer},
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

/// How long somebody has to answer.
const LASTS: TimeDelta = TimeDelta::days(7);

/// Invitations of one account in a day: each writes to a stranger's mailbox.
const MOST_A_DAY: i64 = 20;

/// When an address that had many may be sent another one.
const INVITED_AGAIN_SECONDS: u16 = 300;

/// Somebody who was asked to join.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: Uuid,
    /// Where it was sent.
    #[schema(example = "grace@example.com")]
    pub email: String,
    /// What they would be.
    #[schema(value_type = super::GivenRole)]
    pub role: String,
    /// When they were asked.
    pub created_at: Moment,
    /// Until when they can answer; past, when they did not.
    pub expires_at: Moment,
}

/// Whom to ask.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationAsked {
    /// Their address.
    #[schema(example = "grace@example.com", format = Email, max_length = 254)]
    email: String,
    /// `manager` or `reader`.
    #[schema(value_type = super::GivenRole)]
    role: String,
}

/// The invitations of an account that nobody has answered.
pub(super) async fn read(db: &mut PgConnection, account: Uuid) -> sqlx::Result<Vec<Invitation>> {
    sqlx::query_as!(
        Invitation,
        r#"select id, email, role, created_at as "created_at: Moment", expires_at as "expires_at: Moment"
        from account.invitations
        where account_id = $1 and accepted_at is null and revoked_at is null
        order by created_at desc, id"#,
        account,
    )
    .fetch_all(db)
    .await
}

/// Invites somebody.
///
/// Wants a fresh proof. A link is mailed to the address; it works once, for seven days. An open
/// invitation of the same address is replaced, and its link ends. An account has at most 50 members
/// and open invitations (409 `member-limit`) and sends at most 20 invitations a day, and an address
/// gets few of them from all accounts together (429).
#[utoipa::path(
    post, operation_id = "invite_member", path = "/api/members/invitations", tag = "members",
    request_body = InvitationAsked,
    responses((status = 201, description = "They are invited", body = Invitation), ConflictProblem, WriteProblems)
)]
pub async fn invite(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(asked): Body<InvitationAsked>,
) -> Result<Response, Problem> {
    let now = clock::now();
    viewer.require(Right::Own)?;
    viewer.require_proof(now)?;
    given.finish()?;
    let mut fields = Fields::default();
    let email = fields.take("email", asked.email, text::email);
    let role = fields.take("role", asked.role, super::given_role);
    fields.finish()?;
    let (id, owner, database) = (Uuid::new_v4(), viewer.clone(), api.database().clone());
    let token_hash = session::hash(&api.keyring().mail_link(id));
    let invitation = Invitation {
        id,
        email: email.unwrap_or_default(),
        role: role.map_or("", Role::word).to_owned(),
        created_at: Moment(now),
        expires_at: Moment(now + LASTS),
    };
    let invitation = viewer
        .write(&database, move |db| {
            Box::pin(async move {
                refuse(db, owner.account(), now, &invitation.email).await?;
                owner.hold_for_write(db).await?;
                let (limits, to) = (api.limits(), invitation.email.as_str());
                // Before the link that works is replaced by one that nobody would get.
                if !limits.mail_to(MailFor::Invite, to, clock::monotonic()) {
                    let words = "this address was sent as many invitations of late as it may";
                    return Err(Problem::too_many(INVITED_AGAIN_SECONDS, words));
                }
                replace(db, now, &owner, &invitation, &token_hash).await?;
                tell(db, now, &origin, &owner, &invitation).await?;
                Ok(invitation)
            })
        })
        .await?;
    let body = answer::json(answer::written(&invitation, 256));
    Ok((StatusCode::CREATED, body).into_response())
}

/// Whatever stands against an invitation.
async fn refuse(
    db: &mut PgConnection,
    account: Uuid,
    now: DateTime<Utc>,
    email: &str,
) -> Result<(), Problem> {
    // One after the other, or the limits would be counted before any of them is in.
    let own = sqlx::query_scalar!(
        "select email from account.users where id = $1 for no key update",
        account
    )
    .fetch_one(&mut *db)
    .await?;
    if own.to_lowercase() == email {
        let mut fields = Fields::default();
        fields.refuse("email", "is the address of the account's owner");
        return fields.finish();
    }
    let standing = sqlx::query!(
        r#"select
            exists (select from account.members m join account.users u on u.id = m.user_id
                where m.account_id = $1 and lower(u.email) = $2) as "is_member!",
            (select count(*) from account.members where account_id = $1)
                + (select count(*) from account.invitations where account_id = $1 and lower(email) <> $2
                    and accepted_at is null and revoked_at is null and expires_at > $3) as "places!",
            (select count(*) from account.invitations where account_id = $1 and created_at > $4) as "today!""#,
        account,
        email,
        now,
        now - TimeDelta::days(1),
    )
    .fetch_one(&mut *db)
    .await?;
    if standing.is_member {
        return Err(Problem::conflict(
            "already-member",
            "They are a member already",
            "somebody with this address is a member; change their role instead",
        ));
    }
    if standing.places >= MOST {
        return Err(Problem::conflict(
            "member-limit",
            "No more members",
            format!("an account has at most {MOST} members and open invitations"),
        ));
    }
    if standing.today >= MOST_A_DAY {
        return Err(Problem::too_many(
            3600,
            "twenty invitations were sent within a day",
        ));
    }
    Ok(())
}

async fn replace(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    owner: &Viewer,
    invitation: &Invitation,
    token_hash: &[u8],
) -> Result<(), Problem> {
    sqlx::query!(
        "update account.invitations set revoked_at = $3
        where account_id = $1 and lower(email) = $2 and accepted_at is null and revoked_at is null",
        owner.account(),
        invitation.email,
        now,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into account.invitations
            (id, account_id, email, role, token_hash, invited_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)",
        invitation.id,
        owner.account(),
        invitation.email,
        invitation.role,
        token_hash,
        owner.person(),
        invitation.created_at.0,
        invitation.expires_at.0,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn tell(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    origin: &Origin,
    owner: &Viewer,
    invitation: &Invitation,
) -> Result<(), Problem> {
    let invited = account::Invitation {
        account_id: owner.account(),
        invitation_id: invitation.id,
        role: invitation.role.clone(),
    };
    let fact = Fact::about(
        account::MEMBER_INVITED,
        owner.account(),
        invitation.id,
        &invited,
    );
    outbox::record(db, now, fact).await?;
    let act = Act {
        act: "member.invited",
        account: Some(owner.account()),
        actor: Actor::from(owner),
        subject: Some(invitation.id.to_string()),
        detail: json!({ "role": invitation.role }),
    };
    Ok(audit::note(db, now, origin, act).await?)
}

/// Takes an invitation back; its link ends.
#[utoipa::path(
    delete, operation_id = "revoke_invitation", path = "/api/members/invitations/{id}", tag = "members",
    params(("id" = Uuid, Path, description = "The invitation")),
    responses((status = 204, description = "It is taken back"), MissingProblem, WriteProblems)
)]
pub async fn revoke(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::Own)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let (now, owner) = (clock::now(), viewer.clone());
    viewer
        .write(api.database(), move |db| {
            Box::pin(async move {
                let revoked = sqlx::query!(
                    "update account.invitations set revoked_at = $3
                    where id = $1 and account_id = $2 and accepted_at is null and revoked_at is null",
                    id,
                    owner.account(),
                    now,
                )
                .execute(&mut *db)
                .await?;
                if revoked.rows_affected() == 0 {
                    return Err(Problem::not_found("there is no such open invitation"));
                }
                let act = Act {
                    act: "invitation.revoked",
                    account: Some(owner.account()),
                    actor: Actor::from(&owner),
                    subject: Some(id.to_string()),
                    detail: json!({}),
                };
                Ok(audit::note(db, now, &origin, act).await?)
            })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
