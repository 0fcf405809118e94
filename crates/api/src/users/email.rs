//! Changing one's address: asked for with a fresh proof, done once the new address is proven by the
//! link that is mailed to it.
//!
//! Whoever asks learns nothing about other people's addresses: one that has an account, or had enough
//! such mails of late, is answered, counted and kept like any other, only no mail follows.
//!
//! The link alone changes nothing: it is read by the owner of the new address, who may be somebody that
//! never asked. Were their press enough, a stranger's account, with its members and second factor,
//! would carry their address. So it counts only from whoever is signed in to the account that asked.

use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    auth::{password::end_links, sessions},
    body::{Body, Fields},
    limits::MailFor,
    moment::Moment,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{ConflictProblem, LinkProblem, Problem, WriteProblems},
    session, text,
    viewer::{Right, Viewer},
};
use axum::{extract::State, http::StatusCode, response::IntoResponse as _, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a link works.
const LASTS: TimeDelta = TimeDelta::minutes(60);

/// Changes one may ask for in an hour: each writes to a stranger's mailbox.
const MOST_AN_HOUR: i64 = 5;

/// The address somebody wants.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailChange {
    /// The new address.
    #[schema(example = "ada@lovelace.example.com", format = Email, max_length = 254)]
    email: String,
}

/// An address that is not proven yet. Told to the browsers of who asked for it and to nobody else: it may
/// be a stranger's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingEmailChange)]
pub struct Pending {
    /// The new address.
    #[schema(example = "ada@lovelace.example.com")]
    pub email: String,
    /// Until when its link works.
    pub expires_at: Moment,
}

/// What a link in a mail carries.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LinkToken)]
pub struct Link {
    /// The part of the link after `#`.
    #[schema(example = "1FVY5PtoRDokl4PHZwODXxa0JwyVrMpqclpdOgJUdNk")]
    pub(crate) token: String,
}

/// Asks for another address.
///
/// The answer is the same whether the address has an account or not, and when it had many such mails of
/// late and gets none. A link that proves it is mailed to the new address; it works once, for 60 minutes,
/// and a later one ends an earlier one.
#[utoipa::path(
    post, operation_id = "ask_for_email_change", path = "/api/users/email", tag = "users", request_body = EmailChange,
    responses((status = 202, description = "If nobody has the address, a link is on its way to it"), WriteProblems)
)]
pub async fn ask(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(wanted): Body<EmailChange>,
) -> Result<Response, Problem> {
    let now = clock::now();
    viewer.require(Right::BeSomebody)?;
    viewer.require_proof(now)?;
    given.finish()?;
    let mut fields = Fields::default();
    let email = fields.take("email", wanted.email, text::email);
    fields.finish()?;
    let email = email.unwrap_or_default();
    let id = Uuid::new_v4();
    let token_hash = session::hash(&api.keyring().mail_link(id));
    let ask = Ask {
        id,
        token_hash,
        email,
        actor: Actor::from(&viewer),
        person: viewer.person(),
    };
    let database = api.database().clone();
    database
        .auth(move |db| {
            Box::pin(async move { write_down(&api, db, now, &viewer, &origin, &ask).await })
        })
        .await?;
    Ok(StatusCode::ACCEPTED.into_response())
}

struct Ask {
    id: Uuid,
    token_hash: Vec<u8>,
    email: String,
    actor: Actor,
    person: Uuid,
}

async fn write_down(
    api: &Api,
    db: &mut PgConnection,
    now: DateTime<Utc>,
    viewer: &Viewer,
    origin: &Origin,
    ask: &Ask,
) -> Result<(), Problem> {
    // One after the other, or five at once would each count none before them.
    let current = sqlx::query_scalar!(
        "select email from account.users where id = $1 for no key update",
        ask.person
    )
    .fetch_one(&mut *db)
    .await?;
    viewer.hold(db).await?;
    if current.to_lowercase() == ask.email {
        let mut fields = Fields::default();
        fields.refuse("email", "is your address already");
        return fields.finish();
    }
    refuse_too_many(db, now, ask.person).await?;
    replace(db, now, ask, &current).await?;
    let may_write = !is_taken(db, &ask.email).await?
        && api
            .limits()
            .mail_to(MailFor::Change, &ask.email, clock::monotonic());
    if may_write {
        let link = account::Link {
            user_id: ask.person,
            token_id: ask.id,
        };
        let fact = Fact::about(
            account::EMAIL_CHANGE_REQUESTED,
            ask.person,
            ask.person,
            &link,
        );
        outbox::record(db, now, fact).await?;
    }
    let act = Act {
        act: "user.email_change_requested",
        account: Some(ask.person),
        actor: ask.actor,
        subject: Some(ask.person.to_string()),
        detail: json!({}),
    };
    Ok(audit::note(db, now, origin, act).await?)
}

async fn refuse_too_many(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    person: Uuid,
) -> Result<(), Problem> {
    let asked = sqlx::query_scalar!(
        r#"select count(*) as "asked!" from account.mail_tokens
        where user_id = $1 and purpose = 'change_email' and created_at > $2"#,
        person,
        now - TimeDelta::hours(1),
    )
    .fetch_one(&mut *db)
    .await?;
    if asked >= MOST_AN_HOUR {
        return Err(Problem::too_many(
            3600,
            "the address was to be changed too often within an hour",
        ));
    }
    Ok(())
}

