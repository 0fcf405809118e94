//! A session begins: the one place where somebody who was recognised gets a cookie.
//!
//! It is a new one each time, and the one the browser came with ends: whatever was planted in a browser
//! before its user signed in is worth nothing afterwards.

use crate::{
    audit::{self, Act, Actor},
    config::Access,
    origin::Origin,
    outbox::{self, Fact},
    problem::Problem,
    session::{self, SignIn},
};
use axum::http::HeaderValue;
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account::{SIGNED_IN, SignedIn};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

/// A session that has begun.
pub(crate) struct Entered {
    pub(crate) session: Uuid,
    pub(crate) cookie: HeaderValue,
}

/// Signs somebody in, with a record and a fact. `presented` is the session the browser came with.
///
/// # Errors
/// When the database is away.
pub(crate) async fn enter(
    db: &mut PgConnection,
    access: &Access,
    origin: &Origin,
    presented: Option<&str>,
    who: SignIn,
    now: DateTime<Utc>,
) -> Result<Entered, Problem> {
    let is_new_device = !knows_device(db, who.user, &origin.user_agent).await?;
    if let Some(presented) = presented {
        session::close(db, presented).await?;
    }
    let (session, cookie) = session::open(db, access, now, origin, who).await?;
    let act = Act {
        act: "user.logged_in",
        account: Some(who.user),
        actor: Actor::person(who.user),
        subject: Some(session.to_string()),
        detail: json!({ "method": who.method, "is_new_device": is_new_device }),
    };
    audit::note(db, now, origin, act).await?;
    let signed_in = SignedIn {
        user_id: who.user,
        session_id: Some(session),
        method: who.method.to_owned(),
        is_new_device,
    };
    let fact = Fact::about_user(SIGNED_IN, who.user, &signed_in);
    outbox::record(db, now, fact).await?;
    Ok(Entered { session, cookie })
}

/// Whether they signed in with this browser before, as far as its name tells.
pub(super) async fn knows_device(
    db: &mut PgConnection,
    user: Uuid,
    user_agent: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from account.audit
            where actor_id = $1 and act in ('user.logged_in', 'user.signed_up') and user_agent = $2
        ) as "known!""#,
        user,
        user_agent,
    )
    .fetch_one(db)
    .await
}
