//! One change at a time in an account.

use sqlx::PgConnection;
use uuid::Uuid;

/// Waits for whoever changes something in this account, and keeps others waiting until the
/// transaction ends. Taken before anything else is read or locked: then what is read stays true, and
/// two changes cannot wait for each other.
pub(crate) async fn take(db: &mut PgConnection, account: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        r#"select pg_advisory_xact_lock(hashtextextended('account ' || $1::text, 0)) as "locked!: ()""#,
        account.to_string(),
    )
    .fetch_one(db)
    .await?;
    Ok(())
}
