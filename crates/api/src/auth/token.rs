//! `POST /api/auth/token` and `POST /api/auth/refresh`: programs log in and stay logged in.
//!
//! A refresh token works once and is answered with the next one. One that comes a second time was
//! copied, and nobody can say by whom: its whole family ends, and with it the access tokens that are
//! out (RFC 9700, section 4.14.2). A program that asks twice at once looks like a thief, and logs in
//! again.

use super::{
    access::{self, Holder},
    entry,
    login::{self, Credentials},
};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::Body,
    config::Access,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{Problem, TryProblems},
    session::{self, Secret},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::catalogue::account::{SIGNED_IN, SignedIn};
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a program may be silent before it must log in again.
const REFRESH_LASTS: TimeDelta = TimeDelta::days(30);

/// The end of any login, used or not: a copy of a token that nobody notices is worth no more than this.
const LOGIN_LASTS: TimeDelta = TimeDelta::days(90);

/// What a refresh token begins with, so that one in a place where none belongs is found.
const PREFIX: &str = "fdr_";

/// What a program logs in with from now on.
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// For `Authorization: Bearer …`.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiI…")]
    access_token: String,
    /// `Bearer`
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// After how many seconds the access token is over.
    #[schema(example = 900)]
    expires_in: i64,
    /// For the next pair, once, within thirty days, and within ninety of the log-in.
    #[schema(example = "fdr_2Yb0y9cVPiJ0o4rRNeDWmEPmFOjAgfpfnfQCvQdMn3I")]
    refresh_token: String,
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// From the answer before.
    #[schema(example = "fdr_2Yb0y9cVPiJ0o4rRNeDWmEPmFOjAgfpfnfQCvQdMn3I")]
    refresh_token: String,
}

/// Logs a program in with e-mail address and password, and a code where one is wanted.
#[utoipa::path(
    post, operation_id = "log_in_program", path = "/api/auth/token", tag = "auth", security(()),
    request_body = Credentials,
    responses((status = 200, description = "Logged in", body = Tokens), TryProblems)
)]
pub async fn log_in(
    State(api): State<Api>,
    origin: Origin,
    given: Parameters,
    Body(credentials): Body<Credentials>,
) -> Result<Response, Problem> {
    given.finish()?;
    let now = clock::now();
    let recognised = login::recognise(&api, &origin, credentials, now).await?;
    let at = api.clone();
    let tokens = api
        .database()
        .auth(move |db| {
            Box::pin(async move {
                let (family, user) = (Uuid::new_v4(), recognised.hold(db).await?);
                record(db, &origin, user, family, now).await?;
                let holder = Holder {
                    person: user,
                    account: user,
                    family,
                    proven_at: now,
                };
                lock(db, user).await?;
                give(db, at.access(), holder, now).await
            })
        })
        .await?;
    Ok(answer::json(answer::written(&tokens, 1024)))
}

/// Gives the next pair of tokens for a refresh token, which works this once.
#[utoipa::path(
    post, operation_id = "refresh_tokens", path = "/api/auth/refresh", tag = "auth", security(()),
    request_body = Refresh,
    responses((status = 200, description = "The next pair", body = Tokens), TryProblems)
)]
pub async fn refresh(
    State(api): State<Api>,
    origin: Origin,
    given: Parameters,
    Body(shown): Body<Refresh>,
) -> Result<Response, Problem> {
    given.finish()?;
    let now = clock::now();
    let at = api.clone();
    let tokens = api.database().auth(move |db| {
        Box::pin(async move {
            let hash = session::hash(&shown.refresh_token);
            let Some(user) = holder_of(db, &hash).await? else {
                return Ok(None);
            };
            lock(db, user).await?;
            match use_up(db, &hash, now).await? {
                Some(holder) => Ok(Some(give(db, at.access(), holder, now).await?)),
                None => {
                    end_family_of(db, &origin, user, &hash, now).await?;
                    Ok(None)
                }
            }
        })
    });
    let tokens = tokens.await?.ok_or_else(Problem::unauthorised)?;
    Ok(answer::json(answer::written(&tokens, 1024)))
}

