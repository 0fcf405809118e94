//! Passwords: forgotten, set anew by a link, changed.
//!
//! Whenever one is set, what was opened with the one before ends: it is changed because somebody else
//! may know it.

pub mod change;
pub mod forgot;
pub mod reset;

use super::guessable;
use crate::{
    body::Fields,
    outbox::{self, Fact},
    problem::Problem,
    session, text,
};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account::{PASSWORD_CHANGED, User};
use sqlx::PgConnection;
use uuid::Uuid;

/// Whose password it is to be, as far as it must not resemble them.
struct Whose {
    email: String,
    name: String,
}

impl Whose {
    /// # Errors
    /// 422 about the field `password`.
    fn accept(&self, password: String) -> Result<String, Problem> {
        let mut fields = Fields::default();
        let password = fields.take("password", password, |given| {
            guessable::refuse(text::password(given)?, &self.email, &self.name)
        });
        fields.finish()?;
        password.ok_or_else(Problem::internal)
    }
}

/// Lets one change of a password at a time through, and nobody in by the one before meanwhile. The row
/// locked is the user's, because there may be no password to lock yet.
pub(super) async fn hold(db: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    sqlx::query_scalar!(
        "select id from account.users where id = $1 for no key update",
        user
    )
    .fetch_optional(db)
    .await?;
    Ok(())
}

/// Ends every link that is under way to somebody. They stay known for a while: whoever is told of a change, and
/// how often one may ask for another, depends on them.
pub(crate) async fn end_links(
    db: &mut PgConnection,
    user: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update account.mail_tokens set used_at = $2 where user_id = $1 and used_at is null",
        user,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Sets a password and ends what was opened before: all sessions but the one kept, what programs drew
/// tokens from, and every link that is still under way, be it to another address.
async fn set(
    db: &mut PgConnection,
    user: Uuid,
    hash: &str,
    kept: Option<Uuid>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into account.passwords (user_id, hash, changed_at) values ($1, $2, $3)
        on conflict (user_id) do update set hash = excluded.hash, changed_at = excluded.changed_at",
        user,
        hash,
        now,
    )
    .execute(&mut *db)
    .await?;
    session::end_others(db, user, kept).await?;
    end_links(db, user, now).await?;
    let fact = Fact::about_user(PASSWORD_CHANGED, user, &User { user_id: user });
    outbox::record(db, now, fact).await
}
