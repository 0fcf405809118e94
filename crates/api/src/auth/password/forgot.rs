//! `POST /api/auth/password/forgot`: a link is sent, if there is whom to send it to.
//!
//! Nobody learns here whether an address has an account: the answer comes before anybody has looked.
//! What there is to write is written beside it, and a database that is away is nothing to the asker: a
//! link that does not come is asked for again.

use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    auth::signup::{LASTS, MailSent},
    body::{Body, Fields},
    limits::MailFor,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{OpenWriteProblems, Problem},
    text,
};
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account::{Link, PASSWORD_RESET_REQUESTED};
use frontdesk_process::{clock, keyring};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whose password was forgotten.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forgotten {
    /// Their address.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// Asks for a link that sets another password.
#[utoipa::path(
    post, operation_id = "forget_password", path = "/api/auth/password/forgot", tag = "auth", security(()),
    request_body = Forgotten,
    responses((status = 202, description = "If the address has an account, a link was sent to it", body = MailSent), OpenWriteProblems)
)]
pub async fn forgot(
    State(api): State<Api>,
    origin: Origin,
    given: Parameters,
    Body(forgotten): Body<Forgotten>,
) -> Result<Response, Problem> {
    given.finish()?;
    let mut fields = Fields::default();
    let email = fields.take("email", forgotten.email, text::email);
    fields.finish()?;
    let email = email.ok_or_else(Problem::internal)?;
    let limits = api.limits();
    if limits.mail(origin.address, MailFor::Reset, &email, clock::monotonic())? {
        let at = api.clone();
        let now = clock::now();
        // Bounded by the limits above, and in time by the database's patience. What goes wrong is logged
        // where it became a problem.
        tokio::spawn(async move {
            let database = at.database().clone();
            let asked = database
                .auth(move |db| Box::pin(async move { ask(&at, db, &origin, &email, now).await }));
            if asked.await.is_err() {
                tracing::warn!("a link to a new password could not be asked for");
            }
        });
    }
    Ok(answer::with_cookies(StatusCode::ACCEPTED, &MailSent {}, []))
}

async fn ask(
    api: &Api,
    db: &mut PgConnection,
    origin: &Origin,
    email: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let user = sqlx::query_scalar!(
        "select id from account.users where lower(email) = $1 and deleted_at is null",
        email
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(user) = user else { return Ok(()) };
    let id = Uuid::new_v4();
    sqlx::query!(
        "insert into account.mail_tokens (id, token_hash, user_id, purpose, email, created_at, expires_at)
        values ($1, $2, $3, 'reset_password', $4, $5, $6)",
        id,
        keyring::hash(&api.keyring().mail_link(id)).to_vec(),
        user,
        email,
        now,
        now + LASTS,
    )
    .execute(&mut *db)
    .await?;
    let act = Act {
        act: "user.password_reset_requested",
        account: Some(user),
        actor: Actor::STRANGER,
        subject: Some(id.to_string()),
        detail: json!({}),
    };
    audit::note(db, now, origin, act).await?;
    let link = Link {
        user_id: user,
        token_id: id,
    };
    let fact = Fact::about_user(PASSWORD_RESET_REQUESTED, user, &link);
    outbox::record(db, now, fact).await?;
    Ok(())
}
