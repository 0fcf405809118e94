//! The end of accounts whose thirty days are over.
//!
//! One transaction ends one account: credentials, memberships and texts go, numbers are released, name and
//! address are blanked. A crash ends it wholly or not at all, and the next round finds it again. What
//! stays is what events and the record of acts name: rows without a person in them. Sounds lie in
//! another system, which may be slow or away: they go after the commit, tried again until it worked.
//!
//! It refuses to touch `calls` and `billing`, which are folds of streams, and to end a subscription:
//! that is a provider's, and the fact `user.deleted` tells who speaks to it.

mod traces;

use crate::{
    audit::{self, Act, Actor},
    clients::{lock, sample},
    outbox::{self, Fact},
    problem::Problem,
    viewer::Database,
};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::{Shutdown, clock, files::Files};
use serde_json::json;
use sqlx::PgConnection;
use std::time::Duration;
use uuid::Uuid;

/// How late an end may be. Days were promised, so a minute is nothing, and the look is cheap.
const EVERY: Duration = Duration::from_secs(60);

/// Ended in one round; the rest waits a minute.
const MOST: i64 = 100;

/// Ends what is due, once a minute, until shutdown.
pub(crate) async fn keep(database: Database, files: Files, shutdown: Shutdown) {
    let mut round = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = round.tick() => {}
        }
        // What went wrong is logged where it went wrong; the next round tries again.
        if let Ok(ended @ 1..) = end_due(&database, clock::now()).await {
            tracing::info!(ended, "accounts whose time was over have ended");
        }
        let _ = erase_files(&database, &files, clock::now()).await;
    }
}

/// Ends the accounts that are due at `now` and answers how many. One process at a time does it; for
/// the others there is nothing to do.
///
/// # Errors
/// When the database is away. An account that cannot be ended is logged and does not stop the others.
pub async fn end_due(database: &Database, now: DateTime<Utc>) -> Result<u64, Problem> {
    let due = database
        .admin(move |db| Box::pin(async move { due(db, now).await }))
        .await?;
    let mut ended = 0;
    for user in due {
        let done = database
            .admin(move |db| Box::pin(async move { end(db, now, user).await }))
            .await;
        match done {
            Ok(true) => ended += 1,
            Ok(false) => {}
            Err(problem) => tracing::error!(%user, ?problem, "an account could not be ended"),
        }
    }
    Ok(ended)
}

/// Erases the files of accounts that have ended and answers of how many. Several processes may do it
/// at once: what is gone already is no error.
///
/// # Errors
/// When the database is away. A store that is away is logged, and stops the round: it is so for all.
pub async fn erase_files(
    database: &Database,
    files: &Files,
    now: DateTime<Utc>,
) -> Result<u64, Problem> {
    let ended = database
        .admin(move |db| {
            Box::pin(async move {
                let ended = sqlx::query_scalar!(
                    "select id from account.users where deleted_at is not null and erased_at is null
                    order by deleted_at limit $1",
                    MOST,
                );
                Ok(ended.fetch_all(db).await?)
            })
        })
        .await?;
    let mut erased = 0;
    for user in ended {
        if let Err(error) = sample::erase(files, user).await {
            tracing::warn!(%user, error = %anyhow::Error::from(error), "voice samples could not be deleted");
            break;
        }
        database
            .admin(move |db| {
                Box::pin(async move {
                    let done = sqlx::query!(
                        "update account.users set erased_at = $2 where id = $1",
                        user,
                        now
                    );
                    Ok(done.execute(db).await?)
                })
            })
            .await?;
        erased += 1;
    }
    Ok(erased)
}

async fn due(db: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<Uuid>, Problem> {
    let due = sqlx::query_scalar!(
        "select id from account.users where deletion_due_at <= $1 and deleted_at is null
        order by deletion_due_at limit $2",
        now,
        MOST,
    )
    .fetch_all(db)
    .await?;
    Ok(due)
}

/// Whether it was ended here: not when another process does it, or its owner stays after all.
async fn end(db: &mut PgConnection, now: DateTime<Utc>, user: Uuid) -> Result<bool, Problem> {
    let is_ours = sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(hashtextextended('end of accounts', 0)) as "ours!""#
    )
    .fetch_one(&mut *db)
    .await?;
    if !is_ours {
        return Ok(false);
    }
    // A long history is blanked in one go, which takes as long as it takes.
    sqlx::query("set local statement_timeout = 0")
        .execute(&mut *db)
        .await?;
    lock::take(db, user).await?;
    let address = sqlx::query_scalar!("select email from account.users where id = $1", user)
        .fetch_one(&mut *db)
        .await?;
    // Blanked first: only of somebody who has left may traces be erased, and whoever logs in
    // meanwhile waits here and then finds nobody.
    let blanked = sqlx::query!(
        "update account.users set email = 'deleted-' || id || '@deleted.invalid', name = 'Deleted user',
            role = 'owner', deletion_due_at = null, deleted_at = $2
        where id = $1 and deletion_due_at <= $2 and deleted_at is null",
        user,
        now,
    )
    .execute(&mut *db)
    .await?;
    if blanked.rows_affected() == 0 {
        return Ok(false);
    }
    traces::delete_credentials(db, user).await?;
    leave_accounts(db, now, user, &address).await?;
    close_account(db, now, user).await?;
    traces::close_clients(db, now, user).await?;
    let fact = Fact::about(
        account::DELETED,
        user,
        user,
        &account::User { user_id: user },
    );
    outbox::record(db, now, fact).await?;
    note(db, now, "user.deleted", user, user).await?;
    Ok(true)
}

/// The accounts of others the person was a member of, or invited to.
async fn leave_accounts(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    user: Uuid,
    address: &str,
) -> Result<(), Problem> {
    // They hold the address.
    sqlx::query!(
        "delete from account.invitations where accepted_by = $1 or lower(email) = lower($2)",
        user,
        address,
    )
    .execute(&mut *db)
    .await?;
    let left = sqlx::query!(
        "delete from account.members where user_id = $1 returning account_id, role",
        user
    )
    .fetch_all(&mut *db)
    .await?;
    for row in left {
        let gone = account::Member {
            account_id: row.account_id,
            user_id: user,
            role: row.role,
        };
        tell_removed(db, now, &gone).await?;
        note(db, now, "member.left", row.account_id, user).await?;
    }
    Ok(())
}

/// The members of the person's own account, and who was to become one.
async fn close_account(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    user: Uuid,
) -> Result<(), Problem> {
    let sent = sqlx::query!(
        "delete from account.members where account_id = $1 returning user_id, role",
        user
    )
    .fetch_all(&mut *db)
    .await?;
    for row in sent {
        let gone = account::Member {
            account_id: user,
            user_id: row.user_id,
            role: row.role,
        };
        tell_removed(db, now, &gone).await?;
    }
    sqlx::query!(
        "delete from account.invitations where account_id = $1",
        user
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn tell_removed(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    gone: &account::Member,
) -> sqlx::Result<()> {
    let fact = Fact::about(account::MEMBER_REMOVED, gone.account_id, gone.user_id, gone);
    outbox::record(db, now, fact).await
}

async fn note(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    act: &str,
    account: Uuid,
    subject: Uuid,
) -> sqlx::Result<()> {
    let act = Act {
        act,
        account: Some(account),
        actor: Actor::SYSTEM,
        subject: Some(subject.to_string()),
        detail: json!({}),
    };
    audit::note(db, now, None, act).await
}
