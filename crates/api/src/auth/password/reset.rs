//! `POST /api/auth/password/reset`: another password by the link of a mail.
//!
//! This is how the owner of a mailbox takes an account back, so nothing that somebody else may have
//! opened or left in it survives: sessions, programs' tokens, links under way, open invitations, the API
//! keys this person made, and logins at providers under another address than the account's. The second
//! factor stays, and so does what was counted against guesses of its codes: a mailbox alone must not
//! replace it. Nobody is signed in by it either.

use super::{Whose, hold, set};
use crate::{
    Api,
    audit::{self, Act, Actor},
    auth::failures::{self, Tried},
    body::Body,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{LinkProblem, OpenWriteProblems, Problem},
    session,
};
use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account::{IDENTITY_UNLINKED, Identity, KEY_REVOKED, Key};
use frontdesk_process::{clock, keyring};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// What the link carried, and the password from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordReset)]
pub struct Wanted {
    /// What stands behind the # of the link.
    #[schema(example = "1FVY5PtoRDokl4PHZwODXxa0JwyVrMpqclpdOgJUdNk")]
    token: String,
    /// 8 to 128 characters, none of the most common passwords.
    #[schema(example = "four bells by ten")]
    password: String,
}

/// Sets another password by the link of a mail. Ends all sessions, and revokes the API keys that this
/// person made.
#[utoipa::path(
    post, operation_id = "reset_password", path = "/api/auth/password/reset", tag = "auth", security(()),
    request_body = Wanted,
    responses((status = 204, description = "It is the password now"), OpenWriteProblems, LinkProblem)
)]
pub async fn reset(
    State(api): State<Api>,
    origin: Origin,
    given: Parameters,
    Body(wanted): Body<Wanted>,
) -> Result<StatusCode, Problem> {
    given.finish()?;
    api.limits()
        .try_secret(origin.address, clock::monotonic())?;
    let now = clock::now();
    let token_hash = keyring::hash(&wanted.token).to_vec();
    // Looked at first: what is no link costs no hash, and a bad password does not use one up.
    let whose = whose(&api, token_hash.clone(), now).await?;
    let password = whose.accept(wanted.password)?;
    let hash = api.hasher().hash(password).await?;
    let taken = api.database().auth(move |db| {
        Box::pin(async move {
            let Some(user) = take(db, &token_hash, now).await? else {
                return Ok(false);
            };
            hold(db, user).await?;
            set(db, user, &hash, None, now).await?;
            revoke_keys(db, user, now).await?;
            unlink_strangers(db, user, now).await?;
            revoke_invitations(db, &origin, user, now).await?;
            // Once more, for who came in by such a login while the first time went on.
            session::end_others(db, user, None).await?;
            for tried in Tried::passwords(&whose.email, &origin) {
                failures::forgive(db, &tried).await?;
            }
            // Guesses at the password before: whoever has the mailbox is not kept out by them.
            failures::forgive(db, &Tried::afar(&whose.email)).await?;
            let act = Act {
                act: "user.password_reset",
                account: Some(user),
                actor: Actor::person(user),
                subject: Some(user.to_string()),
                detail: json!({}),
            };
            audit::note(db, now, &origin, act).await?;
            Ok(true)
        })
    });
    if taken.await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::link_over())
    }
}

async fn whose(api: &Api, token_hash: Vec<u8>, now: DateTime<Utc>) -> Result<Whose, Problem> {
    let found = api.database().auth(move |db| {
        Box::pin(async move {
            let found = sqlx::query_as!(
                Whose,
                "select u.email, u.name
                from account.mail_tokens t
                join account.users u on u.id = t.user_id and u.deleted_at is null and lower(u.email) = lower(t.email)
                where t.token_hash = $1 and t.purpose = 'reset_password' and t.used_at is null and t.expires_at > $2",
                token_hash,
                now,
            )
            .fetch_optional(db)
            .await?;
            Ok(found)
        })
    });
    found.await?.ok_or_else(Problem::link_over)
}

/// Uses the link up. The row's lock lets one of several requests through. It must have been sent to the
/// address that is the account's still.
async fn take(
    db: &mut PgConnection,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "update account.mail_tokens t set used_at = $2
        from account.users u
        where t.token_hash = $1 and t.purpose = 'reset_password' and t.used_at is null and t.expires_at > $2
            and u.id = t.user_id and u.deleted_at is null and lower(u.email) = lower(t.email)
        returning t.user_id",
        token_hash,
        now,
    )
    .fetch_optional(db)
    .await
}

async fn revoke_keys(db: &mut PgConnection, user: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
    let revoked = sqlx::query!(
        "update account.api_keys set revoked_at = $2 where user_id = $1 and revoked_at is null
        returning id, account_id, scopes",
        user,
        now,
    )
    .fetch_all(&mut *db)
    .await?;
    for key in revoked {
        let data = Key {
            user_id: user,
            key_id: key.id,
            scopes: key.scopes,
        };
        let fact = Fact::about(KEY_REVOKED, key.account_id, key.id, &data);
        outbox::record(db, now, fact).await?;
    }
    Ok(())
}

/// Whoever was to join by the hand of somebody who had got in.
async fn revoke_invitations(
    db: &mut PgConnection,
    origin: &Origin,
    user: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let revoked = sqlx::query_scalar!(
        "update account.invitations set revoked_at = $2
        where account_id = $1 and accepted_at is null and revoked_at is null
        returning id",
        user,
        now,
    )
    .fetch_all(&mut *db)
    .await?;
    for invitation in revoked {
        let act = Act {
            act: "invitation.revoked",
            account: Some(user),
            actor: Actor::person(user),
            subject: Some(invitation.to_string()),
            detail: json!({ "by": "a reset of the password" }),
        };
        audit::note(db, now, origin, act).await?;
    }
    Ok(())
}

/// A login at a provider under the account's own address is its owner's: they showed that mailbox too.
async fn unlink_strangers(
    db: &mut PgConnection,
    user: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let unlinked = sqlx::query_scalar!(
        "delete from account.identities i using account.users u
        where i.user_id = $1 and u.id = i.user_id and lower(i.email) <> lower(u.email)
        returning i.provider",
        user
    )
    .fetch_all(&mut *db)
    .await?;
    for provider in unlinked {
        let data = Identity {
            user_id: user,
            provider,
        };
        let fact = Fact::about_user(IDENTITY_UNLINKED, user, &data);
        outbox::record(db, now, fact).await?;
    }
    Ok(())
}
