//! Writes the town into `account`, for as long as nobody can sign up: users, their businesses and
//! who had which number since when. A second time changes nothing, and what somebody has edited
//! since stays edited.
//!
//! The town has a past only where nobody has asked about the past: once a call or payment was
//! folded, who owned what until then is answered for ever, and the town begins now.

use crate::world::World;
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use tokio_postgres::{Client, NoTls, Transaction};

/// Before any call the sandbox can tell of: clients and their numbers must own the past as well.
const SINCE: DateTime<Utc> =
    DateTime::from_timestamp(1_704_067_200, 0).expect("the first of January 2024");
/// One seeding at a time; the number is this program's own.
const LOCK: i64 = 0x0066_726f_6e74;

/// A connection; its other half runs until it is dropped.
///
/// # Errors
/// When the database does not answer.
pub async fn connect(database_url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(database_url, NoTls)
        .await
        .context("connecting to the database")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the database connection ended");
        }
    });
    Ok(client)
}

/// Writes the town.
///
/// # Errors
/// When the tables are missing, or an e-mail address or tenant key of the town is somebody
/// else's.
pub async fn seed(client: &mut Client, world: &World) -> anyhow::Result<()> {
    let transaction = client.transaction().await?;
    transaction
        .execute("select pg_advisory_xact_lock($1)", &[&LOCK])
        .await?;
    let since = since(&transaction).await?;
    for user in &world.users {
        transaction
            .execute(
                "insert into account.users (id, email, name, billing_key, time_zone, created_at)
                 select $1, $2, $3, $4, $5, $6 where not exists (select from account.users where id = $1)",
                &[
                    &user.id,
                    &user.email,
                    &user.name,
                    &user.billing_key,
                    &user.time_zone.name(),
                    &since,
                ],
            )
            .await
            .with_context(|| format!("writing user {}", user.email))?;
    }
    for business in &world.businesses {
        let (profession, zone) = (business.profession.word(), business.time_zone.name());
        transaction
            .execute(
                "insert into account.clients (id, user_id, name, profession, tenant_key, time_zone, created_at)
                 select $1, $2, $3, $4, $5, $6, $7 where not exists (select from account.clients where id = $1)",
                &[
                    &business.id,
                    &business.user_id,
                    &business.name,
                    &profession,
                    &business.tenant_key,
                    &zone,
                    &since,
                ],
            )
            .await
            .with_context(|| format!("writing client {}", business.name))?;
        for number in &business.numbers {
            // Append-only: a row once there is never written again, whoever has the number now.
            transaction
                .execute(
                    "insert into account.number_assignments (number, client_id, assigned_at)
                     select $1, $2, $3 where not exists (
                         select from account.number_assignments where number = $1 and client_id = $2)",
                    &[number, &business.id, &since],
                )
                .await
                .with_context(|| format!("assigning {number}"))?;
        }
    }
    transaction.commit().await.context("writing the town")
}

/// Since when the town owns its numbers; `None` is now. Whoever asks for an owner meanwhile waits
/// for the whole town.
async fn since(transaction: &Transaction<'_>) -> anyhow::Result<Option<DateTime<Utc>>> {
    let mark =
        "select case when answered_until < $1 then $1 end from account.history_mark for share";
    let row = transaction.query_one(mark, &[&SINCE]).await;
    let row = row.context("asking how far the history of account is answered")?;
    Ok(row.get(0))
}

/// Whether any call is known already. Where the tables do not exist yet, none is.
pub async fn knows_calls(client: &Client) -> bool {
    let known = client
        .query_one("select exists (select from calls.calls)", &[])
        .await;
    known.is_ok_and(|row| row.get(0))
}