/// The link of this change; earlier ones end.
async fn replace(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    ask: &Ask,
    current: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update account.mail_tokens set used_at = $2
        where user_id = $1 and purpose = 'change_email' and used_at is null",
        ask.person,
        now,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "insert into account.mail_tokens
            (id, token_hash, user_id, purpose, email, old_email, created_at, expires_at)
        values ($1, $2, $3, 'change_email', $4, $5, $6, $7)",
        ask.id,
        ask.token_hash,
        ask.person,
        ask.email,
        current,
        now,
        now + LASTS,
    )
    .execute(&mut *db)
    .await?;
    Ok(())
}

/// What a person waits for: the one link that would still change their address. Whether the address has
/// an account makes no difference here either.
pub(crate) async fn pending(
    db: &mut PgConnection,
    person: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Pending>> {
    sqlx::query_as!(
        Pending,
        r#"select t.email, t.expires_at as "expires_at: Moment"
        from account.mail_tokens t
        join account.users u on u.id = t.user_id and u.email = t.old_email
        where t.user_id = $1 and t.purpose = 'change_email' and t.used_at is null and t.expires_at > $2"#,
        person,
        now,
    )
    .fetch_optional(db)
    .await
}

async fn is_taken(db: &mut PgConnection, email: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from account.users where lower(email) = lower($1)) as "taken!""#,
        email
    )
    .fetch_one(db)
    .await
}

/// Proves the new address, which then holds.
///
/// For whoever is signed in to the account that asked (403 `other-account`). Every other session and
/// every program's log-in of the person ends, and so do links that were mailed to the address before.
#[utoipa::path(
    post, operation_id = "confirm_email_change", path = "/api/users/email/confirm", tag = "users",
    request_body = Link,
    responses(
        (status = 204, description = "The address is changed",
            headers(("set-cookie" = String, description = "The session's next secret"))),
        LinkProblem, ConflictProblem, WriteProblems
    )
)]
pub async fn confirm(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(link): Body<Link>,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let (now, token_hash) = (clock::now(), session::hash(&link.token));
    let at = api.clone();
    let cookie = api
        .database()
        .auth(move |db| {
            Box::pin(async move {
                let token = open(db, now, &token_hash, viewer.person()).await?;
                viewer.hold(db).await?;
                // All log-ins before the address: whoever is opening something with one of them, or draws
                // its next tokens, refers to the user's row, and each would wait for the other.
                let kept = sessions::current(&viewer);
                session::end_others(db, token.user_id, kept).await?;
                let cookie = session::rotate_kept(db, at.access(), kept, now).await?;
                take_over(db, now, &token).await?;
                tell(db, now, &origin, &token).await?;
                Ok(cookie)
            })
        })
        .await?;
    Ok(answer::done_with_cookie(cookie))
}

struct Token {
    id: Uuid,
    user_id: Uuid,
    email: String,
}

/// The link's row, locked, if it still works and is this person's.
async fn open(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    token_hash: &[u8],
    person: Uuid,
) -> Result<Token, Problem> {
    let row = sqlx::query!(
        "select t.id, t.user_id, t.email, t.old_email, u.email as current
        from account.mail_tokens t
        join account.users u on u.id = t.user_id and u.deleted_at is null
        where t.token_hash = $1 and t.purpose = 'change_email' and t.used_at is null and t.expires_at > $2
        for update of t for no key update of u",
        token_hash,
        now,
    )
    .fetch_optional(db)
    .await?
    .ok_or_else(Problem::link_over)?;
    if row.user_id != person {
        return Err(Problem::other_account());
    }
    // Another change came first: this link would undo it.
    if row.old_email.as_ref() != Some(&row.current) {
        return Err(Problem::link_over());
    }
    Ok(Token {
        id: row.id,
        user_id: row.user_id,
        email: row.email,
    })
}

/// Gives the person the address, unless somebody has it meanwhile.
async fn take_over(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    token: &Token,
) -> Result<(), Problem> {
    let taken = || {
        Problem::conflict(
            "address-taken",
            "The address has an account",
            "there is an account with this address; sign in to it, or choose another address",
        )
    };
    if is_taken(db, &token.email).await? {
        return Err(taken());
    }
    let changed = sqlx::query!(
        "update account.users set email = $2 where id = $1",
        token.user_id,
        token.email
    )
    .execute(&mut *db)
    .await;
    match changed {
        // Somebody proved the same address in this very moment.
        Err(error) if is_duplicate(&error) => return Err(taken()),
        changed => changed?,
    };
    // Also the links that were mailed to the address before: whoever reads there is a stranger now.
    Ok(end_links(db, token.user_id, now).await?)
}

fn is_duplicate(error: &sqlx::Error) -> bool {
    error
        .as_database_error()
        .is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

async fn tell(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    origin: &Origin,
    token: &Token,
) -> Result<(), Problem> {
    let user = token.user_id;
    let link = account::Link {
        user_id: user,
        token_id: token.id,
    };
    let fact = Fact::about(account::EMAIL_CHANGED, user, user, &link);
    outbox::record(db, now, fact).await?;
    let act = Act {
        act: "user.email_changed",
        account: Some(user),
        actor: Actor::person(user),
        subject: Some(user.to_string()),
        detail: json!({}),
    };
    Ok(audit::note(db, now, origin, act).await?)
}
