//! What somebody who left had: credentials, clients with their texts and numbers.

use crate::{
    outbox::{self, Fact},
    problem::Problem,
};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account;
use sqlx::PgConnection;
use uuid::Uuid;

/// Deletes all that opens the account, and keys that were made for it.
pub(super) async fn delete_credentials(db: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!("delete from account.sessions where user_id = $1", user)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "delete from account.refresh_tokens where user_id = $1",
        user
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from account.passwords where user_id = $1", user)
        .execute(&mut *db)
        .await?;
    sqlx::query!("delete from account.identities where user_id = $1", user)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "delete from account.second_factors where user_id = $1",
        user
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from account.recovery_codes where user_id = $1",
        user
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!("delete from account.mail_tokens where user_id = $1", user)
        .execute(&mut *db)
        .await?;
    sqlx::query!(
        "delete from account.api_keys where user_id = $1 or account_id = $1",
        user
    )
    .execute(&mut *db)
    .await?;
    forget_whereabouts(db, user).await
}

/// What they did stays on record, and so does what strangers tried; from where and with which browser,
/// does not.
async fn forget_whereabouts(db: &mut PgConnection, user: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "update account.audit set address = null, user_agent = null
        where (actor_id = $1 or (actor_id is null and user_id = $1))
            and (address is not null or user_agent is not null)",
        user
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Marks the clients as deleted, releases their numbers, and erases what they were told to say, also
/// from the history of changes.
pub(super) async fn close_clients(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    user: Uuid,
) -> Result<(), Problem> {
    let open = sqlx::query_scalar!(
        "select id from account.clients where user_id = $1 and deleted_at is null order by id for update",
        user
    )
    .fetch_all(&mut *db)
    .await?;
    release_numbers(db, now, user).await?;
    sqlx::query!(
        "update account.clients set name = 'Deleted', profession = 'deleted', greeting = '', instructions = '',
            hours = '{}', transfer_number = null, voice_sample = null, version = version + 1, updated_at = $2,
            deleted_at = coalesce(deleted_at, $2)
        where user_id = $1",
        user,
        now,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update account.client_changes set changes = '{}', snapshot = '{}' where user_id = $1",
        user
    )
    .execute(&mut *db)
    .await?;
    for client in open {
        sqlx::query!(
            "insert into account.client_changes (user_id, client_id, at, kind, changes, snapshot)
            values ($1, $2, $3, 'deleted', '{}', '{}')",
            user,
            client,
            now,
        )
        .execute(&mut *db)
        .await?;
        let gone = account::Client {
            user_id: user,
            client_id: client,
            changes: Vec::new(),
        };
        let fact = Fact::about(account::CLIENT_DELETED, user, client, &gone);
        outbox::record(db, now, fact).await?;
    }
    Ok(())
}

async fn release_numbers(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    user: Uuid,
) -> Result<(), Problem> {
    let held = sqlx::query!(
        r#"select number, client_id as "client_id!" from (
            select distinct on (number) number, client_id, assigned_at, id
            from account.number_assignments where user_id = $1
            order by number, assigned_at desc, id desc
        ) last
        where client_id is not null and not exists (
            select from account.number_assignments later
            where later.number = last.number and (later.assigned_at, later.id) > (last.assigned_at, last.id))
        order by number"#,
        user
    )
    .fetch_all(&mut *db)
    .await?;
    for row in held {
        // Whoever wants the number waits for its release, as account.release_number makes them.
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended('number ' || $1::text, 0))",
            row.number
        )
        .execute(&mut *db)
        .await?;
        sqlx::query!(
            "insert into account.number_assignments (number, client_id) values ($1, null)",
            row.number
        )
        .execute(&mut *db)
        .await?;
        let released = account::Number {
            user_id: user,
            client_id: row.client_id,
            number: row.number,
        };
        let fact = Fact::about(account::NUMBER_RELEASED, user, row.client_id, &released);
        outbox::record(db, now, fact).await?;
    }
    Ok(())
}
