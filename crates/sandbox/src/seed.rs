//! Writes the town into `account`: users, their businesses, who had which number since when, and
//! what the stand-in for PayPal calls the plans. A second time changes nothing, and what somebody
//! has edited since stays edited.
//!
//! It connects as the owner of the tables: whom row-level security lets in for migrations.
//!
//! The town has a past only where nobody has asked about the past: once a call or payment was
//! folded, who owned what until then is answered for ever, and the town begins now.

use crate::{
    stories::billing,
    world::{Business, Plan, World},
};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use tokio_postgres::{Client, NoTls, Transaction, types::ToSql};
use uuid::Uuid;

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
        furnish(&transaction, business).await?;
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

/// What the receptionist is told, unless somebody has told it anything already. Its profession too:
/// an earlier build called one of them otherwise.
async fn furnish(transaction: &Transaction<'_>, business: &Business) -> anyhow::Result<()> {
    transaction
        .execute(
            "update account.clients set greeting = $2, instructions = $3, hours = $4, transfer_number = $5,
                 voice = $6, profession = $7
             where id = $1 and version = 1 and greeting = '' and instructions = '' and hours = '{}'
                 and transfer_number is null",
            &[
                &business.id,
                &business.greeting(),
                &business.instructions(),
                &business.hours(),
                &business.transfer_number,
                &business.voice(),
                &business.profession.word(),
            ],
        )
        .await
        .with_context(|| format!("furnishing client {}", business.name))?;
    Ok(())
}

/// The stand-in's names for the plans, where a real PayPal has given none.
///
/// # Errors
/// When the tables are missing.
pub async fn name_plans(client: &Client) -> anyhow::Result<()> {
    for plan in Plan::ALL {
        client
            .execute(
                "update account.plans set paypal_plan_id = $2 where id = $1 and paypal_plan_id is null",
                &[&plan.word(), &billing::plan_id(plan)],
            )
            .await
            .with_context(|| format!("naming the plan {}", plan.word()))?;
    }
    Ok(())
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

/// Whether this user pays already, as far as it is known.
///
/// # Errors
/// When the read model is there and cannot be asked.
pub async fn is_subscribed(client: &Client, user: Uuid) -> anyhow::Result<bool> {
    let there = "select to_regclass('billing.subscriptions') is not null";
    if !client.query_one(there, &[]).await?.get::<_, bool>(0) {
        return Ok(false);
    }
    let paying = "select exists (select from billing.subscriptions
        where user_id = $1 and status in ('ACTIVE', 'SUSPENDED'))";
    let known = seen_by_projector(client, paying, &[&user]).await;
    known.context("looking into the subscriptions")
}

/// Whether any call is known already. Where the tables do not exist yet, none is.
pub async fn knows_calls(client: &Client) -> bool {
    let known = "select exists (select from calls.calls)";
    seen_by_projector(client, known, &[])
        .await
        .is_ok_and(|known| known)
}

/// Read models are the projector's: row-level security shows nobody else all of them.
async fn seen_by_projector(
    client: &Client,
    question: &str,
    about: &[&(dyn ToSql + Sync)],
) -> Result<bool, tokio_postgres::Error> {
    client.batch_execute("set role frontdesk_projector").await?;
    let row = client.query_one(question, about).await;
    client.batch_execute("reset role").await?;
    Ok(row?.get(0))
}
