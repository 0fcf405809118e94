//! Whom to write to, and what about: looked up when a mail is sent. `None` is always "gone".

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// Somebody with an account.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) time_zone: String,
    /// When their account goes, if they asked for it.
    pub(super) deletion_due_at: Option<DateTime<Utc>>,
}

/// Somebody who asked for an account.
#[derive(Debug, FromRow)]
pub(super) struct Signup {
    pub(super) email: String,
    pub(super) time_zone: String,
    pub(super) expires_at: DateTime<Utc>,
}

/// What a link is about.
#[derive(Debug, FromRow)]
pub(super) struct Token {
    pub(super) email: String,
    pub(super) old_email: Option<String>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) used_at: Option<DateTime<Utc>>,
}

/// An invitation that can still be accepted.
#[derive(Debug, FromRow)]
pub(super) struct Invitation {
    pub(super) email: String,
    pub(super) role: String,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) account_name: String,
    pub(super) invited_by: String,
}

/// A session that goes on.
#[derive(Debug, FromRow)]
pub(super) struct Session {
    pub(super) user_agent: String,
    pub(super) address: String,
}

pub(super) async fn person(db: &PgPool, id: Uuid) -> sqlx::Result<Option<Person>> {
    sqlx::query_as(
        "select email, name, time_zone, deletion_due_at from account.users
        where id = $1 and deleted_at is null",
    )
    .bind(id)
    .fetch_optional(db)
    .await
}

pub(super) async fn signup(db: &PgPool, id: Uuid) -> sqlx::Result<Option<Signup>> {
    sqlx::query_as("select email, time_zone, expires_at from account.signups where id = $1")
        .bind(id)
        .fetch_optional(db)
        .await
}

pub(super) async fn token(
    db: &PgPool,
    id: Uuid,
    user: Uuid,
    purpose: &str,
) -> sqlx::Result<Option<Token>> {
    sqlx::query_as(
        "select email, old_email, expires_at, used_at from account.mail_tokens
        where id = $1 and user_id = $2 and purpose = $3",
    )
    .bind(id)
    .bind(user)
    .bind(purpose)
    .fetch_optional(db)
    .await
}

pub(super) async fn invitation(db: &PgPool, id: Uuid) -> sqlx::Result<Option<Invitation>> {
    sqlx::query_as(
        "select i.email, i.role, i.expires_at, owner.name as account_name, inviter.name as invited_by
        from account.invitations i
        join account.users owner on owner.id = i.account_id and owner.deleted_at is null
        join account.users inviter on inviter.id = i.invited_by
        where i.id = $1 and i.accepted_at is null and i.revoked_at is null",
    )
    .bind(id)
    .fetch_optional(db)
    .await
}

pub(super) async fn session(db: &PgPool, id: Uuid, user: Uuid) -> sqlx::Result<Option<Session>> {
    sqlx::query_as(
        "select user_agent, address from account.sessions where id = $1 and user_id = $2",
    )
    .bind(id)
    .bind(user)
    .fetch_optional(db)
    .await
}

/// Until when an export can be fetched.
pub(super) async fn export(db: &PgPool, id: Uuid) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar("select expires_at from ops.exports where id = $1 and ready_at is not null")
        .bind(id)
        .fetch_optional(db)
        .await
        .map(Option::flatten)
}