/// Ends every program's login of a person; access tokens that are out end with them.
///
/// # Errors
/// When the database is away.
pub(crate) async fn end_all(db: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    lock(db, user).await?;
    sqlx::query!(
        "delete from account.refresh_tokens where user_id = $1",
        user
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends one program's login.
///
/// # Errors
/// When the database is away.
pub(super) async fn end(db: &mut PgConnection, user: Uuid, family: Uuid) -> sqlx::Result<()> {
    lock(db, user).await?;
    sqlx::query!(
        "delete from account.refresh_tokens where user_id = $1 and family = $2",
        user,
        family
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Lets one change at a time to a person's tokens. A deletion does not see the token that is being
/// added by somebody else meanwhile, and would leave it working.
async fn lock(db: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('refresh tokens ' || $1::uuid::text, 0))",
        user
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn holder_of(db: &mut PgConnection, hash: &[u8]) -> sqlx::Result<Option<Uuid>> {
    sqlx::query_scalar!(
        "select user_id from account.refresh_tokens where token_hash = $1",
        hash
    )
    .fetch_optional(db)
    .await
}

/// Uses a token up, if it is one that works and its holder may still log in.
async fn use_up(
    db: &mut PgConnection,
    hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Holder>> {
    let used = sqlx::query!(
        "update account.refresh_tokens t set used_at = $2
        from account.users u, account.users a
        where t.token_hash = $1 and t.used_at is null and t.expires_at > $2
            and t.proven_at > $3
            and u.id = t.user_id and u.deleted_at is null and u.suspended_at is null
            and a.id = t.account_id and a.deleted_at is null and a.suspended_at is null
            and (t.account_id = t.user_id or exists (
                select from account.members m where m.account_id = t.account_id and m.user_id = t.user_id))
        returning t.user_id, t.account_id, t.family, t.proven_at",
        hash,
        now,
        now - LOGIN_LASTS,
    )
    .fetch_optional(db)
    .await?;
    Ok(used.map(|used| Holder {
        person: used.user_id,
        account: used.account_id,
        family: used.family,
        proven_at: used.proven_at,
    }))
}

/// Ends the family of a token that was used before. A token that is merely over, or whose holder is
/// suspended, proves no theft.
async fn end_family_of(
    db: &mut PgConnection,
    origin: &Origin,
    user: Uuid,
    hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let ended = sqlx::query_scalar!(
        "delete from account.refresh_tokens
        where family = (
            select family from account.refresh_tokens where token_hash = $1 and used_at is not null)
        returning family",
        hash,
    )
    .fetch_all(&mut *db)
    .await?;
    let Some(family) = ended.first() else {
        return Ok(());
    };
    let act = Act {
        act: "token.reused",
        account: Some(user),
        actor: Actor::STRANGER,
        subject: Some(family.to_string()),
        detail: json!({}),
    };
    audit::note(db, now, origin, act).await
}

/// Adds the next token of a family, with an access token beside it.
async fn give(
    db: &mut PgConnection,
    access: &Access,
    holder: Holder,
    now: DateTime<Utc>,
) -> Result<Tokens, Problem> {
    let refresh_token = format!("{PREFIX}{}", Secret::draw()?.text);
    sqlx::query!(
        // The proof is the login's: copied along, because the sweep takes the family's first row.
        "insert into account.refresh_tokens
            (token_hash, family, user_id, account_id, created_at, proven_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7)",
        session::hash(&refresh_token),
        holder.family,
        holder.person,
        holder.account,
        now,
        holder.proven_at,
        (now + REFRESH_LASTS).min(holder.proven_at + LOGIN_LASTS),
    )
    .execute(db)
    .await?;
    Ok(Tokens {
        access_token: access::write(access, holder, now)?,
        token_type: "Bearer",
        expires_in: access::LASTS.num_seconds(),
        refresh_token,
    })
}

async fn record(
    db: &mut PgConnection,
    origin: &Origin,
    user: Uuid,
    family: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let is_new_device = !entry::knows_device(db, user, &origin.user_agent).await?;
    let act = Act {
        act: "user.logged_in",
        account: Some(user),
        actor: Actor::person(user),
        subject: Some(family.to_string()),
        detail: json!({ "method": "token", "is_new_device": is_new_device }),
    };
    audit::note(db, now, origin, act).await?;
    let signed_in = SignedIn {
        user_id: user,
        session_id: None,
        method: "password".to_owned(),
        is_new_device,
    };
    outbox::record(db, now, Fact::about_user(SIGNED_IN, user, &signed_in)).await
}
