//! Takes away what is over: sign-ups nobody proved, sessions, tokens, counts of failures.
//!
//! Nothing depends on it: every reader looks at the time itself. It only keeps the tables small, and
//! what people once typed no longer than it is of use.

use super::failures;
use crate::{
    problem::Problem,
    viewer::{Database, IDLE},
};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::{Shutdown, clock};
use sqlx::PgConnection;
use std::time::Duration;

/// How often. Longer than any of it takes, shorter than what it sweeps lasts.
const EVERY: Duration = Duration::from_secs(600);

/// Sweeps at once and then every so often, until shutdown.
pub(crate) fn start(database: Database, shutdown: Shutdown) {
    tokio::spawn(async move {
        let mut interval = tokio::time::interval(EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = interval.tick() => {}
            }
            let now = clock::now();
            // What went wrong is logged where it became a problem; the next round tries again.
            if database
                .auth(move |db| Box::pin(sweep(db, now)))
                .await
                .is_err()
            {
                tracing::debug!("not swept this time");
            }
        }
    });
}

async fn sweep(db: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Problem> {
    sqlx::query!("delete from account.signups where expires_at < $1", now)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "delete from account.sessions where expires_at < $1 or seen_at < $2",
        now,
        now - IDLE
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from account.refresh_tokens where expires_at < $1",
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from account.mail_tokens where expires_at < $1",
        now - account::LINKS_STAY
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from account.login_failures where last_at < $1 and wait_until < $2",
        now - failures::FORGOTTEN_AFTER,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
